#!/usr/bin/env python3
"""Checks the rules of infra/sam/template.yaml, and prints each. The exit code is 1 if one is broken.

    python3 tests/emulator/check_template.py            # the template
    python3 tests/emulator/check_template.py --breaks   # also checks that every rule detects a deliberate break
"""

import copy
import re
import sys

# Keeps __pycache__ out of the source directory.
sys.dont_write_bytecode = True
import alarms as cloudwatch  # noqa: E402
import environment  # noqa: E402
import rules_access  # noqa: E402
import rules_api  # noqa: E402
import rules_deployer  # noqa: E402
import rules_keys  # noqa: E402
import rules_names  # noqa: E402
import rules_network  # noqa: E402
import rules_releases  # noqa: E402
from breaks import of, replace_in, set_in  # noqa: E402
from template import ROOT, TEMPLATE, Template, given, listed, load, text  # noqa: E402

RUNBOOK = ROOT / "infra" / "sam" / "RUNBOOK.md"


def no_wildcard_verb(t):
    for name, statement in t.statements():
        for action in listed(statement["Action"]):
            if "*" in action:
                yield f"{name}: {action}"


# Actions on resources that no policy can name beforehand, by the Service Authorization Reference.
WITHOUT_RESOURCES = {*rules_network.INTERFACES, "xray:PutTraceSegments", "xray:PutTelemetryRecords"}


def no_wildcard_resource(t):
    for name, statement in t.statements():
        for resource in listed(statement["Resource"]):
            # Wildcards are allowed only below one bucket or one prefix of secrets, and for the names of alarms.
            if "*" in text(resource) and not re.fullmatch(
                r"\$\{DocumentsBucket\.Arn\}/\*|arn:\S+:s3:::\$\{SourceFilesBucket\}/\*|arn:\S+:secret:\$\{Prefix\}\*|arn:\S+:alarm:\*",
                text(resource),
            ) and not set(listed(statement["Action"])) <= WITHOUT_RESOURCES:
                yield f"{name}: {text(resource)}"
    for name, role in t.of("AWS::IAM::Role").items():
        if role.get("ManagedPolicyArns"):
            yield f"{name} has managed policies, which grant access to every resource"


def role_per_function(t):
    functions = t.of("AWS::Serverless::Function")
    roles = [function.get("Role", {}).get("Fn::GetAtt", [name])[0] for name, function in functions.items()]
    yield from (f"{role} serves several functions" for role in set(roles) if roles.count(role) > 1)
    yield from (f"{name} has no role of its own in the template" for name in roles if name not in t.resources)


def consumers_read_only_their_queues(t):
    for name, function in t.of("AWS::Serverless::Function").items():
        mine = {tuple(source["Queue"]["Fn::GetAtt"]) for source in t.sources(function)}
        for role, statement in t.statements():
            if role == t.role(name) and "sqs:ReceiveMessage" in listed(statement["Action"]):
                for resource in listed(statement["Resource"]):
                    if tuple(resource["Fn::GetAtt"]) not in mine:
                        yield f"{name} may receive from {text(resource)}"
                    mine.discard(tuple(resource["Fn::GetAtt"]))
        yield from (f"{name} may not receive from {queue[0]}" for queue in mine)


def visibility(t):
    t = t.given(SenderWaitsForOthers=False, DispatcherWaitsForOthers=False)
    queues = t.of("AWS::SQS::Queue")
    for name, function in t.of("AWS::Serverless::Function").items():
        for source in t.sources(function):
            queue = source["Queue"]["Fn::GetAtt"][0]
            for timeout, hidden in t.each(function["Timeout"], queues[queue]["VisibilityTimeout"]):
                if hidden < 6 * timeout:
                    yield f"{queue}: {hidden:g} s for {name}'s {timeout:g} s"


def calls_end_first(t):
    sender = t.of("AWS::Serverless::Function")["Sender"]
    variables = sender["Environment"]["Variables"]
    for name in ("REQUEST_TIMEOUT_SECONDS", "LONGEST_CALL_SECONDS"):
        for timeout, call in t.each(sender["Timeout"], variables[name]):
            # 2 s for the start, and 3 s to record the result.
            if call + 5 > timeout:
                yield f"{name} {call:g} s, function {timeout:g} s"


def explicit_timeouts(t):
    for name, function in t.of("AWS::Serverless::Function").items():
        if function.get("Timeout", 3) == 3:
            yield name


def duration_alarms(t):
    functions = t.of("AWS::Serverless::Function")
    for name, alarm in t.of("AWS::CloudWatch::Alarm").items():
        if alarm.get("MetricName") == "Duration":
            function = alarm["Dimensions"][0]["Value"]["Ref"]
            for timeout, threshold in t.each(functions[function]["Timeout"], alarm["Threshold"]):
                if threshold != 800 * timeout:
                    yield f"{name}: {threshold:g} ms for {timeout:g} s"


