"""MiniStack, with what AWS does and it does not.

- On AWS every call is encrypted, and the template's policies refuse those that are not. MiniStack enforces that; on
  loopback this marks requests as encrypted, as a load balancer does. A request that says `x-forwarded-proto: http`
  itself stays plain, and is refused.
- CloudFormation turns a parameter of type Number into a number where a property wants one; MiniStack 1.5.33 leaves
  MaximumConcurrency a string and then fails to compare it.
- A batch of SQS needs the permission of the single action: `sqs:SendMessage`, and no `sqs:SendMessageBatch` exists.
"""

import ministack.app
from ministack.core import iam_actions
from ministack.services import lambda_svc

PROTOCOL = b"x-forwarded-proto"
inner_app = ministack.app.app
inner_concurrency = lambda_svc._sqs_esm_concurrency
inner_action = iam_actions.extract_iam_action


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


if __name__ == "__main__":
    ministack.app.app = app
    lambda_svc._sqs_esm_concurrency = concurrency
    iam_actions.extract_iam_action = action
    ministack.app.main()
