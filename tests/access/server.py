"""An authorization server and receivers that check how they are called, with implementations that are not this project's.

Prints its URL, and ends with its standard input. /token gives tokens (oauthlib); /protected takes calls with a token for the
scope `files:write` and the audience `https://receiver.example/`; /signed-for-aws takes those that botocore would have signed
in the same way; /signed takes those with a Standard Webhooks signature of both kinds. POST /control revokes all tokens, or
sets how long new ones live; GET /log says what was accepted and refused.
"""

import sys

sys.path.insert(0, str(__import__("pathlib").Path(__file__).resolve().parent.parent / "emulator"))

import environment  # noqa: E402

environment.enter("access-venv", "../access/requirements.txt")

import base64  # noqa: E402
import json  # noqa: E402
import threading  # noqa: E402
from urllib.parse import unquote_plus  # noqa: E402

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey  # noqa: E402
from oauthlib.oauth2 import BackendApplicationServer, RequestValidator  # noqa: E402
from standardwebhooks import Webhook  # noqa: E402

import local_server  # noqa: E402
import signing  # noqa: E402

CLIENT = {"id": "a client:1", "secret": "planted secret/%+&=:é"}
AUDIENCE = "https://receiver.example/"
SCOPES = {"files:read", "files:write"}


class Tokens(RequestValidator):
    """Knows one client, and the tokens that it has given out."""

    def __init__(self):
        self.given = {}
        self.life = 3600

    def authenticate_client(self, request, *args, **kwargs):
        kind, _, value = request.headers.get("Authorization", "").partition(" ")
        if kind == "Basic":
            # RFC 6749, 2.3.1: both parts are encoded as in a form.
            client, _, secret = base64.b64decode(value).decode("ascii").partition(":")
            client, secret = unquote_plus(client), unquote_plus(secret)
            request.how = "basic"
        else:
            client, secret = request.client_id, request.client_secret
            request.how = "post"
        if (client, secret) != (CLIENT["id"], CLIENT["secret"]):
            return False
        request.client = type("Client", (), {"client_id": client})()
        return True

    def validate_grant_type(self, client_id, grant_type, client, request, *args, **kwargs):
        return grant_type == "client_credentials"

    def get_default_scopes(self, client_id, request, *args, **kwargs):
        return []

    def validate_scopes(self, client_id, scopes, client, request, *args, **kwargs):
        return set(scopes) <= SCOPES

    def save_bearer_token(self, token, request, *args, **kwargs):
        token["expires_in"] = self.life
        audience = dict(request.decoded_body).get("audience")
        self.given[token["access_token"]] = {"scopes": set(request.scopes), "audience": audience, "how": request.how}

    def validate_bearer_token(self, token, scopes, request):
        found = self.given.get(token)
        return bool(found) and set(scopes) <= found["scopes"] and found["audience"] == AUDIENCE


TOKENS = Tokens()
SERVER = BackendApplicationServer(TOKENS)
LOG, LOCK = [], threading.Lock()


def protected(handler, body):
    valid, _ = SERVER.verify_request(handler.path, handler.command, body, dict(handler.headers), scopes=["files:write"])
    how = TOKENS.given.get(handler.headers.get("Authorization", "").partition(" ")[2], {}).get("how")
    return (200, how) if valid else (401, "no valid token")


def signed_for_aws(handler, body):
    url = f"http://{handler.headers['Host']}{handler.path}"
    complaint = signing.check(handler.command, url, handler.headers, body)
    return (403, complaint) if complaint else (200, "signed")


def signed(handler, body):
    keys = json.loads(base64.urlsafe_b64decode(handler.path.split("/")[2]))
    Webhook(keys["secret"]).verify(body, dict(handler.headers), json_parse=False)
    head = f"{handler.headers['webhook-id']}.{handler.headers['webhook-timestamp']}.".encode()
    (one,) = [one for one in handler.headers["webhook-signature"].split() if one.startswith("v1a,")]
    public = Ed25519PublicKey.from_public_bytes(base64.b64decode(keys["public"].removeprefix("whpk_")))
    public.verify(base64.b64decode(one.removeprefix("v1a,")), head + body)
    return 200, "signed twice"


RECEIVERS = {"protected": protected, "signed-for-aws": signed_for_aws, "signed": signed}


class Handler(local_server.Handler):
    def do_POST(self):
        body = self.rfile.read(int(self.headers["Content-Length"]))
        what = self.path.split("/")[1].split("?")[0]
        with LOCK:
            if what == "token":
                headers, answer, status = SERVER.create_token_response(self.path, "POST", body.decode(), dict(self.headers))
                LOG.append(["token", status])
                self.answer(status, answer, headers)
            elif what == "control":
                control = json.loads(body)
                TOKENS.life = control.get("life", TOKENS.life)
                if control.get("revoke"):
                    TOKENS.given.clear()
                self.answer(200, "{}")
            else:
                try:
                    status, why = RECEIVERS[what](self, body)
                except Exception as error:  # a check that fails says so by an exception of its own
                    status, why = 403, repr(error)
                LOG.append([what, status, why])
                self.answer(status, json.dumps({"why": why}))

    do_PUT = do_PATCH = do_POST

    def do_GET(self):
        with LOCK:
            self.answer(200, json.dumps(LOG))
            LOG.clear()


if __name__ == "__main__":
    local_server.serve(Handler)