def failures_are_seen(t):
    """Each function's errors, throttles and failed records (which Lambda does not count), and each index's throttles."""
    watched = set()
    for alarm in t.of("AWS::CloudWatch::Alarm").values():
        metric = t.metric(alarm)
        values = (dimension["Value"] for dimension in metric.get("Dimensions", []))
        watched.update((metric["MetricName"], value["Ref"] if isinstance(value, dict) and "Ref" in value else str(value)) for value in values)
    for name, function in t.of("AWS::Serverless::Function").items():
        needed = [("Errors", name)]
        # Throttling of the audit needs no alarm: its schedule tries again, and a missing report has its own alarm.
        if name != "Audit":
            needed.append(("Throttles", name))
        if list(t.sources(function)):
            needed.append(("BatchItemFailures", text(function["FunctionName"]).removeprefix("${Name}-")))
        yield from (f"no alarm on {metric} of {of}" for metric, of in needed if (metric, of) not in watched)
    for table in t.of("AWS::DynamoDB::Table").values():
        for index in table.get("GlobalSecondaryIndexes", []):
            index = index["Fn::If"][1] if "Fn::If" in index else index
            if ("WriteThrottleEvents", index["IndexName"]) not in watched:
                yield f"no alarm on throttled writes of the index {index['IndexName']}"


OBSERVER = ROOT / "shared" / "aws" / "src" / "observer"


def written_metrics():
    """The metrics that the functions write, each with the sets of dimensions it is written by: all, first, each."""
    code = (OBSERVER / "metrics.rs").read_text(encoding="utf-8")
    found = re.findall(r'= (kept|counted|largest)\("(\w+)"([^;]*)\);', code)
    sets = {"FirstAndAll": {"all", "first"}, "All": {"all"}, "Each": {"each"}}
    return {name: {"all"} if how == "largest" else sets[re.search(r"Sets::(\w+)", rest).group(1)] for how, name, rest in found}


def metrics_exist(t):
    """An alarm on a metric that nobody writes, or not by its dimensions, never fires."""
    written = written_metrics()
    for name, alarm in t.of("AWS::CloudWatch::Alarm").items():
        queries = [query.get("MetricStat", {}).get("Metric", {}) for query in alarm.get("Metrics", [])]
        for metric in [alarm, *queries]:
            if "WebhookStage" in str(metric.get("Namespace", "")):
                by = "each" if metric.get("Dimensions") else "all"
                if by not in written.get(metric["MetricName"], ()):
                    yield f"{name}: {metric['MetricName']} by {by}"
        for query in alarm.get("Metrics", []):
            selected = re.search(r"\bSELECT \w+\((\w+)\)", text(query.get("Expression", "")))
            if selected and "first" not in written.get(selected.group(1), ()):
                yield f"{name}: {selected.group(1)} by team or stage"


def graphs_have_metrics(t):
    """A graph of a metric that nobody writes, or not by its dimensions, stays empty."""
    written = written_metrics()
    for name, dashboard in t.of("AWS::CloudWatch::Dashboard").items():
        body = dashboard["DashboardBody"]["Fn::Sub"][0]
        for metric in re.findall(r'"WebhookStage/\$\{Name\}", "(\w+)"', body):
            if "all" not in written.get(metric, ()):
                yield f"{name}: {metric} for all"
        for schema, metric in re.findall(r'Name\}\\",([^}]+\}?)\} MetricName=\\"(\w+)', body):
            by = "first" if schema == "${By}" else "each"
            if by not in written.get(metric, ()):
                yield f"{name}: {metric} by {schema}"


def metrics_by_parameter(t):
    """Each value of MetricsBy and LogAttempts is one that the functions know, and reaches those that need it."""
    settings = (OBSERVER / "settings.rs").read_text(encoding="utf-8")
    for parameter, kind in (("MetricsBy", "MetricsBy"), ("LogAttempts", "LogAttempts")):
        known = dict(re.findall(rf'\("(\w+)", {kind}::(\w+)\)', settings))
        if list(known)[0] != t.tree["Parameters"][parameter]["Default"] or set(known) != set(t.tree["Parameters"][parameter]["AllowedValues"]):
            yield f"{parameter}: the functions know {', '.join(known)}"
    rows = t.tree["Mappings"]["MetricsBy"]
    if set(rows) != set(t.tree["Parameters"]["MetricsBy"]["AllowedValues"]):
        yield "the mapping MetricsBy has other values than the parameter"
    code = (OBSERVER / "metrics.rs").read_text(encoding="utf-8")
    for value, row in rows.items():
        for field, dimensions in row.items():
            expected = [field.removeprefix("With")] if field != "Dimension" else []
            expected += [] if value == "all" and field != "Dimension" else [row["Dimension"]]
            if dimensions.split(",") != expected or any(f'("{dimension}", ' not in code for dimension in expected):
                yield f"MetricsBy {value}: {field} is {dimensions}"
    functions = t.of("AWS::Serverless::Function")
    for name, variable, parameter in (("Dispatcher", "METRICS_BY", "MetricsBy"), ("Sender", "METRICS_BY", "MetricsBy"), ("DeadLetter", "METRICS_BY", "MetricsBy"), ("Sender", "LOG_ATTEMPTS", "LogAttempts")):
        if functions[name]["Environment"]["Variables"].get(variable) != {"Ref": parameter}:
            yield f"{name}: {variable} is not the parameter's"
    alarm = t.resources["FailureRateByDimensionAlarm"]
    wanted = [{"Fn::Equals": [{"Ref": "FailureRateByDimension"}, "true"]}, {"Fn::Not": [{"Fn::Equals": [{"Ref": "MetricsBy"}, "all"]}]}]
    if t.tree["Conditions"].get(alarm.get("Condition")) != {"Fn::And": wanted}:
        yield "FailureRateByDimensionAlarm exists where no metric has the dimension, or although it is switched off"


