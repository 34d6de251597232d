"""Rules of names: all begin with one prefix, and fit what AWS allows, whatever the stack is called."""

import json
import re

from breaks import of, replace_in, set_in
from template import TEMPLATE, text

# What {"Name": …} of every Fn::Sub, and a name without an ending, must be.
PREFIX = {"Fn::If": ["HasNamePrefix", {"Ref": "NamePrefix"}, {"Ref": "AWS::StackName"}]}
# The most characters of a name, by the API reference of each service.
MOST = {
    ("AWS::ApiGatewayV2::Api", "Name"): 128,
    ("AWS::CloudWatch::Alarm", "AlarmName"): 255,
    ("AWS::CloudWatch::Alarm", "Namespace"): 255,
    ("AWS::CloudWatch::Dashboard", "DashboardName"): 255,
    ("AWS::Events::Rule", "Name"): 64,
    ("AWS::Logs::LogGroup", "LogGroupName"): 512,
    ("AWS::SNS::Topic", "TopicName"): 256,
    ("AWS::SQS::Queue", "QueueName"): 80,
    ("AWS::Serverless::Function", "FunctionName"): 64,
}
# A secret's is 512, of which a team's name may take 255, and workflow and stage 36 each.
SECRETS_PREFIX = 512 - len("/") - 255 - 2 * len("/") - 2 * 36
# CloudFormation's limit of a stack's name.
LONGEST_STACK = 128
# Needs no prefix up to this length; the documents say so.
LONGEST = 52


def filled(value, known):
    """A name, with what is known put in for each reference."""
    if isinstance(value, dict) and "Ref" in value:
        return known[value["Ref"]]
    if isinstance(value, dict) and "Fn::Sub" in value:
        pattern, own = value["Fn::Sub"] if isinstance(value["Fn::Sub"], list) else (value["Fn::Sub"], {})
        return re.sub(r"\$\{([^}]+)\}", lambda found: filled(own.get(found[1], {"Ref": found[1]}), known), pattern)
    return value


def names(t):
    """Each name that the template gives: of what, the name, and the most characters that it may have."""
    for name, resource in t.resources.items():
        for (kind, field), most in MOST.items():
            if kind == resource["Type"] and field in resource["Properties"]:
                yield name, resource["Properties"][field], most
    yield "SecretsPrefix", t.tree["Outputs"]["SecretsPrefix"]["Value"], SECRETS_PREFIX


def too_long(t, stack, prefix=""):
    known = {"AWS::StackName": stack, "NamePrefix": prefix}
    for name, value, most in names(t.given(HasNamePrefix=bool(prefix), HasSecretsPrefix=False)):
        if len(filled(value, known)) > most:
            yield f"{name}: {len(filled(value, known))} characters of {most}"


def names_fit(t):
    """Without a prefix the stack's name may have 52 characters, with one all that CloudFormation allows; one more would be too long."""
    for finding in too_long(t, "s" * LONGEST):
        yield f"without a prefix: {finding}"
    if not list(too_long(t, "s" * (LONGEST + 1))):
        yield f"without a prefix, more than {LONGEST} characters would fit"
    longest = re.fullmatch(r"\^\(\[a-zA-Z\]\[a-zA-Z0-9-\]\{0,(\d+)\}\)\?\$", t.tree["Parameters"]["NamePrefix"]["AllowedPattern"])
    if longest is None or int(longest[1]) + 1 != LONGEST:
        yield f"NamePrefix may not have just {LONGEST} characters of a stack's name"
        return
    for finding in too_long(t, "s" * LONGEST_STACK, "p" * LONGEST):
        yield f"with a prefix: {finding}"
    for document in ("README.md", "OPERATIONS.md"):
        if f"{LONGEST} characters" not in (TEMPLATE.parent / document).read_text(encoding="utf-8"):
            yield f"{document} does not say how long a name may be"


def one_prefix(t):
    """A person finds everything of a deployment by one prefix; only the stack's own ARN has the stack's name besides."""
    if t.tree["Conditions"].get("HasNamePrefix") != {"Fn::Not": [{"Fn::Equals": [{"Ref": "NamePrefix"}, ""]}]}:
        yield "the condition is not the parameter's"
    # The default must leave the names of stacks that exist as they are: another name replaces a queue and its messages.
    if t.tree["Parameters"]["NamePrefix"]["Default"] != "" or t.given(HasNamePrefix=False).tree["Outputs"]["NamePrefix"]["Value"] != {"Ref": "AWS::StackName"}:
        yield "the stack's name is not the default"
    for name, value, _ in names(t.given(HasSecretsPrefix=False)):
        own = value == PREFIX or isinstance(value, dict) and value["Fn::Sub"][1:] == [{"Name": PREFIX}]
        if not own and not str(value).startswith("AWS/"):
            yield f"{name} does not begin with the prefix"
    for given, other in ((True, "AWS::StackName"), (False, "NamePrefix")):
        chosen = t.given(HasNamePrefix=given)
        for name, resource in {**chosen.resources, **chosen.tree["Outputs"]}.items():
            content = json.dumps(resource).replace(":stack/${AWS::StackName}/*", "")
            if re.search(rf'"Ref": "{other}"|\$\{{{other}\}}', content):
                yield f"{name} has {other} where there is {'a' if given else 'no'} prefix"


ENDING = of("DeadLetter", "FunctionName", "Fn::Sub", 0)
RULES = [
    ("without a prefix a stack's name may have 52 characters, and all names fit", names_fit, set_in(ENDING, "${Name}-dead-letters")),
    ("with a prefix a stack's name may have all 128", names_fit, replace_in(["Parameters", "NamePrefix", "AllowedPattern"], "51", "52")),
    ("a prefix begins all names", one_prefix, set_in(of("ReceiverApi", "Name"), {"Fn::Sub": "${AWS::StackName}-receiver"})),
    ("what refers to a name has its prefix", one_prefix, set_in(of("Sender", "Environment", "Variables", "METRICS_NAMESPACE"), {"Fn::Sub": "WebhookStage/${AWS::StackName}"})),
]
