"""MiniStack, corrected where it differs from AWS.

- The template's policies refuse unencrypted calls, and MiniStack enforces that. On loopback there is no TLS, so this
  module marks requests as encrypted, as a load balancer does. A request that itself has `x-forwarded-proto: http` stays
  unencrypted, and is refused.
- CloudFormation converts a parameter of type Number where a property needs a number. MiniStack 1.5.33 leaves
  MaximumConcurrency a string, and then fails to compare it.
- An SQS batch needs the permission of the single action, `sqs:SendMessage`. There is no `sqs:SendMessageBatch`.
- MiniStack refuses alarms on metric math. Here they become alarms on the underlying metric.
- SQS hands out a delayed message as soon as it is due. MiniStack's event source mappings look for it once a second, and
  would make it up to a second late.
- S3 answers 404 for a missing object only if the caller may list the bucket, and a secret that is marked for deletion
  cannot be created again.
- MiniStack refuses templates with CodeDeploy. Here its resources are names only, and an alias moves to its new version at once.

Each call under a role is recorded in the file that `CALLS` names.
"""

import os

import calls
import ministack.app
from ministack.core import iam_actions
from ministack.services import lambda_svc, secretsmanager
from ministack.services.cloudformation import provisioners

PROTOCOL = b"x-forwarded-proto"
inner_app = ministack.app.app
inner_concurrency = lambda_svc._sqs_esm_concurrency
inner_action = iam_actions.extract_iam_action
inner_alarm = provisioners._cw_metric_alarm_record
inner_create_secret = secretsmanager._create_secret
inner_wait = lambda_svc._esm_wake.wait

# Seconds.
LOOKS_EVERY = 0.1


async def app(scope, receive, send):
    if scope["type"] == "http" and all(name.lower() != PROTOCOL for name, _ in scope["headers"]):
        scope = {**scope, "headers": [*scope["headers"], (PROTOCOL, b"https")]}
    await inner_app(scope, receive, send)


def concurrency(mapping, *rest):
    scaling = mapping.get("ScalingConfig") or {}
    if isinstance(scaling.get("MaximumConcurrency"), str):
        scaling["MaximumConcurrency"] = int(scaling["MaximumConcurrency"])
    return inner_concurrency(mapping, *rest)


def action(service, *rest, **more):
    found = inner_action(service, *rest, **more)
    return found.removesuffix("Batch") if service == "sqs" and found else found


def alarm(name, properties):
    for metric in properties.get("Metrics") or []:
        if stat := metric.get("MetricStat"):
            plain = {**stat["Metric"], "Period": stat["Period"], "Statistic": stat["Stat"]}
            return inner_alarm(name, {**properties, **plain, "Metrics": None})
    return inner_alarm(name, properties)


def wait(timeout=None):
    return inner_wait(LOOKS_EVERY if timeout is None else min(timeout, LOOKS_EVERY))


def codedeploy(logical_id, properties, stack, *_):
    return f"{stack}-{logical_id}", {}


def create_secret(data):
    if secretsmanager._secrets.get(data.get("Name"), {}).get("DeletedDate"):
        message = "You can't create this secret because a secret with this name is already scheduled for deletion."
        return secretsmanager.error_response_json("InvalidRequestException", message, 400)
    return inner_create_secret(data)


if __name__ == "__main__":
    calls.install()
    ministack.app.app = calls.recorded(app, os.environ["CALLS"])
    lambda_svc._sqs_esm_concurrency = concurrency
    iam_actions.extract_iam_action = action
    provisioners._cw_metric_alarm_record = alarm
    secretsmanager._create_secret = create_secret
    lambda_svc._esm_wake.wait = wait
    for kind in ("Application", "DeploymentGroup"):
        provisioners._RESOURCE_HANDLERS[f"AWS::CodeDeploy::{kind}"] = {"create": codedeploy, "delete": lambda *_: None}
    ministack.app.main()
