"""A receiver like V7's examples for Lambda, behind what API Gateway (an HTTP API, payload format 2.0) makes of a call.

Prints its URL, and ends with its standard input. A file without an annotation of the class `no_finding` goes back to Annotate,
by V7's API, before the call is answered: `receiver.py API_URL KEY WORKFLOW_ID ANNOTATE_STAGE_ID`. GET answers the calls so far.
"""

import base64
import json
import re
import sys
import threading
import urllib.request

sys.path.insert(0, str(__import__("pathlib").Path(__file__).resolve().parent.parent / "emulator"))

import local_server  # noqa: E402

NEEDED = "no_finding"
LOG, LOCK = [], threading.Lock()


def handler(event, context):
    body = event["body"]
    if event.get("isBase64Encoded"):
        body = base64.b64decode(body).decode()
    payload = json.loads(body)
    source = payload["item"]["source_info"]
    dataset_id = int(re.search(r"/datasets/(\d+)/", source["dataset"]["dataset_management_url"]).group(1))
    is_good = any(annotation["name"] == NEEDED for annotation in payload["annotations"])
    if not is_good:
        send_back(source["team"]["slug"], source["item_id"], dataset_id)
    with LOCK:
        LOG.append([payload["item"]["name"], is_good])
    return {"statusCode": 200, "body": json.dumps("Success")}


def send_back(team, item_id, dataset_id):
    _, url, key, workflow_id, stage_id = sys.argv
    command = {
        "filters": {"item_ids": [item_id], "dataset_ids": [dataset_id]},
        "workflow_id": workflow_id,
        "stage_id": stage_id,
    }
    headers = {"Authorization": f"ApiKey {key}", "Content-Type": "application/json", "Accept": "application/json"}
    request = urllib.request.Request(f"{url}/v2/teams/{team}/items/stage", json.dumps(command).encode(), headers)
    with urllib.request.urlopen(request) as response:
        assert json.load(response) == {"created_commands": 1}


class Gateway(local_server.Handler):
    def do_POST(self):
        body = self.rfile.read(int(self.headers["Content-Length"]))
        path, _, query = self.path.partition("?")
        answer = handler(
            {
                "version": "2.0",
                "routeKey": "$default",
                "rawPath": path,
                "rawQueryString": query,
                "headers": {name.lower(): value for name, value in self.headers.items()},
                "requestContext": {"http": {"method": "POST", "path": path}, "stage": "$default"},
                "body": body.decode(),
                "isBase64Encoded": False,
            },
            None,
        )
        self.answer(answer["statusCode"], answer["body"])

    def do_GET(self):
        with LOCK:
            self.answer(200, json.dumps(LOG))


if __name__ == "__main__":
    local_server.serve(Gateway)
