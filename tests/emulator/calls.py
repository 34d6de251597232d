"""Records each AWS call made under a role, such as a function's: what was requested, whether the role allows it, and the
answer. It also makes S3 answer 404 for a missing object only if the caller may list the bucket, and 403 otherwise."""

import contextvars
import json
import re

from ministack.core import iam_evaluator

CODE = re.compile(rb'"__type":\s*"(?:[^"]*#)?([^"]+)"|<Code>([^<]+)</Code>')
READS = ("s3:GetObject", "s3:GetObjectVersion")
FORBIDDEN = b'<?xml version="1.0" encoding="UTF-8"?><Error><Code>AccessDenied</Code><Message>Access Denied</Message></Error>'
inner_enforce = iam_evaluator.enforce
inner_principal = iam_evaluator.resolve_principal
checks = contextvars.ContextVar("checks", default=None)
principal = contextvars.ContextVar("principal", default=None)


def resolve_principal(*arguments):
    found = inner_principal(*arguments)
    principal.set(getattr(found, "arn", None))
    return found


def enforce(access_key_id, iam_action, service, region, resource_arn="*", **more):
    denied = inner_enforce(access_key_id, iam_action, service, region, resource_arn, **more)
    made, who = checks.get(), principal.get()
    if made is not None and ":assumed-role/" in (who or ""):
        hidden = False
        if iam_action in READS and not denied:
            bucket = resource_arn.split("/")[0]
            hidden = inner_enforce(access_key_id, "s3:ListBucket", service, region, bucket) is not None
        role = who.split(":assumed-role/")[1].split("/")[0]
        made.append({"role": role, "action": iam_action, "resource": resource_arn, "allowed": denied is None, "hidden": hidden})
    return denied


def recorded(app, path):
    """Wraps the application so that each permission check of each call is a line in the file at `path`."""

    async def record(scope, receive, send):
        made, answer = [], {}
        checks.set(made)
        principal.set(None)

        async def watched(message):
            if message["type"] == "http.response.start":
                answer.update(status=message["status"], start=message, body=b"")
                if hides():
                    answer["status"] = 403
                    headers = [(name, value) for name, value in message.get("headers", []) if name.lower() not in (b"content-length", b"content-type")]
                    headers += [(b"content-type", b"application/xml"), (b"content-length", str(len(FORBIDDEN)).encode())]
                    message = {**message, "status": 403, "headers": headers}
            elif message["type"] == "http.response.body" and answer.get("status", 200) >= 400:
                if hides():
                    message = {**message, "body": FORBIDDEN}
                answer["body"] += message.get("body", b"")
            await send(message)

        def hides():
            return answer["start"]["status"] == 404 and any(check["hidden"] for check in made)

        await app(scope, receive, watched)
        if made:
            code = CODE.search(answer.get("body", b""))
            code = next((group.decode() for group in code.groups() if group), None) if code else None
            with open(path, "a", encoding="utf-8") as file:
                for check in made:
                    del check["hidden"]
                    file.write(json.dumps({**check, "status": answer.get("status"), "code": code}) + "\n")

    return record


def install():
    iam_evaluator.enforce = enforce
    iam_evaluator.resolve_principal = resolve_principal
