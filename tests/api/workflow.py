"""A workflow as V7 exports it: Dataset, Annotate, Webhook ("Check"), Complete, and Review for files whose check fails."""

import os
import uuid

DATASET = 4711
# The team of the keys; a server may have several tests under way.
TEAM = os.environ.get("API_TEAM", "example-clinic")


def ident(name):
    return str(uuid.uuid5(uuid.NAMESPACE_OID, name))


def stage(name, kind, edges, config=None):
    return {
        "id": ident(name),
        "name": name,
        "type": kind,
        "assignable_users": [],
        "config": {"assignable_to": "anyone", **(config or {})},
        "edges": [
            {
                "id": ident(f"{name} {edge}"),
                "name": edge,
                "source_stage_id": ident(name),
                "target_stage_id": ident(target),
            }
            for edge, target in edges.items()
        ],
    }


def workflow(url="http://127.0.0.1:9/", name="Check annotations", config=None):
    return {
        "id": ident(name),
        "name": name,
        "team_id": 42,
        "thumbnails": [],
        "dataset": {"id": DATASET, "name": "Chest X-rays", "instructions": ""},
        "stages": [
            stage("Dataset", "dataset", {"default": "Annotate"}, {"initial": True, "dataset_id": DATASET}),
            stage("Annotate", "annotate", {"default": "Check"}),
            stage("Check", "webhook", {"succeeded": "Complete", "failed": "Review"}, {"url": url, **(config or {})}),
            stage("Review", "review", {"approve": "Complete", "reject": "Annotate"}),
            stage("Complete", "complete", {}),
        ],
    }


def document(name, classes=(), dataset=DATASET, team=TEAM):
    """A file's Darwin JSON 2.0 with one tag for each class."""
    management = f"https://darwin.example/datasets/{dataset}/dataset-management"
    source = {
        "item_id": ident(name),
        "dataset": {"name": "Chest X-rays", "slug": "chest-x-rays", "dataset_management_url": management},
        "team": {"name": "Example Clinic", "slug": team},
    }
    files = [{"file_name": name, "url": "https://darwin.example/file"}]
    return {
        "version": "2.0",
        "item": {
            "name": name,
            "path": "/",
            "source_info": source,
            "slots": [{"type": "image", "slot_name": "0", "width": 10, "height": 10, "source_files": files}],
        },
        "annotations": [{"id": ident(f"{name} {one}"), "name": one, "tag": {}} for one in classes],
    }