def queue_not_consumed(t):
    """A message that waited for a retry and then failed twice raises no alarm. After three receives the metric leaves it out."""
    queues = t.of("AWS::SQS::Queue")
    for name, alarm in t.of("AWS::CloudWatch::Alarm").items():
        if alarm.get("MetricName") == "ApproximateAgeOfOldestMessage":
            queue = alarm["Dimensions"][0]["Value"]["Fn::GetAtt"][0]
            longest_delay = 900 if queue in ("DeliveriesQueue", "SlowDeliveriesQueue") else 0
            for hidden, threshold in t.each(queues[queue]["VisibilityTimeout"], alarm["Threshold"]):
                if threshold < longest_delay + 2 * hidden:
                    yield f"{name}: {threshold:g} s with {hidden:g} s of visibility"


def lanes_are_alike(t):
    """A message may be moved from one lane to the other, and its dead letters from both are handled alike."""
    queues = t.of("AWS::SQS::Queue")
    fast, slow = ({key: value for key, value in queues[name].items() if key != "QueueName"} for name in ("DeliveriesQueue", "SlowDeliveriesQueue"))
    if fast != slow:
        yield "the queues of the two lanes differ"
    allowed = {text(arn) for arn in queues["DeliveriesDeadLetterQueue"]["RedriveAllowPolicy"]["sourceQueueArns"]}
    for name in ("DeliveriesQueue", "SlowDeliveriesQueue"):
        if not any(arn.endswith(f":{text(queues[name]['QueueName'])}") for arn in allowed):
            yield f"{name} may not use its dead-letter queue"


def workflows_are_not_written(t):
    """Functions write file records, and of a workflow's items only the attributes of control records."""
    for name, statement in t.statements():
        # rules_api.py says what these may do.
        if name in rules_api.RIGHTS:
            continue
        actions, condition = listed(statement["Action"]), statement.get("Condition", {})
        keys = condition.get("ForAllValues:StringLike", {}).get("dynamodb:LeadingKeys")
        if "dynamodb:PutItem" in actions and keys != "FILE#*":
            yield f"{name} may put any item"
        if "dynamodb:Query" in actions and keys != "WORKFLOW#*":
            yield f"{name} may query more than workflows"
        if "dynamodb:UpdateItem" in actions:
            attributes = condition.get("ForAllValues:StringEquals", {}).get("dynamodb:Attributes")
            if keys != "WORKFLOW#*" or attributes != ["pk", "sk", "version", "control"]:
                yield f"{name} may update more than control records"
        if {"dynamodb:DeleteItem", "dynamodb:BatchWriteItem"} & set(actions):
            yield f"{name} may delete items"


def partial_batches(t):
    for name, function in t.of("AWS::Serverless::Function").items():
        for source in t.sources(function):
            if source.get("FunctionResponseTypes") != ["ReportBatchItemFailures"]:
                yield f"{name} does not report failed items"
            if not source.get("ScalingConfig", {}).get("MaximumConcurrency"):
                yield f"{name} has no MaximumConcurrency"
            if "FilterCriteria" in source:
                yield f"{name} has a filter, and Lambda deletes messages that do not match"


def recursion(t):
    for name, function in t.of("AWS::Serverless::Function").items():
        if list(t.sources(function)) and function.get("RecursiveLoop") != "Allow":
            yield f"{name}: Lambda would stop retries and cycles after 16 rounds"


def dead_letter_queues(t):
    queues = t.of("AWS::SQS::Queue")
    targets = {queue["RedrivePolicy"]["deadLetterTargetArn"]["Fn::GetAtt"][0] for queue in queues.values() if "RedrivePolicy" in queue}
    for name, queue in queues.items():
        if "RedrivePolicy" in queue:
            if queue["RedrivePolicy"]["maxReceiveCount"] < 5:
                yield f"{name}: maxReceiveCount below 5"
        elif name not in targets and name != "ParkedQueue":
            yield f"{name} has no dead-letter queue and is not one"
        if queue.get("MessageRetentionPeriod") != 1209600:
            yield f"{name} does not keep messages for 14 days"


def tls_only(t):
    guarded = set()
    for kind, field in (("AWS::SQS::QueuePolicy", "Queues"), ("AWS::S3::BucketPolicy", "Bucket"), ("AWS::SNS::TopicPolicy", "Topics")):
        for policy in t.of(kind).values():
            for statement in given(policy["PolicyDocument"]["Statement"], {"HasProducerAccounts": False, "HasProducerDocuments": False}):
                everybody = statement["Effect"] == "Deny" and statement["Principal"] == "*"
                if everybody and statement.get("Condition") == {"Bool": {"aws:SecureTransport": "false"}}:
                    named = {text(one).removesuffix(".Arn").strip("${}").removesuffix(".Arn}/*") for one in listed(statement["Resource"])}
                    for target in listed(policy[field]):
                        if target["Ref"] in named or {"Ref": target["Ref"]} == statement["Resource"]:
                            guarded.add(target["Ref"])
    for kind in ("AWS::SQS::Queue", "AWS::S3::Bucket", "AWS::SNS::Topic"):
        yield from (name for name in t.of(kind) if name not in guarded)


def encrypted(t):
    t = t.given(HasKey=False)
    yield from (name for name, queue in t.of("AWS::SQS::Queue").items() if queue.get("SqsManagedSseEnabled") is not True)
    yield from (name for name, bucket in t.of("AWS::S3::Bucket").items() if "BucketEncryption" not in bucket)
    yield from (name for name, table in t.of("AWS::DynamoDB::Table").items() if not table.get("SSESpecification", {}).get("SSEEnabled"))


