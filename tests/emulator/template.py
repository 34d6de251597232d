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


class Template:
    """The template, with what the rules ask of it."""

    def __init__(self, tree):
        self.tree = tree
        self.resources = tree["Resources"]

    def of(self, kind):
        return {name: found["Properties"] for name, found in self.resources.items() if found["Type"] == kind}

    def numbers(self, value):
        """Every number that a property can have, for all values of a parameter."""
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


def text(resource):
    """A resource as the beginning of its ARN, as far as the template gives it."""
    if isinstance(resource, dict):
        return listed(resource.get("Fn::Sub", ""))[0] or ".".join(listed(resource.get("Fn::GetAtt", ["?"])))
    return resource
