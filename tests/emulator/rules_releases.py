"""Rules of releases: what is off by default, gradual deployment, traces."""

import copy
import logging
import os

import switches
from breaks import of, set_in
from template import listed, text

OPTIONAL = (
    "CreatesPolicies", "DispatcherWaitsForOthers", "HasBoundary", "HasKey", "HasNamePrefix", "HasProducerAccounts", "HasProducerDocuments",
    "IndexesFilesAtRest", "IsGradual", "IsInVpc", "IsTraced", "LogsAccess", "SenderWaitsForOthers",
)


def off_by_default(t):
    """What is optional is off, and every condition holds with the parameters with which the tests switch everything on."""
    default, on = switches.conditions(t.tree, {}), switches.conditions(t.tree, switches.ON)
    yield from (name for name in OPTIONAL if default[name])
    yield from (f"{name} is not switched on" for name, holds in on.items() if not holds)


def gradual(t):
    """By parameter, queues feed an alias, whose new versions CodeDeploy lets in step by step as long as the alarms are quiet."""
    for name, resource in t.given(IsGradual=False).resources.items():
        if resource["Type"].split("::")[1] == "CodeDeploy" or resource["Type"] in ("AWS::Lambda::Alias", "AWS::Lambda::Version"):
            yield f"{name} exists without the parameter"
    for name, mapping in t.given(IsGradual=False).of("AWS::Lambda::EventSourceMapping").items():
        if mapping["FunctionName"]["Ref"] not in t.of("AWS::Serverless::Function"):
            yield f"{name} does not feed a function"
    on = t.given(IsGradual=True)
    for name, mapping in on.of("AWS::Lambda::EventSourceMapping").items():
        alias = mapping["FunctionName"]["Ref"]
        if alias not in on.of("AWS::Lambda::Alias"):
            yield f"{name} does not feed an alias"
            continue
        function = on.of("AWS::Lambda::Alias")[alias]["FunctionName"]["Ref"]
        version = on.of("AWS::Lambda::Alias")[alias]["FunctionVersion"]["Fn::GetAtt"][0]
        if on.of("AWS::Lambda::Version")[version] != {"FunctionName": {"Ref": function}, "Description": {"Ref": "Release"}}:
            yield f"{version} is not published with each release"
        # Lambda refuses to publish a version of a function that did not change.
        if not text(on.of("AWS::Serverless::Function")[function]["Description"]).endswith(" ${Release}"):
            yield f"{function} is the same in the next release"
        if on.resources[version].get("UpdateReplacePolicy") != "Retain":
            yield f"{version} is deleted while it may still be needed"
        policy = on.resources[alias]["UpdatePolicy"]["CodeDeployLambdaAliasUpdate"]
        group = on.of("AWS::CodeDeploy::DeploymentGroup")[policy["DeploymentGroupName"]["Ref"]]
        watched = {one["Name"]["Ref"] for one in group["AlarmConfiguration"]["Alarms"]}
        if watched != {f"{function}ErrorsAlarm", f"{function}FailedRecordsAlarm"} or not watched <= on.resources.keys():
            yield f"{alias} does not watch its function's alarms"
    wanted = [{"Fn::Not": [{"Fn::Equals": [{"Ref": "Release"}, ""]}]}]
    rule = t.tree["Rules"]["ReleasesHaveNames"]
    if [one["Assert"] for one in rule["Assertions"]] != wanted:
        yield "a release may have no name"


def traces(t):
    needed = {"xray:PutTraceSegments", "xray:PutTelemetryRecords"}
    if any(needed & set(listed(one["Action"])) for _, one in t.given(IsTraced=False).statements()):
        yield "a role may write traces without the parameter"
    traced = t.given(IsTraced=True)
    allowed = {name for name, one in traced.statements() if needed <= set(listed(one["Action"]))}
    for name, function in traced.of("AWS::Serverless::Function").items():
        if ("Tracing" in function) != (traced.role(name) in allowed):
            yield f"{name} is traced without the permission, or has it and is not"
        if function.get("Tracing", {"Ref": "Tracing"}) != {"Ref": "Tracing"}:
            yield f"{name} is traced whatever the parameter says: {text(function['Tracing'])}"


def transforms(t):
    """SAM turns the template into CloudFormation's, whichever way its parameters are set."""
    from samtranslator.model.exceptions import InvalidDocumentException
    from samtranslator.parser.parser import Parser
    from samtranslator.translator.translator import Translator

    os.environ.setdefault("AWS_DEFAULT_REGION", "eu-west-1")
    logging.disable(logging.WARNING)
    mappings = {name for name, one in t.resources.items() if one["Type"] == "AWS::Lambda::EventSourceMapping"}
    for parameters in ({}, switches.ON):
        tree = copy.deepcopy(t.tree)
        for resource in tree["Resources"].values():
            if resource["Type"] == "AWS::Serverless::Function":
                resource["Properties"]["CodeUri"] = "s3://bucket/key"
        try:
            resources = Translator({}, Parser()).translate(tree, dict(parameters))["Resources"]
        except InvalidDocumentException as error:
            yield error.message
            continue
        # Mappings kept their names when they became resources of their own; another name would replace them in existing stacks.
        yield from (f"{name} is missing" for name in {"DispatcherAssignments", "SenderDeliveries", "SenderSlowDeliveries"} - mappings)
        yield from (f"{name} is still one of SAM's" for name, one in resources.items() if one["Type"].startswith("AWS::Serverless"))


RULES = [
    ("SAM transforms the template in both positions of its parameters", transforms, set_in(of("Sender", "Events"), {"Deliveries": {"Type": "Nothing", "Properties": {}}})),
    ("the tests switch everything on", off_by_default, set_in(["Conditions", "More"], {"Fn::Equals": [{"Ref": "Release"}, "two"]})),
    ("what is not switched on is not there", off_by_default, set_in(["Parameters", "KmsKeyArn", "Default"], "arn:aws:kms:eu-west-1:1:key/k")),
    ("gradual deployments watch alarms, and new releases are published", gradual, set_in(of("SenderVersion", "Description"), "fixed")),
    ("functions write traces by parameter", traces, set_in(of("Audit", "Tracing"), None)),
]