def bucket_private(t):
    for name, bucket in t.of("AWS::S3::Bucket").items():
        block = bucket.get("PublicAccessBlockConfiguration", {})
        if [block.get(key) for key in ("BlockPublicAcls", "BlockPublicPolicy", "IgnorePublicAcls", "RestrictPublicBuckets")] != [True] * 4:
            yield f"{name} may become public"
        if bucket.get("VersioningConfiguration") != {"Status": "Enabled"}:
            yield f"{name} keeps no versions"


def table_kept(t):
    for name, table in t.of("AWS::DynamoDB::Table").items():
        if not table.get("PointInTimeRecoverySpecification", {}).get("PointInTimeRecoveryEnabled"):
            yield f"{name} has no point-in-time recovery"
        if table.get("BillingMode") != "PAY_PER_REQUEST":
            yield f"{name} is not on demand"
        if table.get("DeletionProtectionEnabled") != {"Fn::If": ["IsProtected", True, False]}:
            yield f"{name}'s deletion protection is not the parameter's"
        if name == "Table" and table.get("TimeToLiveSpecification") != {"AttributeName": "ttl", "Enabled": True}:
            yield f"{name} does not expire history"


def index_by_parameter(t):
    """The index of files at rest, its keys and its alarm exist together, and only if they were asked for."""
    condition = "IndexesFilesAtRest"
    if t.tree["Conditions"].get(condition) != {"Fn::Not": [{"Fn::Equals": [{"Ref": "IndexFilesAtRest"}, "false"]}]} or t.tree["Parameters"]["IndexFilesAtRest"]["Default"] != "false":
        yield "the index is not off by default"
    table = t.of("AWS::DynamoDB::Table")["Table"]
    for asked in (False, True):
        chosen = {key: [one["Fn::If"][1] if "Fn::If" in one else one for one in table[key] if "Fn::If" not in one or (asked and one["Fn::If"][0] == condition)] for key in ("AttributeDefinitions", "GlobalSecondaryIndexes")}
        keys = {key["AttributeName"] for index in [table, *chosen["GlobalSecondaryIndexes"]] for key in index["KeySchema"]}
        if keys != {attribute["AttributeName"] for attribute in chosen["AttributeDefinitions"]}:
            yield f"with the index {asked}: attributes that are no keys, or keys that are no attributes"
        if ("at-rest" in {index["IndexName"] for index in chosen["GlobalSecondaryIndexes"]}) != asked:
            yield f"with the index {asked}: it is there, or missing"
    if t.resources["AtRestIndexWriteThrottlesAlarm"].get("Condition") != condition:
        yield "the index's alarm is not there with the index"
    for name in ("Dispatcher", "Sender", "DeadLetter"):
        if t.of("AWS::Serverless::Function")[name]["Environment"]["Variables"].get("INDEX_FILES_AT_REST") != {"Ref": "IndexFilesAtRest"}:
            yield f"{name} does not know whether there is the index"


def retention_by_parameter(t):
    """Finished files and documents are kept forever unless days were given; a queue never outlives a record."""
    parameters = t.tree["Parameters"]
    for name in ("FinishedFileDays", "DocumentDays"):
        if parameters[name]["Default"] != 0:
            yield f"{name} is on by default"
    yield from (f"FinishedFileDays {days}: SQS may still have the file's messages" for days in parameters["FinishedFileDays"]["AllowedValues"] if 0 < days <= 28)
    for name in ("Dispatcher", "Sender", "DeadLetter"):
        if t.of("AWS::Serverless::Function")[name]["Environment"]["Variables"].get("FINISHED_FILE_DAYS") != {"Ref": "FinishedFileDays"}:
            yield f"{name} does not know how long finished files are kept"
    if t.tree["Conditions"].get("ExpiresDocuments") != {"Fn::Not": [{"Fn::Equals": [{"Ref": "DocumentDays"}, "0"]}]}:
        yield "documents expire although no days were given"
    for rule in t.of("AWS::S3::Bucket")["DocumentsBucket"]["LifecycleConfiguration"]["Rules"]:
        condition, rule = rule["Fn::If"][:2] if "Fn::If" in rule else (None, rule)
        current = {"ExpirationInDays", "ExpiredObjectDeleteMarker"} & set(rule)
        if current and condition != "ExpiresDocuments" or rule.get("ExpirationInDays", {"Ref": "DocumentDays"}) != {"Ref": "DocumentDays"}:
            yield f"{rule['Id']} does not go by DocumentDays"


def secrets_by_parameter(t):
    """The sender and the command line agree on the form of secrets, and on the index, by the queue's tags."""
    if t.tree["Parameters"]["SecretPerTeam"]["Default"] != "false":
        yield "SecretPerTeam is on by default"
    if t.of("AWS::Serverless::Function")["Sender"]["Environment"]["Variables"].get("SECRET_PER_TEAM") != {"Ref": "SecretPerTeam"}:
        yield "the sender does not know the form of secrets"
    tags = {tag["Key"]: tag["Value"] for tag in t.of("AWS::SQS::Queue")["AssignmentsQueue"]["Tags"] if "Key" in tag}
    for tag, parameter in (("secret-per-team", "SecretPerTeam"), ("index-files-at-rest", "IndexFilesAtRest")):
        if tags.get(f"webhook-stage:{tag}") != {"Ref": parameter}:
            yield f"the command line does not know {parameter}"


