"""A client that is made from the OpenAPI document, schemathesis: each answer is as the document says, whatever is asked.

`check_schema.py API_URL KEY`. The seed is the same each time.
"""

import sys

sys.path.insert(0, str(__import__("pathlib").Path(__file__).resolve().parent.parent / "emulator"))

import environment  # noqa: E402

environment.enter("api-venv", "../api/requirements.txt")

import os  # noqa: E402
import pathlib  # noqa: E402
import subprocess  # noqa: E402
import tempfile  # noqa: E402

import requests  # noqa: E402

import workflow  # noqa: E402

URL, KEY = sys.argv[1:3]
TEAM = f"{URL}/v2/teams/{workflow.TEAM}"
SETTINGS = pathlib.Path(__file__).with_name("schemathesis.toml")


def stored(path, body):
    requests.post(f"{TEAM}/{path}", json=body, headers={"Authorization": f"ApiKey {KEY}"}).raise_for_status()


# What the settings name.
for name in ["Check annotations", "Another"]:
    stored("workflows", workflow.workflow(name=name))
for name in ["a.jpg", "b.jpg"]:
    stored("items", workflow.document(name))
for name in ["Check annotations", "Another", "Annotate", "Check"]:
    assert workflow.ident(name) in SETTINGS.read_text(encoding="utf-8"), name

known = {"TEAM": workflow.TEAM, "API_KEY": KEY}
program = pathlib.Path(sys.prefix) / "bin" / "schemathesis"
with tempfile.TemporaryDirectory() as directory:
    command = [program, "--config-file", SETTINGS, "run", f"{URL}/openapi.json", "--url", URL, *sys.argv[3:]]
    sys.exit(subprocess.run(command, cwd=directory, env={**os.environ, **known}, check=False).returncode)
