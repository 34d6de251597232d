"""Rules of the API: it is off by default, and its functions touch no more than they need."""

import json

from breaks import of, set_in
from template import listed, text

KEYS = "KEYS"
# What each role may do with the table of the API, by the beginning of the partition key.
RIGHTS = {
    "ApiRole": {
        "ITEM#*": {"dynamodb:BatchGetItem", "dynamodb:GetItem", "dynamodb:Query", "dynamodb:UpdateItem"},
        "WORKFLOWS#*": {"dynamodb:DeleteItem", "dynamodb:PutItem", "dynamodb:Query"},
        KEYS: {"dynamodb:GetItem"},
    },
    "AssignerRole": {"ITEM#*": {"dynamodb:BatchGetItem", "dynamodb:Query"}},
}


def leading(statement):
    return listed(statement.get("Condition", {}).get("ForAllValues:StringLike", {}).get("dynamodb:LeadingKeys"))


def is_on(statement, table):
    return any(text(resource) == f"{table}.Arn" for resource in listed(statement["Resource"]))


def off_by_default(t):
    """Without the parameter no resource and no right is left of it, and no other function has changed."""
    parameter = t.tree["Parameters"]["Api"]
    if parameter["Default"] != "false" or t.tree["Conditions"].get("HasApi") != {"Fn::Equals": [{"Ref": "Api"}, "true"]}:
        yield "the API is not off by default"
    off = t.given(HasApi=False, LogsApiAccess=False)
    gone = {name for name in t.resources if name not in off.resources}
    left = {key: part for key, part in off.tree.items() if key != "Outputs"}
    left["Resources"] = off.resources
    outputs = {name: one for name, one in off.tree["Outputs"].items() if one.get("Condition") != "HasApi"}
    for name, part in {**off.resources, **outputs}.items():
        for other in sorted(gone):
            content = json.dumps(part)
            if f'"Ref": "{other}"' in content or f'["{other}", ' in content or f"${{{other}" in content:
                yield f"{name} refers to {other}, which is not there"


def own_table(t):
    """Its table is read and written by its functions alone, each by its own keys, and no function makes a key."""
    found = {}
    for name, statement in t.statements():
        if is_on(statement, "Registry"):
            for keys in leading(statement):
                found.setdefault(name, {}).setdefault(keys, set()).update(listed(statement["Action"]))
    for name in sorted(found.keys() | RIGHTS.keys()):
        if found.get(name) != RIGHTS.get(name):
            yield f"{name}: {found.get(name)}"


def workflows_alone(t):
    """Of the table of records the API writes workflows only, and the assigner writes nothing."""
    writes = {"dynamodb:DeleteItem", "dynamodb:PutItem", "dynamodb:UpdateItem"}
    for name, statement in t.statements():
        if name in RIGHTS and is_on(statement, "Table") and writes & set(listed(statement["Action"])):
            if name != "ApiRole" or leading(statement) != ["WORKFLOW#*"]:
                yield f"{name} may write {leading(statement)}"


def one_way_in(t):
    """API Gateway calls the function for its own paths, and nobody else may."""
    routes = {name: one["RouteKey"] for name, one in t.of("AWS::ApiGatewayV2::Route").items() if one["ApiId"] == {"Ref": "ApiGateway"}}
    if list(routes.values()) != ["ANY /api/{proxy+}"]:
        yield f"routes: {routes}"
    granted = [one for one in t.of("AWS::Lambda::Permission").values() if one["FunctionName"] == {"Ref": "ApiFunction"}]
    if len(granted) != 1 or granted[0]["Principal"] != "apigateway.amazonaws.com" or not text(granted[0]["SourceArn"]).endswith(":${ApiGateway}/*/*/api/*"):
        yield "others may call the function"
    stage = t.of("AWS::ApiGatewayV2::Stage")["ApiGatewayStage"]
    if t.of("AWS::Serverless::Function")["ApiFunction"]["Timeout"] >= 30 or stage["ApiId"] != {"Ref": "ApiGateway"}:
        yield "API Gateway waits for less than the function's timeout"


STATEMENTS = ("Policies", 0, "PolicyDocument", "Statement")
RULES = [
    ("the API is off by default, and then nothing is left of it", off_by_default, set_in(["Resources", "BulkDeadLettersAlarm", "Condition"], None)),
    ("the table of the API is its functions' own, and no function makes a key", own_table, set_in(of("ApiRole", *STATEMENTS, 8, "Action"), ["dynamodb:GetItem", "dynamodb:PutItem"])),
    ("the API writes workflows and no record", workflows_alone, set_in(of("ApiRole", *STATEMENTS, 5, "Condition"), {})),
    ("API Gateway alone calls the API's function, for its own paths", one_way_in, set_in(of("ApiGatewayRoute", "RouteKey"), "$default")),
]