def data_outlives_the_stack(t):
    for name, resource in t.resources.items():
        if resource["Type"] in ("AWS::DynamoDB::Table", "AWS::S3::Bucket"):
            if (resource.get("DeletionPolicy"), resource.get("UpdateReplacePolicy")) != ("RetainExceptOnCreate", "Retain"):
                yield name


def logs(t):
    groups = t.of("AWS::Logs::LogGroup")
    yield from (f"{name} keeps logs forever" for name, group in groups.items() if "RetentionInDays" not in group)
    for name, function in t.of("AWS::Serverless::Function").items():
        logging = function.get("LoggingConfig", {})
        if logging.get("LogFormat") != "JSON" or logging.get("LogGroup", {}).get("Ref") not in groups:
            yield f"{name} does not log JSON to a group of the template"
        if logging.get("SystemLogLevel") != {"Ref": "SystemLogLevel"}:
            yield f"{name}: the level of Lambda's own events is not the parameter's"
    if t.tree["Parameters"]["SystemLogLevel"]["AllowedValues"] != ["INFO", "WARN"]:
        yield "SystemLogLevel: ERROR and FATAL do not exist, and DEBUG costs more than all other lines together"
    # Metrics are log lines at INFO.
    if set(t.tree["Parameters"]["LogLevel"]["AllowedValues"]) - {"DEBUG", "INFO"}:
        yield "LogLevel can be set so that metrics are dropped, or payloads logged"


def stacks_are_separate(t):
    """Two stacks in one account, such as staging and production, neither count each other's files nor read each other's secrets."""
    begins = {"Name": rules_names.PREFIX}
    named = {"Fn::Sub": ["WebhookStage/${Name}", begins]}
    for name, function in t.of("AWS::Serverless::Function").items():
        if function.get("Environment", {}).get("Variables", {}).get("METRICS_NAMESPACE", named) != named:
            yield f"{name} publishes metrics to a namespace that stacks share"
    for name, alarm in t.of("AWS::CloudWatch::Alarm").items():
        # AWS's own metrics have the resource's name as a dimension, so stacks do not share them.
        namespace = str(t.metric(alarm)["Namespace"])
        if not namespace.startswith("AWS/") and named["Fn::Sub"][0] not in namespace:
            yield f"{name} watches a namespace that stacks share"
    prefix = {"Fn::If": ["HasSecretsPrefix", {"Ref": "SecretsPrefix"}, {"Fn::Sub": ["${Name}/", begins]}]}
    granted = [statement["Resource"] for _, statement in t.statements() if "secretsmanager:GetSecretValue" in listed(statement["Action"])]
    for where, found in (
        ("the sender's role", granted[0]["Fn::Sub"][1]["Prefix"]),
        ("the sender", t.of("AWS::Serverless::Function")["Sender"]["Environment"]["Variables"]["SECRETS_PREFIX"]),
        ("the output", t.tree["Outputs"]["SecretsPrefix"]["Value"]),
    ):
        if found != prefix:
            yield f"{where}: secrets under another prefix than the parameter's or the stack's name"


def missing_objects_are_reported(t):
    """S3 answers 404 for a missing object only if the caller may list the bucket, and 403 otherwise."""
    reads, lists = set(), set()
    for name, statement in t.statements():
        for action in listed(statement["Action"]):
            for resource in listed(statement["Resource"]):
                if action == "s3:GetObject":
                    reads.add((name, text(resource).removesuffix("/*")))
                if action == "s3:ListBucket":
                    # `!GetAtt DocumentsBucket.Arn` is the same as in `!Sub ${DocumentsBucket.Arn}/*`.
                    lists.add((name, f"${{{text(resource)}}}" if "Fn::GetAtt" in resource else text(resource)))
    yield from (f"{name} reads {bucket} and may not list it" for name, bucket in reads - lists)


def a_first_deployment_can_fail(t):
    """After a failed creation CloudFormation deletes what it created, so no resource may be protected against deletion."""
    for name, resource in t.resources.items():
        protected = resource.get("Properties", {}).get("DeletionProtectionEnabled", False)
        if isinstance(protected, dict) and "Fn::If" in protected:
            condition, yes, no = protected["Fn::If"]
            parameter, value = t.tree["Conditions"][condition]["Fn::Equals"]
            holds = t.tree["Parameters"][parameter["Ref"]]["Default"] == value
            protected = yes if holds else no
        if protected is not False and resource.get("DeletionPolicy") != "Retain":
            yield f"{name} is protected by default: a failed creation ends in ROLLBACK_FAILED"


def runbook_sections():
    sections = {}
    for section in RUNBOOK.read_text(encoding="utf-8").split("\n## ")[1:]:
        title, _, content = section.partition("\n")
        sections[re.sub(r"[^a-z0-9 -]", "", title.lower()).replace(" ", "-")] = content
    return sections


# Alarms on missing data: runbook section, the section's words for the time, the time in seconds, and the usual seconds between data.
MISSING_DATA_ALARMS = {"NoTrafficAlarm": ("no-traffic", "for an hour", 3600, 300), "AuditSilentAlarm": ("audit-silent", "for two hours", 7200, 3600)}
LATE = 300


