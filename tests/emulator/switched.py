"""What a deployment on the emulator has, and what it should have with these parameters."""

import json

import deployment
from switches import BOUNDARY, KEY, ON, conditions
from template import Template, load


class Deployed:
    """A stack on the emulator."""

    def __init__(self, endpoint, stack, parameters, on):
        self.endpoint, self.stack, self.parameters, self.on = endpoint, stack, parameters, on
        tree = load()
        self.template = Template(tree).given(**conditions(tree, parameters))
        pages = self.client("cloudformation").get_paginator("list_stack_resources").paginate(StackName=stack)
        self.resources = {one["LogicalResourceId"]: one for page in pages for one in page["StackResourceSummaries"]}

    def client(self, service):
        return deployment.client(service, self.endpoint)

    def id(self, name):
        return self.resources[name]["PhysicalResourceId"]

    def when_on(self, value, otherwise=None):
        return value if self.on else otherwise


def looks(d):
    """What was looked at, what was found, what it should be, and whether the emulator does this at all."""
    name = d.parameters.get("NamePrefix") or d.stack
    yield from data(d)
    yield from queues_and_logs(d)
    yield from functions(d, name)
    yield from access(d)


def data(d):
    table = d.client("dynamodb").describe_table(TableName=d.id("Table"))["Table"]
    yield "the table's indexes", {one["IndexName"] for one in table["GlobalSecondaryIndexes"]}, {"failed", *d.when_on(["at-rest"], [])}, True
    yield "the table's protection", table.get("DeletionProtectionEnabled"), d.on, True
    yield "the table's key", table.get("SSEDescription", {}).get("KMSMasterKeyArn"), d.when_on(KEY), False
    s3 = d.client("s3")
    rule = s3.get_bucket_encryption(Bucket=d.id("DocumentsBucket"))["ServerSideEncryptionConfiguration"]["Rules"][0]
    yield "the bucket's key", rule["ApplyServerSideEncryptionByDefault"].get("KMSMasterKeyID"), d.when_on(KEY), False
    try:
        rules = s3.get_bucket_lifecycle_configuration(Bucket=d.id("DocumentsBucket"))["Rules"]
    except s3.exceptions.ClientError:
        rules = []
    yield "the bucket's lifecycle", len(rules), d.when_on(3, 1), False


def queues_and_logs(d):
    sqs = d.client("sqs")
    for name in d.template.of("AWS::SQS::Queue"):
        attributes = sqs.get_queue_attributes(QueueUrl=d.id(name), AttributeNames=["All"])["Attributes"]
        yield f"the key of {name}", attributes.get("KmsMasterKeyId"), d.when_on(KEY), True
        if name in ("DeliveriesQueue", "SlowDeliveriesQueue"):
            yield f"the visibility of {name}", attributes["VisibilityTimeout"], d.when_on("780", "720"), True
    tags = sqs.list_queue_tags(QueueUrl=d.id("AssignmentsQueue"))["Tags"]
    yield "the tag registry", tags.get("webhook-stage:registry"), d.when_on(d.id("Registry") if d.on else None), True
    for tag, found in (("kms-key", KEY), ("index-files-at-rest", "true"), ("secret-per-team", "true"), ("secrets-prefix", ON["SecretsPrefix"])):
        default = {"kms-key": None, "secrets-prefix": f"{d.stack}/"}.get(tag, "false")
        yield f"the tag {tag}", tags.get(f"webhook-stage:{tag}"), d.when_on(found, default), True
    groups = {one["logGroupName"]: one for one in d.client("logs").describe_log_groups()["logGroups"]}
    for name in d.template.of("AWS::Logs::LogGroup"):
        yield f"the key of {name}", groups.get(d.id(name), {}).get("kmsKeyId"), d.when_on(KEY), True
    topic = d.client("sns").get_topic_attributes(TopicArn=d.id("AlarmTopic"))["Attributes"]
    yield "the topic's key", topic.get("KmsMasterKeyId"), d.when_on(KEY), False


def functions(d, name):
    api = d.client("lambda")
    for function in d.template.of("AWS::Serverless::Function"):
        found = api.get_function_configuration(FunctionName=d.id(function))
        variables = found["Environment"]["Variables"]
        in_vpc = d.on and function in ("Sender", "ApiFunction")
        yield f"{function}'s subnets", found.get("VpcConfig", {}).get("SubnetIds", []), ON["VpcSubnetIds"].split(",") if in_vpc else [], not in_vpc
        traced = d.on and function not in ("Authorizer", "Receiver")
        yield f"{function}'s traces", found.get("TracingConfig", {}).get("Mode", "PassThrough"), "Active" if traced else "PassThrough", True
        if "METRICS_NAMESPACE" in variables:
            yield f"{function}'s metrics", variables["METRICS_NAMESPACE"], f"WebhookStage/{name}", True
        if "INDEX_FILES_AT_REST" in variables:
            yield f"{function}'s index", variables["INDEX_FILES_AT_REST"], d.when_on("true", "false"), True
        if function == "Receiver":
            yield "the receiver's signing secret", variables["SIGNING_SECRETS"], d.when_on("whsec_c2VjcmV0", ""), True
        if function == "Sender":
            yield "the sender's memory", found["MemorySize"], d.when_on(512, 256), True
    for mapping, function, size in (("DispatcherAssignments", "Dispatcher", 100), ("SenderDeliveries", "Sender", 50), ("SenderSlowDeliveries", "Sender", 50)):
        found = api.get_event_source_mapping(UUID=d.id(mapping))
        yield f"what {mapping} feeds", found["FunctionArn"].split(":function:")[1], d.id(function) + d.when_on(":live", ""), True
        batch = found["BatchSize"], found["MaximumBatchingWindowInSeconds"]
        yield f"the batches of {mapping}", batch, d.when_on((size, 5), (10, 0)), True
    if d.on:
        for function in ("Dispatcher", "Sender"):
            yield f"{function}'s alias", api.get_alias(FunctionName=d.id(function), Name="live")["FunctionVersion"], "1", True


def access(d):
    iam = d.client("iam")
    for name in d.template.of("AWS::IAM::Role"):
        found = iam.get_role(RoleName=d.id(name))["Role"].get("PermissionsBoundary", {}).get("PermissionsBoundaryArn")
        yield "the roles' boundaries", found, d.when_on(BOUNDARY), False
    policies = (
        ("queue", d.client("sqs").get_queue_attributes(QueueUrl=d.id("AssignmentsQueue"), AttributeNames=["Policy"])["Attributes"]["Policy"]),
        ("bucket", d.client("s3").get_bucket_policy(Bucket=d.id("DocumentsBucket"))["Policy"]),
    )
    for what, policy in policies:
        allowed = [one["Principal"]["AWS"] for one in json.loads(policy)["Statement"] if one["Effect"] == "Allow"]
        yield f"the {what}'s producers", allowed, d.when_on([ON["ProducerAccounts"].split(",")], []), True
    apis = [("ReceiverApi", 5000.0, "ReceiverApiLogs"), *d.when_on([("ApiGateway", 100.0, "ApiGatewayLogs")], [])]
    for api, limit, logs in apis:
        stage = d.client("apigatewayv2").get_stages(ApiId=d.id(api))["Items"][0]
        yield f"the limit of {api}", stage.get("DefaultRouteSettings", {}).get("ThrottlingRateLimit"), limit, False
        group = stage.get("AccessLogSettings", {}).get("DestinationArn", "").split(":log-group:")[-1].removesuffix(":*")
        yield f"the access log of {api}", group, d.when_on(d.id(logs) if d.on else None, ""), True
