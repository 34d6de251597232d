"""Signatures for AWS by botocore, of requests that were signed by somebody else."""

import datetime
import hashlib
import json
import sys

import botocore.auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials

# What the tests sign with; it is nobody's.
ACCESS_KEY = "AKIDEXAMPLE"
SECRET_KEY = "planted+secret/of-nobody"
SKEW = datetime.timedelta(minutes=5)


def authorization(method, url, headers, body, service, region, at, token):
    """The Authorization header with which botocore signs a request."""
    credentials = Credentials(ACCESS_KEY, SECRET_KEY, token)
    request = AWSRequest(method=method, url=url, headers=headers, data=body)
    clock = botocore.auth.get_current_datetime
    botocore.auth.get_current_datetime = lambda *_, **__: at
    try:
        botocore.auth.SigV4Auth(credentials, service, region).add_auth(request)
    finally:
        botocore.auth.get_current_datetime = clock
    return request.headers["Authorization"]


def check(method, url, headers, body):
    """What is wrong with a request's signature; None if it is as botocore makes it."""
    shown = headers.get("Authorization", "")
    if not shown.startswith("AWS4-HMAC-SHA256 Credential="):
        return "no signature"
    fields = dict(field.strip().split("=", 1) for field in shown.removeprefix("AWS4-HMAC-SHA256 ").split(","))
    key, _, region, service, kind = fields["Credential"].split("/")
    if (key, kind) != (ACCESS_KEY, "aws4_request"):
        return "another key"
    if headers["x-amz-content-sha256"] != hashlib.sha256(body).hexdigest():
        return "another body"
    at = datetime.datetime.strptime(headers["x-amz-date"], "%Y%m%dT%H%M%SZ")
    now = datetime.datetime.now(datetime.timezone.utc).replace(tzinfo=None)
    if abs(now - at) > SKEW:
        return "another time"
    if not {"host", "x-amz-date", "x-amz-content-sha256"} <= set(fields["SignedHeaders"].split(";")):
        return "too little is signed"
    own = {"host", "x-amz-date", "x-amz-security-token"}
    others = {name: headers[name] for name in fields["SignedHeaders"].split(";") if name not in own}
    token = headers.get("x-amz-security-token")
    expected = authorization(method, url, others, body, service, region, at, token)
    return None if expected == shown else "another signature"


def main():
    """Reads requests as JSON lines, and prints for each what it is signed with."""
    for line in sys.stdin:
        one = json.loads(line)
        body = one["body"].encode()
        headers = {"x-amz-content-sha256": hashlib.sha256(body).hexdigest()}
        at = datetime.datetime.fromtimestamp(one["at"], datetime.timezone.utc).replace(tzinfo=None)
        print(authorization(one["method"], one["url"], headers, body, one["service"], one["region"], at, one["token"]))


if __name__ == "__main__":
    main()
