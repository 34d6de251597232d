"""V7's own way of use: a receiver sends the files that it does not like back to Annotate while it is called.

`check_receiver.py API_URL KEY`. Ends with 0 if every file went where it should.
"""

import json
import pathlib
import subprocess
import sys
import urllib.request

import workflow
from patience import until

URL, KEY = sys.argv[1:]
TEAM = f"{URL}/v2/teams/{workflow.TEAM}"
GOOD, BAD = ["good_1.jpg", "good_2.jpg"], ["bad_1.jpg", "bad_2.jpg", "bad_3.jpg"]


def call(method, url, body=None):
    headers = {"Authorization": f"ApiKey {KEY}", "Content-Type": "application/json"}
    data = None if body is None else json.dumps(body).encode()
    with urllib.request.urlopen(urllib.request.Request(url, data, headers, method=method)) as response:
        return json.load(response)


def register(name, classes):
    call("POST", f"{TEAM}/items", workflow.document(name, classes))


def send_on(name):
    command = {"type": "transition_via_edge", "data": {"stage_id": workflow.ident("Annotate"), "edge": "default"}}
    call("POST", f"{TEAM}/items/{workflow.ident(name)}/commands", {"commands": [command]})


def path(name):
    found = call("GET", f"{TEAM}/items/{workflow.ident(name)}/visits")
    assert found["rejections"] == [], (name, found["rejections"])
    return [visit["stage"]["name"] for visit in found["visits"]]


def goes(name, expected):
    """Waits until the file has gone this way."""

    def is_there():
        found = path(name)
        assert expected[: len(found)] == found, (name, found, expected)
        return found == expected

    until(is_there)


program = pathlib.Path(__file__).with_name("receiver.py")
ids = [workflow.ident("Check annotations"), workflow.ident("Annotate")]
receiver = subprocess.Popen(
    [sys.executable, program, URL, KEY, *ids], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
)
receiver_url = receiver.stdout.readline().strip()
call("POST", f"{TEAM}/workflows", workflow.workflow(receiver_url))
for name in GOOD:
    register(name, ["no_finding"])
for name in BAD:
    register(name, ["blurred"])
filters = {"item_names": GOOD + BAD, "dataset_ids": [workflow.DATASET]}
stage = {"filters": filters, "workflow_id": ids[0], "stage_id": ids[1]}
assert call("POST", f"{TEAM}/items/stage", stage) == {"created_commands": 5}
for name in GOOD + BAD:
    goes(name, ["Annotate"])
for name in GOOD + BAD:
    send_on(name)
for name in GOOD:
    goes(name, ["Annotate", "Check", "Complete"])
for name in BAD:
    # The delivery has succeeded, so the file is in Complete for a moment before the receiver's command takes effect.
    goes(name, ["Annotate", "Check", "Complete", "Annotate"])
for name in BAD:
    register(name, ["blurred", "no_finding"])
    send_on(name)
for name in BAD:
    goes(name, ["Annotate", "Check", "Complete", "Annotate", "Check", "Complete"])
with urllib.request.urlopen(receiver_url) as response:
    calls = sorted(map(tuple, json.load(response)))
expected = [(name, True) for name in GOOD] + [(name, is_good) for name in BAD for is_good in (False, True)]
assert calls == sorted(expected), calls
counts = call("GET", f"{TEAM}/items/general_counts?dataset_ids={workflow.DATASET}")
assert counts["total_item_count"] == counts["statuses"]["complete"] == 5, counts
receiver.communicate()
