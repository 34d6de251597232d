"""The template with everything switched on: parameters with which each of its conditions holds."""

KEY = "arn:aws:kms:eu-west-1:111122223333:key/1a2b3c4d"
BOUNDARY = "arn:aws:iam::111122223333:policy/boundary"
ON = {
    "AcceptedAuthorizationSha256": "ab" * 32,
    "AlarmEmail": "operations@example.com",
    "Api": "true",
    "ApiAccessLog": "true",
    "CreatePolicies": "true",
    "DeletionProtection": "true",
    "DispatcherBatchSize": "100",
    "DispatcherBatchingWindowSeconds": "5",
    "DocumentDays": "365",
    "EventBusName": "default",
    "ExpectTraffic": "true",
    "FinishedFileDays": "365",
    "GradualDeployment": "Canary10Percent30Minutes",
    "IndexFilesAtRest": "true",
    "KmsKeyArn": KEY,
    "NamePrefix": "p" * 52,
    "PermissionsBoundaryArn": BOUNDARY,
    "ProducerAccounts": "111122223333,444455556666",
    "ProducerDocumentsPrefix": "acme/",
    "ReceiverAccessLog": "true",
    "ReceiverSigningSecret": "receiver",
    "Release": "one",
    "SecretPerTeam": "true",
    "SecretsPrefix": "secrets/",
    "SenderBatchSize": "50",
    "SenderBatchingWindowSeconds": "5",
    "SenderMemorySize": "512",
    "SourceFilesBucket": "source-files",
    "Tracing": "Active",
    "VpcSecurityGroupIds": "sg-0a1b2c3d",
    "VpcSubnetIds": "subnet-0a1b2c3d,subnet-4e5f6a7b",
}


def holds(tree, condition, parameters):
    """Whether a condition holds with these parameters, and the default of every other."""
    if "Condition" in condition:
        return holds(tree, tree["Conditions"][condition["Condition"]], parameters)
    if "Fn::Not" in condition:
        return not holds(tree, condition["Fn::Not"][0], parameters)
    if "Fn::And" in condition:
        return all(holds(tree, one, parameters) for one in condition["Fn::And"])
    left, right = condition["Fn::Equals"]
    return str(parameters.get(left["Ref"], tree["Parameters"][left["Ref"]]["Default"])) == str(right)


def conditions(tree, parameters):
    return {name: holds(tree, condition, parameters) for name, condition in tree["Conditions"].items()}
