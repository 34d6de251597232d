"""The part of darwin-py that its command line is made of: items and workflows, as far as it asks for nothing else.

`check_darwin_py_older.py API_URL KEY`, with the files of `check_darwin_py.py` there. The address is given as V7's users give it.
"""

import os
import sys

sys.path.insert(0, str(__import__("pathlib").Path(__file__).resolve().parent.parent / "emulator"))

import environment  # noqa: E402

environment.enter("api-venv", "../api/requirements.txt")

import tempfile  # noqa: E402

URL, KEY = sys.argv[1:]
os.environ["DARWIN_BASE_URL"] = URL.removesuffix("/api")

from darwin.client import Client  # noqa: E402
from darwin.dataset.remote_dataset_v2 import RemoteDatasetV2  # noqa: E402
from darwin.exceptions import NotFound  # noqa: E402

import workflow  # noqa: E402
from patience import until  # noqa: E402

ID, REVIEW = workflow.ident("Check annotations"), workflow.ident("Review")

with tempfile.TemporaryDirectory() as directory:
    client = Client.from_api_key(KEY, directory)
    assert client.default_team == workflow.TEAM
    dataset = RemoteDatasetV2(
        client=client, team=workflow.TEAM, name="Chest X-rays", slug="chest-x-rays", dataset_id=workflow.DATASET
    )
    # One is still in its Dataset, and so in no workflow.
    found = {item.filename: (item.status, item.current_workflow_id) for item in dataset.fetch_remote_files()}
    assert found == {"a.jpg": ("complete", ID), "Chest B.jpg": ("complete", ID), "c.jpg": ("new", None)}, found
    two = dataset.fetch_remote_files({"item_names": ["Chest B.jpg", "c.jpg"]})
    assert {item.filename for item in two} == {"Chest B.jpg", "c.jpg"}
    assert client.api_v2.get_workflow(ID)["id"] == ID
    client.api_v2.move_to_stage({"item_names": ["Chest B.jpg"]}, REVIEW, ID)
    until(lambda: list(dataset.fetch_remote_files({"statuses": ["review"]})))
    try:
        client.api_v2.get_workflow(workflow.ident("no workflow"))
        raise AssertionError("a workflow that is not there was found")
    except NotFound:
        pass
