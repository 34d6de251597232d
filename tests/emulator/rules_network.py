"""Rules of the network of functions that make calls, the APIs, batches and memory."""

import json
import re

from breaks import of, set_in
from template import TEMPLATE, listed, text

INTERFACES = {
    "ec2:AssignPrivateIpAddresses",
    "ec2:CreateNetworkInterface",
    "ec2:DeleteNetworkInterface",
    "ec2:DescribeNetworkInterfaces",
    "ec2:DescribeSubnets",
    "ec2:UnassignPrivateIpAddresses",
}
# Fields of an access log that hold neither headers nor query strings nor what an authorizer returns.
LOGGED = {
    "error.responseType", "identity.sourceIp", "requestId", "requestTime", "responseLatency", "responseLength", "routeKey", "status",
}


# The functions that make calls, and their roles.
CALLERS = {"Sender": "SenderRole", "ApiFunction": "ApiRole"}


def only_callers_are_in_the_vpc(t):
    """Without the parameters nothing of a VPC is left; with them the callers' roles may manage interfaces, and their code may not."""
    outside, inside = t.given(IsInVpc=False), t.given(IsInVpc=True)
    for name, function in outside.of("AWS::Serverless::Function").items():
        if "VpcConfig" in function:
            yield f"{name} is in a VPC without the parameter"
    for name, statement in outside.statements():
        if any(action.startswith("ec2:") for action in listed(statement["Action"])):
            yield f"{name} may manage network interfaces without a VPC"
    inner = {name for name, function in inside.of("AWS::Serverless::Function").items() if "VpcConfig" in function}
    if inner != CALLERS.keys():
        yield f"in the VPC: {', '.join(inner) or 'nothing'}"
    found = [(name, one) for name, one in inside.statements() if any(action.startswith("ec2:") for action in listed(one["Action"]))]
    if len(found) != 2 * len(CALLERS):
        yield "others may manage network interfaces"
    for caller, role in CALLERS.items():
        effects = {one["Effect"]: one for name, one in found if name == role and set(one["Action"]) == INTERFACES}
        if set(effects) != {"Allow", "Deny"}:
            yield f"{role}: the permissions for network interfaces are not what AWS names"
            continue
        function = effects["Deny"].get("Condition", {}).get("ArnEquals", {}).get("lambda:SourceFunctionArn")
        if not text(function or {}).endswith(":function:" + text(inside.of("AWS::Serverless::Function")[caller]["FunctionName"])):
            yield f"{caller}'s code may manage network interfaces"


def windows(t):
    """The parameters of batch size and batching window of each mapping that has both."""
    for name, mapping in t.of("AWS::Lambda::EventSourceMapping").items():
        yield name, mapping["BatchSize"]["Ref"], mapping["MaximumBatchingWindowInSeconds"]["Ref"]


def large_batches_wait(t):
    """AWS refuses a batch size above 10 without a batching window of at least one second."""
    asserted = []
    for rule in t.tree.get("Rules", {}).values():
        asserted += [(rule.get("RuleCondition"), one["Assert"]) for one in rule["Assertions"]]
    for name, size, window in windows(t):
        wanted = ({"Fn::Equals": [{"Ref": window}, "0"]}, {"Fn::Contains": [[str(number) for number in range(1, 11)], {"Ref": size}]})
        if wanted not in asserted:
            yield f"{name}: {size} above 10 is not refused when {window} is 0"
        if t.tree["Parameters"][window]["Default"] != 0:
            yield f"{window} is not 0 by default"


def visibility_with_window(t):
    """AWS: six function timeouts, and the batching window."""
    waits = t.given(SenderWaitsForOthers=True, DispatcherWaitsForOthers=True)
    queues, functions = waits.of("AWS::SQS::Queue"), waits.of("AWS::Serverless::Function")
    for name, mapping in waits.of("AWS::Lambda::EventSourceMapping").items():
        longest = t.tree["Parameters"][mapping["MaximumBatchingWindowInSeconds"]["Ref"]]["MaxValue"]
        function, queue = mapping["FunctionName"]["Fn::If"][2]["Ref"], mapping["EventSourceArn"]["Fn::GetAtt"][0]
        for timeout, hidden in waits.each(functions[function]["Timeout"], queues[queue]["VisibilityTimeout"]):
            if hidden < 6 * timeout + longest:
                yield f"{name}: {hidden:g} s for {timeout:g} s and a window of {longest} s"


def memory(t):
    for name in ("Dispatcher", "Sender"):
        parameter = t.tree["Parameters"][f"{name}MemorySize"]
        if (parameter["MinValue"], parameter["Default"], parameter["MaxValue"]) != (128, 256, 10240):
            yield f"{name}MemorySize is not 128 to 10240 MB with 256 as default"
        if t.of("AWS::Serverless::Function")[name].get("MemorySize") != {"Ref": f"{name}MemorySize"}:
            yield f"{name}'s memory is not the parameter's"


def apis(t):
    """An API refuses floods, and logs nothing unless asked, and then no secret."""
    for name, stage in t.given(LogsAccess=False, LogsApiAccess=False).of("AWS::ApiGatewayV2::Stage").items():
        limits, of_api = stage.get("DefaultRouteSettings", {}), name.removesuffix("Stage").removesuffix("Gateway").removesuffix("Api") or "Api"
        if limits != {"ThrottlingRateLimit": {"Ref": f"{of_api}RateLimit"}, "ThrottlingBurstLimit": {"Ref": f"{of_api}BurstLimit"}}:
            yield f"{name} has no limits by parameter"
        if "AccessLogSettings" in stage:
            yield f"{name} logs without the parameter"
    logged = t.given(LogsAccess=True, LogsApiAccess=True)
    for name, stage in logged.of("AWS::ApiGatewayV2::Stage").items():
        settings = stage.get("AccessLogSettings", {})
        group = settings.get("DestinationArn", {}).get("Fn::GetAtt", [None])[0]
        if "RetentionInDays" not in logged.of("AWS::Logs::LogGroup").get(group, {}):
            yield f"{name} logs to no group with a retention"
        for field in json.loads(settings["Format"]).values():
            if not field.startswith("$context.") or field.removeprefix("$context.") not in LOGGED:
                yield f"{name} logs {field}"


FORMAT = ("AccessLogSettings", "Fn::If", 1, "Format")
RULES = [
    ("only functions that make calls are in the VPC, and their code may not change networks", only_callers_are_in_the_vpc, set_in(of("SenderRole", "Policies", 0, "PolicyDocument", "Statement", -1, "Fn::If", 1, "Condition"), None)),
    ("batches above 10 need a window", large_batches_wait, set_in(["Rules", "LargeSenderBatchesWait", "Assertions", 0, "Assert", "Fn::Contains", 0, 0], "11")),
    ("with a window, visibility is at least 6 function timeouts and the window", visibility_with_window, set_in(["Mappings", "Sender", "60", "VisibilityWithWindow"], 419)),
    ("memory is set by parameter", memory, set_in(of("Sender", "MemorySize"), 256)),
    ("each API has limits, and logs no header and no query string", apis, set_in(of("ReceiverApiStage", *FORMAT), '{"token":"$request.header.Authorization"}')),
]
