"""Loads infra/sam/template.yaml and answers questions about it."""

import pathlib

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent
TEMPLATE = ROOT / "infra" / "sam" / "template.yaml"


def load():
    """The template, with `!Ref a` as {"Ref": "a"} and `!Sub a` as {"Fn::Sub": "a"}."""
    import yaml

    class Loader(yaml.SafeLoader):
        pass

    def intrinsic(loader, tag, node):
        if isinstance(node, yaml.ScalarNode):
            value = loader.construct_scalar(node)
        elif isinstance(node, yaml.SequenceNode):
            value = loader.construct_sequence(node, deep=True)
        else:
            value = loader.construct_mapping(node, deep=True)
        if tag == "GetAtt" and isinstance(value, str):
            value = value.split(".", 1)
        return {tag if tag in ("Ref", "Condition") else f"Fn::{tag}": value}

    Loader.add_multi_constructor("!", intrinsic)
    return yaml.load(TEMPLATE.read_text(encoding="utf-8"), Loader)


def listed(value):
    return value if isinstance(value, list) else [value]


def given(value, conditions):
    """The same part of a template, where these conditions hold or do not. Others stay as they are."""
    if isinstance(value, list):
        return [part for part in (given(part, conditions) for part in value) if part != NOTHING]
    if isinstance(value, dict):
        if "Fn::If" in value and value["Fn::If"][0] in conditions:
            condition, yes, no = value["Fn::If"]
            return given(yes if conditions[condition] else no, conditions)
        parts = {key: given(part, conditions) for key, part in value.items()}
        return {key: part for key, part in parts.items() if part != NOTHING or value == NOTHING}
    return value


NOTHING = {"Ref": "AWS::NoValue"}


class Template:
    """The template, with what the rules ask of it."""

    def __init__(self, tree):
        self.tree = tree
        self.resources = tree["Resources"]

    def of(self, kind):
        return {name: found["Properties"] for name, found in self.resources.items() if found["Type"] == kind}

    def given(self, **conditions):
        """The template where these conditions hold or do not, without the resources that they leave out."""
        tree = given(self.tree, conditions)
        kept = {name: found for name, found in tree["Resources"].items() if conditions.get(found.get("Condition"), True)}
        return Template({**tree, "Resources": kept})

    def numbers(self, value):
        """Every number that a property can have, for all values of a parameter; of two by condition the larger."""
        if isinstance(value, dict) and "Fn::If" in value:
            (yes, key), (no, _) = self.numbers(value["Fn::If"][1]), self.numbers(value["Fn::If"][2])
            return {choice: max(yes[choice], no[choice]) for choice in yes}, key
        if isinstance(value, dict) and "Fn::FindInMap" in value:
            name, key, field = value["Fn::FindInMap"]
            return {choice: float(row[field]) for choice, row in self.tree["Mappings"][name].items()}, key
        if isinstance(value, dict) and "Ref" in value:
            allowed = self.tree["Parameters"][value["Ref"]]["AllowedValues"]
            return {str(choice): float(choice) for choice in allowed}, value
        return {None: float(value)}, None

    def each(self, first, second):
        """Both numbers, for each value of the parameter that they depend on."""
        (left, _), (right, _) = self.numbers(first), self.numbers(second)
        for choice in set(left) | set(right):
            yield left.get(choice, left.get(None)), right.get(choice, right.get(None))

    def number(self, value):
        """One number that a property can have: a parameter's default, or the first of a mapping."""
        if isinstance(value, dict) and "Ref" in value:
            return float(self.tree["Parameters"][value["Ref"]]["Default"])
        choices, _ = self.numbers(value)
        return next(iter(choices.values()))

    def metric(self, alarm):
        """The metric that an alarm watches, directly or in metric math. For a query, only its text."""
        if "Metrics" not in alarm:
            return alarm
        stats = [metric["MetricStat"]["Metric"] for metric in alarm["Metrics"] if "MetricStat" in metric]
        return stats[0] if stats else {"Namespace": alarm["Metrics"][0]["Expression"]}

    def statements(self):
        """Each statement of each role, with the role's name. Conditional statements are included."""
        for name, role in self.of("AWS::IAM::Role").items():
            for policy in role.get("Policies", []):
                for statement in policy["PolicyDocument"]["Statement"]:
                    yield name, statement["Fn::If"][1] if "Fn::If" in statement else statement

    def role(self, function):
        return self.of("AWS::Serverless::Function")[function]["Role"]["Fn::GetAtt"][0]

    def sources(self, function):
        for event in function.get("Events", {}).values():
            if event["Type"] == "SQS":
                yield event["Properties"]
        for mapping in self.of("AWS::Lambda::EventSourceMapping").values():
            name = mapping["FunctionName"]
            name = name["Fn::If"][2] if "Fn::If" in name else name
            if self.resources.get(name.get("Ref"), {}).get("Properties") is function:
                yield {**mapping, "Queue": mapping["EventSourceArn"]}


def text(resource):
    """A resource as the beginning of its ARN, as far as the template gives it."""
    if isinstance(resource, dict):
        return listed(resource.get("Fn::Sub", ""))[0] or ".".join(listed(resource.get("Fn::GetAtt", ["?"])))
    return resource
