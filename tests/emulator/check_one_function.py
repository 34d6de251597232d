#!/usr/bin/env python3
"""Builds one function by `cargo lambda build`, and gives it to a deployment on the emulator by `cargo lambda deploy`.

    PATH="…:$PATH" python3 tests/emulator/check_one_function.py   # cargo lambda must be on the PATH

The function is the authorizer, the smallest. Its archive must have one executable program for arm64, named bootstrap, and the
deployment must change the function's code and none of its settings. The exit code is 1 if something is broken.
"""

import os
import pathlib
import subprocess
import sys
import tempfile
import zipfile

# Keeps __pycache__ out of the source directory.
sys.dont_write_bytecode = True
import environment  # noqa: E402
import up  # noqa: E402

FUNCTION = "authorizer"
FOLDER = environment.TARGET.parent / "functions" / FUNCTION
ARCHIVE = environment.TARGET / "lambda" / FUNCTION / "bootstrap.zip"
# An ELF header's number of AArch64.
ARM64 = 183
# What differs after every update of a function's code.
CODE = {"CodeSha256", "CodeSize", "LastModified", "RevisionId"}
STATE = {"LastUpdateStatus", "LastUpdateStatusReason", "LastUpdateStatusReasonCode", "ResponseMetadata", "State", "StateReason", "StateReasonCode"}


def archive():
    """What is wrong with the archive."""
    with zipfile.ZipFile(ARCHIVE) as opened:
        entries = opened.infolist()
        if [entry.filename for entry in entries] != ["bootstrap"]:
            yield f"it has {', '.join(entry.filename for entry in entries)}"
            return
        program = opened.read("bootstrap")
        if entries[0].external_attr >> 16 & 0o111 != 0o111:
            yield "bootstrap is not executable"
        if program[:4] != b"\x7fELF" or int.from_bytes(program[18:20], "little") != ARM64:
            yield "bootstrap is no program for arm64"


def cargo_lambda(*arguments, **variables):
    subprocess.run(["cargo", "lambda", *arguments], cwd=FOLDER, env={**os.environ, **variables}, stdout=sys.stderr, check=True)


def settings(client, name):
    return {key: value for key, value in client.get_function_configuration(FunctionName=name).items() if key not in STATE}


def main():
    environment.enter()
    import deployment
    from emulator import REGION, ROOT, Emulator

    cargo_lambda("build", "--release", "--arm64", "--output-format", "zip")
    findings = list(archive())
    with tempfile.TemporaryDirectory(prefix=f"{up.DATA}{os.getpid()}-") as folder:
        programs = deployment.stand_ins(pathlib.Path(folder))
        emulator = Emulator(folder)
        try:
            emulator.start()
            deployment.deploy(emulator.endpoint, "webhook-stage", programs, {"FailureRateByDimension": "false"})
            client = deployment.client("lambda", emulator.endpoint)
            name = f"webhook-stage-{FUNCTION}"
            before = settings(client, name)
            cargo_lambda("deploy", "--endpoint-url", emulator.endpoint, "--binary-name", FUNCTION, name, AWS_REGION=REGION, **ROOT)
            after = settings(client, name)
        finally:
            emulator.stop()
    changed = {key for key in before.keys() | after.keys() if before.get(key) != after.get(key)}
    findings += [f"it changes {key}" for key in sorted(changed - CODE)]
    if "CodeSha256" not in changed:
        findings.append("it does not change the code")
    print(f"{'BROKEN' if findings else 'ok    '} cargo lambda build and deploy of one function")
    print("".join(f"       {finding}\n" for finding in findings), end="")
    return 1 if findings else 0


if __name__ == "__main__":
    sys.exit(main())
