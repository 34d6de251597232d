#!/usr/bin/env python3
"""Runs an AWS emulator with webhook-stage deployed on it, until standard input ends.

    python3 tests/emulator/up.py --programs target/debug [--parameter Name=value …]

Prints one JSON line when it is up, and one for each command it reads from standard input:
`{"do": "restart"}`, `{"do": "kill", "function": "sender"}`, `{"do": "update", "parameters": {…}}`,
`{"do": "programs", "programs": "DIR", "functions": ["sender"]}`.
When standard input ends, it stops the emulator and every function.
"""

import argparse
import json
import os
import pathlib
import shutil
import signal
import sys
import tempfile
import time

# Keeps __pycache__ out of the source directory.
sys.dont_write_bytecode = True
import environment  # noqa: E402

DATA = "webhook-stage-emulator-"


def arguments():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--programs", type=pathlib.Path, required=True, help="directory with a program for each function")
    parser.add_argument("--parameter", action="append", default=[], metavar="NAME=VALUE", help="a parameter of the template")
    parser.add_argument("--stack", default="webhook-stage", help="the stack's name")
    parser.add_argument("--functions-endpoint", metavar="URL", help="endpoint the functions use, such as a proxy's")
    parser.add_argument("--without-iam", action="store_true", help="do not enforce the functions' roles")
    return parser.parse_args()


def remove_leftovers():
    """Removes the data of killed predecessors, but not of running ones."""
    for left in pathlib.Path(tempfile.gettempdir()).glob(f"{DATA}*-*"):
        pid = left.name.removeprefix(DATA).split("-")[0]
        if pid.isdigit() and not pathlib.Path(f"/proc/{pid}").exists():
            shutil.rmtree(left, ignore_errors=True)


def say(line):
    print(json.dumps(line, ensure_ascii=False), flush=True)


def main():
    options = arguments()
    environment.enter()
    started = time.monotonic()
    import deployment
    from emulator import REGION, ROOT, Emulator

    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    data = pathlib.Path(tempfile.mkdtemp(prefix=f"{DATA}{os.getpid()}-"))
    remove_leftovers()
    emulator = Emulator(data, options.functions_endpoint, iam=not options.without_iam)
    try:
        emulator.start()
        healthy = time.monotonic()
        # The emulator has no Metrics Insights alarms, and its receiver is on loopback.
        parameters = {"FailureRateByDimension": "false", "AllowNetworks": "127.0.0.0/8"}
        parameters.update(pair.split("=", 1) for pair in options.parameter)
        outputs = deployment.deploy(emulator.endpoint, options.stack, options.programs.resolve(), parameters)
        if "ReceiverApiId" in outputs:
            # The API's host name does not resolve here. The emulator takes the API id from the path.
            outputs["ReceiverUrl"] = f"{emulator.endpoint}/_aws/execute-api/{outputs['ReceiverApiId']}/$default/"
        if "ApiGatewayId" in outputs:
            outputs["ApiUrl"] = f"{emulator.endpoint}/_aws/execute-api/{outputs['ApiGatewayId']}/$default/api"
        say(
            {
                "endpoint": emulator.endpoint,
                "region": REGION,
                "access_key_id": ROOT["AWS_ACCESS_KEY_ID"],
                "secret_access_key": ROOT["AWS_SECRET_ACCESS_KEY"],
                "stack": options.stack,
                "outputs": outputs,
                "log": str(emulator.log),
                "calls": emulator.environment["CALLS"],
                "pid": emulator.process.pid,
                "seconds": {"healthy": round(healthy - started, 2), "deployed": round(time.monotonic() - healthy, 2)},
            }
        )
        for line in sys.stdin:
            say(execute(json.loads(line), emulator, options.stack, deployment))
    finally:
        emulator.stop()
        shutil.rmtree(data, ignore_errors=True)


def execute(command, emulator, stack, deployment):
    if command["do"] == "restart":
        emulator.restart()
        return {"done": "restart", "pid": emulator.process.pid}
    if command["do"] == "kill":
        return {"done": "kill", "killed": emulator.kill(f"{stack}-{command['function']}")}
    if command["do"] == "programs":
        deployment.replace(emulator.endpoint, stack, pathlib.Path(command["programs"]), command["functions"])
        return {"done": "programs"}
    if command["do"] == "update":
        return {"done": "update", "status": deployment.update(emulator.endpoint, stack, command["parameters"])}
    return {"error": f"unknown command {command['do']!r}"}


if __name__ == "__main__":
    main()
