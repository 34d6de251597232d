"""V7's client for Python, darwin-py, against a server: what it reads is what the server says, and each refusal is its exception.

`check_darwin_py.py API_URL ADMIN_KEY WORKER_KEY ANOTHER_TEAMS_KEY`.
"""

import sys

sys.path.insert(0, str(__import__("pathlib").Path(__file__).resolve().parent.parent / "emulator"))

import environment  # noqa: E402

environment.enter("api-venv", "../api/requirements.txt")

import uuid  # noqa: E402
from unittest import mock  # noqa: E402

import requests  # noqa: E402
from darwin.future.core.client import DarwinConfig  # noqa: E402
from darwin.future.core.items.assign_items import assign_items  # noqa: E402
from darwin.future.core.items.get import get_item, get_item_ids, get_item_ids_stage, list_items  # noqa: E402
from darwin.future.core.items.set_stage_to_items import set_stage_to_items  # noqa: E402
from darwin.future.core.types.common import QueryString  # noqa: E402
from darwin.future.core.workflows import get_workflow, get_workflows, list_workflows  # noqa: E402
from darwin.future.data_objects.team import TeamCore  # noqa: E402
from darwin.future.exceptions import NotFound, Unauthorized, UnprocessibleEntity  # noqa: E402
from darwin.future.meta.client import Client  # noqa: E402

import workflow  # noqa: E402
from patience import until  # noqa: E402

URL, ADMIN, WORKER, ANOTHER = sys.argv[1:]
TEAM, DATASET = workflow.TEAM, workflow.DATASET
NAMES = ["a.jpg", "Chest B.jpg", "c.jpg"]
ID = workflow.ident("Check annotations")


def client(key):
    with mock.patch.object(DarwinConfig, "_default_api_endpoint", staticmethod(lambda: f"{URL}/")):
        return Client.from_api_key(key)


def raises(kind, call, *arguments):
    try:
        call(*arguments)
    except kind as error:
        return error
    raise AssertionError(f"{call.__name__}{arguments[1:]} raised no {kind.__name__}")


def state(path):
    """What the server itself says."""
    answer = requests.get(f"{URL}/v2/teams/{TEAM}/{path}", headers={"Authorization": f"ApiKey {ADMIN}"})
    answer.raise_for_status()
    return answer.json()


def stages_of(items):
    return {item["id"]: item["workflow_data"]["current_stage_instances"][0] for item in items if "workflow_data" in item}


admin, worker, another = client(ADMIN), client(WORKER), client(ANOTHER)
assert (admin.config.default_team, another.config.default_team) == (TEAM, "another")
assert TeamCore.from_client(admin).slug == TEAM

# Nothing there yet.
assert list_workflows(admin) == ([], [])
given = [workflow.workflow(), workflow.workflow(name="Another")]
del given[1]["dataset"]
for edge in (edge for stage in given[1]["stages"] for edge in stage["edges"]):
    del edge["source_stage_id"], edge["id"]
for one in given:
    admin.session.post(f"{URL}/v2/teams/{TEAM}/workflows", json=one).raise_for_status()

found, errors = list_workflows(admin)
assert errors == [], errors
assert sorted(one.name for one in found) == ["Another", "Check annotations"]
assert {one.id for one in get_workflows(admin)} == {uuid.UUID(one["id"]) for one in given}
one = get_workflow(admin, ID)
stored = state(f"workflows/{ID}")
assert (str(one.id), one.name, one.team_id) == (ID, stored["name"], stored["team_id"])
assert one.dataset.id == DATASET
assert [(stage.name, stage.type.value) for stage in one.stages] == [(s["name"], s["type"]) for s in stored["stages"]]
for stage, its in zip(one.stages, stored["stages"]):
    assert [(str(e.source_stage_id), str(e.target_stage_id)) for e in stage.edges] == [
        (its["id"], edge["target_stage_id"]) for edge in its["edges"]
    ]

