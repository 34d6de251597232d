"""Rules of the customer's own key."""

import json

from breaks import of, set_in
from template import listed, text

KEY = {"Ref": "KmsKeyArn"}
SERVICES = {"dynamodb", "s3", "secretsmanager", "sqs"}


def services(statements):
    return {action.split(":")[0] for statement in statements for action in listed(statement["Action"])} & SERVICES


def without_a_key_there_is_none(t):
    found = t.given(HasKey=False)
    yield from (name for name, resource in found.resources.items() if "KmsKeyArn" in json.dumps(resource))


def one_key_for_all(t):
    found = t.given(HasKey=True)
    for kind, place in (
        ("AWS::SQS::Queue", ("KmsMasterKeyId",)),
        ("AWS::SNS::Topic", ("KmsMasterKeyId",)),
        ("AWS::Logs::LogGroup", ("KmsKeyId",)),
        ("AWS::DynamoDB::Table", ("SSESpecification", "KMSMasterKeyId")),
        ("AWS::S3::Bucket", ("BucketEncryption", "ServerSideEncryptionConfiguration", 0, "ServerSideEncryptionByDefault", "KMSMasterKeyID")),
    ):
        for name, value in found.of(kind).items():
            for step in place:
                value = value[step] if isinstance(step, int) else value.get(step, {})
            if value != KEY:
                yield f"{name} is not encrypted with the key"
    for name, queue in found.of("AWS::SQS::Queue").items():
        if queue.get("SqsManagedSseEnabled") is not False:
            yield f"{name} has two kinds of encryption"
    tags = {tag["Key"]: tag["Value"] for tag in found.of("AWS::SQS::Queue")["AssignmentsQueue"]["Tags"] if "Key" in tag}
    if tags.get("webhook-stage:kms-key") != KEY:
        yield "the command line does not find the key"


def users_of_the_key(t):
    """A role or policy may use the key through exactly the services that it uses otherwise."""
    found = t.given(HasKey=True, HasSourceFilesBucket=True, CreatesPolicies=True, HasApi=True)
    by_name = {}
    for name, statement in found.statements():
        by_name.setdefault(name, []).append(statement)
    for name, policy in found.of("AWS::IAM::ManagedPolicy").items():
        by_name[name] = policy["PolicyDocument"]["Statement"]
    for name, statements in by_name.items():
        through = set()
        for statement in statements:
            if any(action.startswith("kms:") for action in listed(statement["Action"])):
                if statement["Resource"] != KEY:
                    yield f"{name} may use another key"
                via = statement.get("Condition", {}).get("StringEquals", {}).get("kms:ViaService", [])
                if not via:
                    yield f"{name} may use the key directly"
                through |= {text(one).split(".")[0] for one in via}
        if difference := services(statements) ^ through:
            yield f"{name}: {', '.join(sorted(difference))}"


RULES = [
    ("without a key of one's own, nothing refers to one", without_a_key_there_is_none, set_in(of("Table", "SSESpecification", "KMSMasterKeyId"), KEY)),
    ("one key encrypts queues, topic, logs, table and bucket, and the command line finds it", one_key_for_all, set_in(of("SenderLogs", "KmsKeyId"), None)),
    ("roles and policies use the key through the services that they use", users_of_the_key, set_in(of("AuditRole", "Policies", 0, "PolicyDocument", "Statement", 3, "Fn::If", 1, "Condition", "StringEquals", "kms:ViaService", 1), {"Fn::Sub": "s3.x"})),
]
