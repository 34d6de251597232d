"""Rules of the deployer's policy: it covers the template, for stacks of any name."""

import fnmatch
import importlib.machinery
import importlib.util
import json
import re

from breaks import of, set_in
from rules_names import LONGEST, LONGEST_STACK, MOST, filled
from template import TEMPLATE, listed

DEPLOYER = TEMPLATE.parent / "policies" / "deployer.json"
PRINTS = TEMPLATE.parent / "deployer-policy"
CREATES = {
    "AWS::ApiGatewayV2::Api": "apigateway:POST",
    "AWS::ApiGatewayV2::Authorizer": "apigateway:POST",
    "AWS::ApiGatewayV2::Integration": "apigateway:POST",
    "AWS::ApiGatewayV2::Route": "apigateway:POST",
    "AWS::ApiGatewayV2::Stage": "apigateway:POST",
    "AWS::CloudWatch::Alarm": "cloudwatch:PutMetricAlarm",
    "AWS::CloudWatch::Dashboard": "cloudwatch:PutDashboard",
    "AWS::CodeDeploy::Application": "codedeploy:CreateApplication",
    "AWS::CodeDeploy::DeploymentGroup": "codedeploy:CreateDeploymentGroup",
    "AWS::DynamoDB::Table": "dynamodb:CreateTable",
    "AWS::Events::Rule": "events:PutRule",
    "AWS::IAM::ManagedPolicy": "iam:CreatePolicy",
    "AWS::IAM::Role": "iam:CreateRole",
    "AWS::Lambda::Alias": "lambda:CreateAlias",
    "AWS::Lambda::EventSourceMapping": "lambda:CreateEventSourceMapping",
    "AWS::Lambda::Permission": "lambda:AddPermission",
    "AWS::Lambda::Version": "lambda:PublishVersion",
    "AWS::Logs::LogGroup": "logs:CreateLogGroup",
    "AWS::S3::Bucket": "s3:CreateBucket",
    "AWS::S3::BucketPolicy": "s3:PutBucketPolicy",
    "AWS::SNS::Subscription": "sns:Subscribe",
    "AWS::SNS::Topic": "sns:CreateTopic",
    "AWS::SNS::TopicPolicy": "sns:SetTopicAttributes",
    "AWS::SQS::Queue": "sqs:CreateQueue",
    "AWS::SQS::QueuePolicy": "sqs:SetQueueAttributes",
    "AWS::Serverless::Function": "lambda:CreateFunction",
}
# What a managed policy may hold, without blanks.
POLICY_CHARACTERS = 6144


def deployer(t):
    """Its policy covers every kind of resource of the template, names what can be named, and fits in a managed policy."""
    content = DEPLOYER.read_text(encoding="utf-8")
    if len(re.sub(r"\s", "", content)) > POLICY_CHARACTERS:
        yield "the policy is too long for IAM"
    granted = set()
    for statement in json.loads(content)["Statement"]:
        granted |= set(listed(statement["Action"]))
        named = all("webhook-stage" in resource for resource in listed(statement["Resource"]))
        if not named and not statement["Sid"].endswith("WithoutNames"):
            yield f"{statement['Sid']} reaches beyond the stack"
    for kind in {resource["Type"] for resource in t.resources.values()}:
        if CREATES.get(kind) not in granted:
            yield f"it may not create {kind}"

# The ARN of what has a name, and, if CloudFormation makes the name, the most characters of it.
ARNS = {
    "AWS::CloudWatch::Alarm": ("arn:aws:cloudwatch:eu-west-1:1:alarm:", None),
    "AWS::CloudWatch::Dashboard": ("arn:aws:cloudwatch::1:dashboard/", None),
    "AWS::CodeDeploy::Application": ("arn:aws:codedeploy:eu-west-1:1:application:", 100),
    "AWS::DynamoDB::Table": ("arn:aws:dynamodb:eu-west-1:1:table/", 255),
    "AWS::Events::Rule": ("arn:aws:events:eu-west-1:1:rule/", None),
    "AWS::IAM::ManagedPolicy": ("arn:aws:iam::1:policy/", 128),
    "AWS::IAM::Role": ("arn:aws:iam::1:role/", 64),
    "AWS::Logs::LogGroup": ("arn:aws:logs:eu-west-1:1:log-group:", None),
    "AWS::S3::Bucket": ("arn:aws:s3:::", 63),
    "AWS::SNS::Topic": ("arn:aws:sns:eu-west-1:1:", None),
    "AWS::SQS::Queue": ("arn:aws:sqs:eu-west-1:1:", None),
    "AWS::Serverless::Function": ("arn:aws:lambda:eu-west-1:1:function:", None),
}


def printed(stack, prefix):
    """What infra/sam/deployer-policy prints."""
    loader = importlib.machinery.SourceFileLoader("deployer_policy", str(PRINTS))
    module = importlib.util.module_from_spec(importlib.util.spec_from_loader("deployer_policy", loader))
    loader.exec_module(module)
    return module.policy(stack, prefix)


def made(stack, name, most):
    """A name as CloudFormation makes it: the stack's, the resource's, and 12 characters. It shortens the first two."""
    ending = f"-{name[:24]}-1A2B3C4D5E6F"
    return stack[: most - len(ending)] + ending


def deployer_of_any_stack(t):
    """For any stack name and prefix it is short enough for IAM, and allows to create each resource by the name that it gets."""
    for stack, prefix in (("Research-" + "s" * (LONGEST - 9), ""), ("StackSet-" + "s" * (LONGEST_STACK - 9), "p" * LONGEST)):
        policy = printed(stack, prefix)
        if len(json.dumps(policy, separators=(",", ":"))) > POLICY_CHARACTERS:
            yield f"too long for IAM, for names of {len(stack)} and {len(prefix)} characters"
        allowed = [(action, arn) for one in policy["Statement"] for action in one["Action"] for arn in one["Resource"]]
        fields = {kind: field for (kind, field), _ in MOST.items() if field != "Namespace"}
        for name, resource in t.given(HasNamePrefix=bool(prefix)).resources.items():
            kind = resource["Type"]
            if kind not in ARNS:
                continue
            arn, most = ARNS[kind]
            own = filled(resource["Properties"][fields[kind]], {"AWS::StackName": stack, "NamePrefix": prefix}) if most is None else made(stack, name, most)
            arn += own.lower() if kind == "AWS::S3::Bucket" else own
            if not any(action == CREATES[kind] and fnmatch.fnmatchcase(arn, pattern) for action, pattern in allowed):
                yield f"it may not create {arn}"


RULES = [
    ("the deployer's policy covers the template, and little else", deployer, set_in(["Resources", "More"], {"Type": "AWS::EC2::Instance"})),
    ("for any stack name it fits in a managed policy, and covers the names", deployer_of_any_stack, set_in(of("AlarmTopic", "TopicName"), "alarms")),
]