for name in NAMES:
    answer = admin.session.post(f"{URL}/v2/teams/{TEAM}/items", json=workflow.document(name))
    assert answer.status_code == 201, answer.text
ids = {uuid.UUID(workflow.ident(name)) for name in NAMES}
items, errors = list_items(admin, TEAM, DATASET)
assert errors == [] and {item.id for item in items} == ids
assert {item.name for item in items} == set(NAMES)
assert {item.dataset_id for item in items} == {DATASET}
assert list_items(admin, TEAM, "all")[0] == items
assert list_items(admin, TEAM, [1, DATASET])[0] == items
assert list_items(admin, TEAM, 1) == ([], [])
first = get_item(admin, TEAM, workflow.ident("a.jpg"))
assert (first.name, first.path, first.slots[0].file_name) == ("a.jpg", "/", "a.jpg")
assert set(get_item_ids(admin, TEAM, DATASET)) == ids
assert get_item_ids(admin, TEAM, 1) == []

# Its queries are in lower case, as ids and statuses are. Names are not always: they are found as they are written, as here.
named, _ = list_items(admin, TEAM, DATASET, QueryString({"item_names": ["c.jpg", "a.jpg"]}))
assert {item.name for item in named} == {"a.jpg", "c.jpg"}, named
new, _ = list_items(admin, TEAM, DATASET, QueryString({"statuses": ["new"]}))
assert {item.id for item in new} == ids

annotate, check = workflow.ident("Annotate"), workflow.ident("Check")
two = [workflow.ident(name) for name in NAMES[:2]]
assert get_item_ids_stage(admin, TEAM, DATASET, annotate) == []
assert set_stage_to_items(admin, TEAM, DATASET, annotate, ID, {"item_ids": two}) == {"created_commands": 2}
until(lambda: len(stages_of(state("items")["items"])) == 2)
assert {str(one) for one in get_item_ids_stage(admin, TEAM, DATASET, annotate)} == set(two)
assert {s["stage_id"] for s in stages_of(state("items")["items"]).values()} == {annotate}
assert assign_items(admin, TEAM, DATASET, 7, ID, {"item_ids": two[:1]}) == {"created_commands": 1}
until(lambda: stages_of(state("items")["items"])[two[0]]["user_id"] == 7)
assert [str(item.id) for item in list_items(worker, TEAM, DATASET)[0]] == two[:1]

# The objects above these functions, as far as they ask for nothing else.
team = admin.team
assert (team.name, team.slug) == (TEAM, TEAM)
named = team.workflows.where(name="Check annotations").collect_one()
assert {str(one.id) for one in named.stages[1].item_ids.collect_all()} == set(two)
named.stages[1].items.set_stage(workflow.ident("Complete"), ID)
until(lambda: {s["stage_id"] for s in stages_of(state("items")["items"]).values()} == {workflow.ident("Complete")})

wrong = admin.config.model_copy(update={"api_key": ADMIN[:-1] + ("A" if ADMIN[-1] != "A" else "B")})
raises(Unauthorized, get_workflow, Client(wrong), ID)
raises(NotFound, get_workflow, another, ID, TEAM)
raises(NotFound, get_workflow, another, ID)
raises(NotFound, list_items, another, TEAM, DATASET)
raises(NotFound, get_item, admin, TEAM, str(uuid.uuid4()))
raises(UnprocessibleEntity, get_item, admin, TEAM, "not-an-id")
raises(UnprocessibleEntity, set_stage_to_items, admin, TEAM, DATASET, annotate, ID, {"unknown": 1})
dataset_stage = workflow.ident("Dataset")
error = raises(UnprocessibleEntity, set_stage_to_items, admin, TEAM, DATASET, dataset_stage, ID, {"item_ids": two})
assert ADMIN not in str(error)
refused = raises(requests.HTTPError, set_stage_to_items, worker, TEAM, DATASET, check, ID, {"item_ids": two})
assert refused.response.status_code == 403