def missing_data_alarms_fire_in_time(t):
    sections, found = runbook_sections(), t.of("AWS::CloudWatch::Alarm")
    for name, properties in found.items():
        if (properties["TreatMissingData"] == "breaching" or properties["ComparisonOperator"] == "LessThanThreshold") and name not in MISSING_DATA_ALARMS:
            yield f"{name} is an alarm on missing data, and no time is given for it"
    for name, (section, words, seconds, every) in MISSING_DATA_ALARMS.items():
        if words not in sections.get(section, ""):
            yield f"{name}: RUNBOOK.md does not say \"{words}\""
        alarm = cloudwatch.Alarm(found[name], t.number(found[name]["Threshold"]))
        stops = 6 * seconds
        samples = [(at, 1) for at in range(0, stops + 1, every)]
        for choice in alarm.choices():
            states = list(alarm.run(samples, stops + 6 * seconds, *choice))
            fires = next((now - stops for now, state in states if now > stops and state == "ALARM"), None)
            if any(state == "ALARM" for now, state in states if alarm.window() <= now <= stops):
                yield f"{name} fires although there is data"
            elif fires is None or fires > seconds + LATE:
                yield f"{name} fires {fires} s after the last data instead of {seconds} s if CloudWatch retrieves {choice[0]} more periods"
            elif list(alarm.run([], seconds + LATE, *choice))[-1][1] != "ALARM":
                yield f"{name} does not fire if there never was data"
            else:
                continue
            break


