"""Rules of who may do what besides the functions: boundaries, policies, producers of other accounts."""

from breaks import of, set_in
from template import listed, text

# Actions that name no resource, by the Service Authorization Reference.
WITHOUT_RESOURCES = {
    "cloudwatch:DescribeAlarms", "cloudwatch:GetMetricData", "lambda:GetAccountSettings", "lambda:ListEventSourceMappings", "logs:GetQueryResults",
}
FORBIDDEN = {"dynamodb:DeleteItem", "s3:DeleteObject", "s3:GetObject", "secretsmanager:DeleteSecret"}


def boundaries(t):
    wanted = {"Ref": "PermissionsBoundaryArn"}
    for name, role in t.given(HasBoundary=True).of("AWS::IAM::Role").items():
        if role.get("PermissionsBoundary") != wanted:
            yield f"{name} has no boundary"
    for name, role in t.given(HasBoundary=False).of("AWS::IAM::Role").items():
        if "PermissionsBoundary" in role:
            yield f"{name} has a boundary without the parameter"


def policies(t):
    if t.given(CreatesPolicies=False).of("AWS::IAM::ManagedPolicy"):
        yield "policies are created without the parameter"
    found = t.given(HasKey=True, HasApi=True).of("AWS::IAM::ManagedPolicy")
    if set(found) != {"OperatorPolicy", "ProducerPolicy"}:
        yield f"policies: {', '.join(found)}"
    for name, policy in found.items():
        for statement in policy["PolicyDocument"]["Statement"]:
            actions = set(listed(statement["Action"]))
            # A key is revoked by deleting it.
            of_keys = text(listed(statement["Resource"])[0]) == "Registry.Arn" and "dynamodb:LeadingKeys" in str(statement.get("Condition"))
            allowed = {"dynamodb:DeleteItem"} if of_keys else set()
            yield from (f"{name}: {action}" for action in actions if "*" in action or action in FORBIDDEN - allowed)
            if "*" in listed(statement["Resource"]) and not actions <= WITHOUT_RESOURCES:
                yield f"{name}: {', '.join(sorted(actions))} on everything"


def producers_of_other_accounts(t):
    """They may send assignments and, below one prefix, store documents; nobody else of another account may do anything."""
    kinds = ("AWS::SQS::QueuePolicy", "AWS::S3::BucketPolicy")
    allowed = []
    for with_documents in (False, True):
        open_to = t.given(HasProducerAccounts=with_documents, HasProducerDocuments=with_documents)
        allowed.append([
            (name, one) for kind in kinds for name, policy in open_to.of(kind).items()
            for one in policy["PolicyDocument"]["Statement"] if one["Effect"] == "Allow"
        ])
    yield from (f"{name} allows something without the parameters" for name, _ in allowed[0])
    rights = {name: (sorted(listed(one["Action"])), text(one["Resource"])) for name, one in allowed[1]}
    wanted = {
        "AssignmentsQueuePolicy": (["sqs:GetQueueUrl", "sqs:SendMessage"], "AssignmentsQueue.Arn"),
        "DocumentsBucketPolicy": (["s3:PutObject"], "${DocumentsBucket.Arn}/${ProducerDocumentsPrefix}*"),
    }
    yield from (f"{name}: {rights.get(name)}" for name in wanted.keys() | rights.keys() if rights.get(name) != wanted.get(name))
    for name, one in allowed[1]:
        if one["Principal"] != {"AWS": {"Fn::Split": [",", {"Ref": "ProducerAccounts"}]}}:
            yield f"{name} is open to others"


DOCUMENTS = of("DocumentsBucketPolicy", "PolicyDocument", "Statement", 1, "Fn::If", 1, "Resource", "Fn::Sub")
RULES = [
    ("every role has the permissions boundary, if there is one", boundaries, set_in(of("AuditRole", "PermissionsBoundary"), None)),
    ("policies for people are created by parameter, and name what they allow", policies, set_in(of("OperatorPolicy", "PolicyDocument", "Statement", 8, "Resource"), "*")),
    ("other accounts send assignments and store documents below their prefix, by parameter", producers_of_other_accounts, set_in(DOCUMENTS, "${DocumentsBucket.Arn}/*")),
]