def alarms_fire_and_end(t):
    """An alarm fires during a fault and returns to OK when data stops. If it stayed, the next fault would notify nobody."""
    for name, properties in t.of("AWS::CloudWatch::Alarm").items():
        if name in MISSING_DATA_ALARMS:
            continue
        threshold = t.number(properties["Threshold"])
        alarm = cloudwatch.Alarm(properties, threshold)
        window = alarm.window()
        begins, stops = 2 * window, 4 * window
        samples = [(at, threshold + 1) for at in range(begins, stops + 1, max(60, alarm.period // 5))]
        for choice in alarm.choices():
            end = stops + window + (choice[0] + 1) * alarm.period
            states = list(alarm.run(samples, end, *choice))
            if any(state == "ALARM" for now, state in states if now < begins):
                yield f"{name} fires without data"
            elif not any(state == "ALARM" for now, state in states if begins <= now <= begins + window + 60):
                yield f"{name} does not fire within {window} s of a fault"
            elif states[-1][1] == "ALARM":
                yield f"{name} stays in ALARM although its metric has no data, if missing data is {choice[2]}"
            else:
                continue
            break


def alarms(t):
    sections = runbook_sections()
    for name, alarm in t.of("AWS::CloudWatch::Alarm").items():
        if "TreatMissingData" not in alarm:
            yield f"{name} does not set TreatMissingData"
        if alarm.get("AlarmActions") != [{"Ref": "AlarmTopic"}]:
            yield f"{name} does not notify the alarm topic"
        anchor = re.search(r"RUNBOOK\.md#([a-z-]+)$", alarm.get("AlarmDescription", ""))
        if not anchor or anchor.group(1) not in sections:
            yield f"{name} has no section in RUNBOOK.md"
            continue
        own = text(alarm["AlarmName"]).replace("${Name}", "<stack>")
        if f"`{own}`" not in sections[anchor.group(1)]:
            yield f"{own} is not named in its section of RUNBOOK.md"
        if "```sh" not in sections[anchor.group(1)]:
            yield f"{own}: RUNBOOK.md has no command for it"


def environments(t):
    """Each function has the variables that it reads, and no others."""
    expected = {
        "Dispatcher": "TABLE_NAME ASSIGNMENTS_QUEUE_URL DELIVERIES_QUEUE_URL SLOW_DELIVERIES_QUEUE_URL ATTEMPT_HISTORY_DAYS FINISHED_FILE_DAYS INDEX_FILES_AT_REST METRICS_NAMESPACE METRICS_BY",
        "Sender": "TABLE_NAME ASSIGNMENTS_QUEUE_URL DELIVERIES_QUEUE_URL SLOW_DELIVERIES_QUEUE_URL DOCUMENTS_BUCKET SECRETS_PREFIX SECRET_PER_TEAM EVENT_BUS_NAME"
        " ALLOW_NETWORKS REQUEST_TIMEOUT_SECONDS LONGEST_CALL_SECONDS ATTEMPT_HISTORY_DAYS FINISHED_FILE_DAYS INDEX_FILES_AT_REST METRICS_NAMESPACE METRICS_BY LOG_ATTEMPTS",
        "DeadLetter": "TABLE_NAME ASSIGNMENTS_QUEUE_URL DELIVERIES_QUEUE_URL SLOW_DELIVERIES_QUEUE_URL PARKED_QUEUE_URL DOCUMENTS_BUCKET"
        " EVENT_BUS_NAME ATTEMPT_HISTORY_DAYS FINISHED_FILE_DAYS INDEX_FILES_AT_REST METRICS_NAMESPACE METRICS_BY",
        "Audit": "TABLE_NAME ASSIGNMENTS_QUEUE_URL DELIVERIES_QUEUE_URL AUDIT_SEGMENTS AUDIT_REPAIRS UNFINISHED_FILE_SECONDS METRICS_NAMESPACE",
        "Assigner": "TABLE_NAME REGISTRY_NAME BULK_QUEUE_URL ASSIGNMENTS_QUEUE_URL PARKED_QUEUE_URL METRICS_NAMESPACE",
        "ApiFunction": "TABLE_NAME REGISTRY_NAME BULK_QUEUE_URL ASSIGNMENTS_QUEUE_URL DOCUMENTS_BUCKET SECRETS_PREFIX SECRET_PER_TEAM KMS_KEY_ARN ALLOW_NETWORKS",
        "Authorizer": "ACCEPTED_AUTHORIZATION_SHA256",
        "Receiver": "SIGNING_SECRETS RESPOND",
    }
    for name, function in t.of("AWS::Serverless::Function").items():
        found = set(function.get("Environment", {}).get("Variables", {}))
        if difference := found ^ set(expected.get(name, "").split()):
            yield f"{name}: {', '.join(sorted(difference))}"


def lambda_runtime(t):
    shared = t.tree["Globals"]["Function"]
    if (shared["Runtime"], shared["Handler"], shared["Architectures"]) != ("provided.al2023", "bootstrap", [{"Ref": "Architecture"}]):
        yield "Globals"
    if t.tree["Parameters"]["Architecture"]["Default"] != "arm64":
        yield "arm64 is not the default"
    for name, function in t.resources.items():
        if function["Type"] == "AWS::Serverless::Function":
            folder = (TEMPLATE.parent / function["Properties"]["CodeUri"]).resolve()
            if function.get("Metadata") != {"BuildMethod": "rust-cargolambda"} or not (folder / "Cargo.toml").is_file():
                yield name


def defaults_work(t):
    yield from (name for name, parameter in t.tree["Parameters"].items() if "Default" not in parameter)


def parameters_accept_empty_answers(t):
    """`sam deploy --guided` does not accept an empty answer for a NoEcho parameter."""
    yield from (name for name, parameter in t.tree["Parameters"].items() if "NoEcho" in parameter)


STATEMENT = ("Policies", 0, "PolicyDocument", "Statement", 0)
PLAIN = {"EvaluationPeriods": 1, "ComparisonOperator": "LessThanThreshold", "Threshold": 1, "TreatMissingData": "breaching"}
RULES = [
    ("no role has a wildcard verb", no_wildcard_verb, set_in(of("SenderRole", *STATEMENT, "Action"), "logs:*")),
    ("no role has a wildcard resource", no_wildcard_resource, set_in(of("SenderRole", *STATEMENT, "Resource"), "*")),
    ("one role for each function", role_per_function, set_in(of("Sender", "Role"), {"Fn::GetAtt": ["DispatcherRole", "Arn"]})),
    ("a function reads its own queues and no others", consumers_read_only_their_queues, set_in(of("SenderRole", "Policies", 0, "PolicyDocument", "Statement", 1, "Resource"), {"Fn::GetAtt": ["AssignmentsQueue", "Arn"]})),
    ("visibility is at least 6 function timeouts", visibility, set_in(["Mappings", "Sender", "60", "Visibility"], 359)),
    ("a call ends before its function", calls_end_first, set_in(["Mappings", "Sender", "120", "LongestCall"], "118")),
    ("every timeout is set", explicit_timeouts, set_in(of("Receiver", "Timeout"), None)),
    ("duration alarms are at 80 % of the timeout", duration_alarms, set_in(["Mappings", "Sender", "360", "NearTimeout"], 360000)),
    ("event sources report failed items, limit their concurrency, and do not filter", partial_batches, set_in(of("DeadLetter", "Events", "Deliveries", "Properties", "FunctionResponseTypes"), None)),
    ("there are alarms on functions' errors, throttles and failed records, and on each index's throttles", failures_are_seen, set_in(of("DeadLetterFailedRecordsAlarm", "Dimensions", 0, "Value"), "sender")),
    ("the Queue not consumed alarms wait for messages that failed and come back", queue_not_consumed, set_in(["Mappings", "Sender", "360", "QueueNotConsumed"], 2700)),
    ("the queues of the two lanes are alike", lanes_are_alike, set_in(of("SlowDeliveriesQueue", "RedrivePolicy", "maxReceiveCount"), 6)),
    ("functions write file records and control records, and never workflows", workflows_are_not_written, set_in(of("SenderRole", "Policies", 0, "PolicyDocument", "Statement", 6, "Condition"), {})),
    ("consumers of queues allow recursive loops", recursion, set_in(of("Sender", "RecursiveLoop"), "Terminate")),
    ("every queue has a dead-letter queue or is one, for 14 days", dead_letter_queues, set_in(of("AssignmentsQueue", "RedrivePolicy"), None)),
    ("queues, bucket and topic take TLS only", tls_only, set_in(of("ParkedQueuePolicy", "PolicyDocument", "Statement", 0, "Effect"), "Allow")),
    ("queues, bucket and table are encrypted", encrypted, set_in(of("DeliveriesQueue", "SqsManagedSseEnabled", "Fn::If", 2), False)),
    ("the bucket is private and keeps versions", bucket_private, set_in(of("DocumentsBucket", "PublicAccessBlockConfiguration", "BlockPublicPolicy"), False)),
    ("the table is on demand, recoverable, protected by parameter, and expires history", table_kept, set_in(of("Table", "DeletionProtectionEnabled"), False)),
    ("a first deployment that fails can be rolled back", a_first_deployment_can_fail, set_in(["Parameters", "DeletionProtection", "Default"], "true")),
    ("roles that read a bucket may list it, so that a missing object is not reported as forbidden", missing_objects_are_reported, set_in(of("SenderRole", "Policies", 0, "PolicyDocument", "Statement", 10, "Fn::If", 1, "Action"), "s3:GetObject")),
    ("the index of files at rest is there by parameter, with its keys and its alarm", index_by_parameter, set_in(["Resources", "AtRestIndexWriteThrottlesAlarm", "Condition"], None)),
    ("finished files and documents expire by parameter, and after the queues' messages", retention_by_parameter, set_in(["Parameters", "FinishedFileDays", "AllowedValues", 1], 7)),
    ("secrets are per team by parameter, and the command line knows", secrets_by_parameter, set_in(of("AssignmentsQueue", "Tags", 3, "Value"), "true")),
    ("data outlives the stack", data_outlives_the_stack, set_in(["Resources", "Table", "DeletionPolicy"], "Delete")),
    ("functions log JSON to groups with a retention", logs, set_in(of("SenderLogs", "RetentionInDays"), None)),
    (
        "alarms on missing data fire within the time that the runbook names",
        missing_data_alarms_fire_in_time,
        set_in(["Resources", "NoTrafficAlarm", "Properties"], {"Namespace": "AWS/Lambda", "MetricName": "Invocations", "Statistic": "Sum", "Period": 3600, **PLAIN}),
    ),
    (
        "other alarms fire during their fault, and return to OK when their metric has no data",
        alarms_fire_and_end,
        set_in(
            ["Resources", "TableWriteThrottlesAlarm", "Properties"],
            {**PLAIN, "Namespace": "AWS/DynamoDB", "MetricName": "WriteThrottleEvents", "Statistic": "Sum", "Period": 300, "ComparisonOperator": "GreaterThanThreshold", "TreatMissingData": "notBreaching"},
        ),
    ),
    ("every alarm sets TreatMissingData, notifies the topic, and is in the runbook with a command", alarms, set_in(of("DeliveryLagAlarm", "TreatMissingData"), None)),
    ("two stacks in one account are separate", stacks_are_separate, set_in(of("UnfinishedFileAlarm", "Namespace"), "WebhookStage")),
    ("alarms watch metrics that the functions write", metrics_exist, set_in(of("SenderFailedRecordsAlarm", "MetricName"), "BatchItemFailure")),
    ("alarms watch metrics by dimensions that they are written by", metrics_exist, set_in(of("DeliveryLagAlarm", "Dimensions"), [{"Name": "Stage", "Value": "a"}])),
    ("queries of alarms ask for metrics by team or stage", metrics_exist, replace_in(of("FailureRateByDimensionAlarm", "Metrics", 0, "Expression", "Fn::Sub", 0), "DeliveryFailed", "Lag")),
    ("graphs show metrics that the functions write", graphs_have_metrics, replace_in(of("Dashboard", "DashboardBody", "Fn::Sub", 0), "FailedAttempts", "Attempts")),
    ("graphs show metrics by dimensions that they are written by", graphs_have_metrics, replace_in(of("Dashboard", "DashboardBody", "Fn::Sub", 0), "${By}} MetricName=\\\"Latency", "${By}} MetricName=\\\"Lag")),
    ("metrics are by what MetricsBy says", metrics_by_parameter, set_in(["Mappings", "MetricsBy", "stage", "WithReason"], "Reason,Team")),
    ("MetricsBy and LogAttempts reach the functions", metrics_by_parameter, set_in(of("DeadLetter", "Environment", "Variables", "METRICS_BY"), "team")),
    ("no alarm watches dimensions that no metric has", metrics_by_parameter, set_in(["Resources", "FailureRateByDimensionAlarm", "Condition"], "HasReceiver")),
    ("the level of Lambda's own log events is the parameter's", logs, set_in(of("Audit", "LoggingConfig", "SystemLogLevel"), "WARN")),
    ("functions have the variables they read", environments, set_in(of("Sender", "Environment", "Variables", "SECRETS_PREFIX"), None)),
    ("functions are built from this workspace, for arm64", lambda_runtime, set_in(["Parameters", "Architecture", "Default"], "x86_64")),
    ("every parameter has a default", defaults_work, set_in(["Parameters", "SecretsPrefix", "Default"], None)),
    ("every parameter accepts an empty answer in sam deploy --guided", parameters_accept_empty_answers, set_in(["Parameters", "ReceiverSigningSecret", "NoEcho"], True)),
    *rules_names.RULES,
    *rules_network.RULES,
    *rules_keys.RULES,
    *rules_access.RULES,
    *rules_api.RULES,
    *rules_deployer.RULES,
    *rules_releases.RULES,
]


def main():
    environment.enter()
    tree = load()
    broken = False
    for difference in cloudwatch.agrees_with_the_manual():
        broken = True
        print(f"BROKEN the model of CloudWatch: {difference}")
    for sentence, rule, breaks in RULES:
        findings = list(rule(Template(tree)))
        if "--breaks" in sys.argv[1:]:
            other = copy.deepcopy(tree)
            breaks(other)
            if len(list(rule(Template(other)))) <= len(findings):
                findings.append("a deliberate break is not detected")
        broken |= bool(findings)
        print(f"{'BROKEN' if findings else 'ok    '} {sentence}")
        for finding in findings:
            print(f"       {finding}")
    return 1 if broken else 0


if __name__ == "__main__":
    sys.exit(main())
