"""Packages and deploys infra/sam/template.yaml as `sam deploy` does: code and template to S3, then CloudFormation."""

import io
import pathlib
import re
import sys
import time
import zipfile

import boto3
from botocore.config import Config
from botocore.exceptions import ClientError

from emulator import REGION, ROOT

TEMPLATE = pathlib.Path(__file__).resolve().parent.parent.parent / "infra" / "sam" / "template.yaml"
CODE_URI = re.compile(r"^( +CodeUri: )\.\./\.\./functions/([a-z-]+)$", re.MULTILINE)
BUCKET = "deployment-artifacts"


def client(service, endpoint):
    """A client of the emulator with the credentials of the account's root."""
    config = Config(retries={"max_attempts": 2}, connect_timeout=5, read_timeout=120, s3={"addressing_style": "path"})
    return boto3.client(
        service,
        endpoint_url=endpoint,
        region_name=REGION,
        aws_access_key_id=ROOT["AWS_ACCESS_KEY_ID"],
        aws_secret_access_key=ROOT["AWS_SECRET_ACCESS_KEY"],
        config=config,
    )


def binary(folder, function):
    """`<folder>/<function>/bootstrap`, as cargo lambda lays it out, or `<folder>/<function>`, as cargo does."""
    for path in (folder / function / "bootstrap", folder / function):
        if path.is_file():
            return path
    sys.exit(f"no program for the function {function}: neither {folder}/{function}/bootstrap nor {folder}/{function}")


def stand_ins(folder):
    """A directory with programs that do nothing, for deployments that no function has to work in."""
    programs = folder / "programs"
    programs.mkdir()
    for match in CODE_URI.finditer(TEMPLATE.read_text(encoding="utf-8")):
        (programs / match.group(2)).write_text("#!/bin/sh\nexec sleep 60\n", encoding="utf-8")
    return programs


def package(path):
    """A zip with the program as an executable `bootstrap`."""
    entry = zipfile.ZipInfo("bootstrap", date_time=(1980, 1, 1, 0, 0, 0))
    entry.external_attr = 0o755 << 16
    entry.compress_type = zipfile.ZIP_STORED
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        archive.writestr(entry, path.read_bytes())
    return buffer.getvalue()


def deploy(endpoint, stack, folder, parameters):
    """Deploys the template with these programs; returns its outputs."""
    s3, cloudformation = client("s3", endpoint), client("cloudformation", endpoint)
    s3.create_bucket(Bucket=BUCKET, CreateBucketConfiguration={"LocationConstraint": REGION})
    template = TEMPLATE.read_text(encoding="utf-8")
    for function in {match.group(2) for match in CODE_URI.finditer(template)}:
        s3.put_object(Bucket=BUCKET, Key=f"{function}.zip", Body=package(binary(folder, function)))
    template = CODE_URI.sub(rf"\1s3://{BUCKET}/\2.zip", template)
    s3.put_object(Bucket=BUCKET, Key="template.yaml", Body=template.encode())
    try:
        cloudformation.create_stack(
            StackName=stack,
            TemplateURL=f"{endpoint}/{BUCKET}/template.yaml",
            Parameters=[{"ParameterKey": key, "ParameterValue": value} for key, value in parameters.items()],
            Capabilities=["CAPABILITY_IAM", "CAPABILITY_AUTO_EXPAND"],
        )
    except ClientError as error:
        sys.exit(f"CloudFormation refuses the template: {error.response['Error']['Message']}")
    deadline = time.monotonic() + 120
    while time.monotonic() < deadline:
        found = cloudformation.describe_stacks(StackName=stack)["Stacks"][0]
        if found["StackStatus"] == "CREATE_COMPLETE":
            return {output["OutputKey"]: output["OutputValue"] for output in found.get("Outputs", [])}
        if not found["StackStatus"].endswith("_IN_PROGRESS"):
            break
        time.sleep(0.1)
    events = cloudformation.describe_stack_events(StackName=stack)["StackEvents"]
    reasons = [
        f"{event['LogicalResourceId']}: {event.get('ResourceStatusReason')}"
        for event in events
        if event["ResourceStatus"].endswith("_FAILED")
    ]
    sys.exit("the stack did not come up:\n" + "\n".join(reasons or [found.get("StackStatusReason", "no reason given")]))


def replace(endpoint, stack, folder, functions):
    """Gives these functions of the stack other programs, as `cargo lambda deploy` does."""
    functions_api = client("lambda", endpoint)
    for function in functions:
        name = f"{stack}-{function}"
        functions_api.update_function_code(FunctionName=name, ZipFile=package(binary(folder, function)))
        functions_api.get_waiter("function_updated_v2").wait(FunctionName=name, WaiterConfig={"Delay": 1})


def update(endpoint, stack, parameters):
    """Changes parameters of the stack, keeping the others."""
    cloudformation = client("cloudformation", endpoint)
    before = cloudformation.describe_stacks(StackName=stack)["Stacks"][0].get("Parameters", [])
    kept = [
        {"ParameterKey": known["ParameterKey"], "UsePreviousValue": True}
        for known in before
        if known["ParameterKey"] not in parameters
    ]
    changed = [{"ParameterKey": key, "ParameterValue": value} for key, value in parameters.items()]
    try:
        cloudformation.update_stack(
            StackName=stack,
            UsePreviousTemplate=True,
            Parameters=kept + changed,
            Capabilities=["CAPABILITY_IAM", "CAPABILITY_AUTO_EXPAND"],
        )
    except ClientError as error:
        return error.response["Error"]["Message"]
    while (found := cloudformation.describe_stacks(StackName=stack)["Stacks"][0])["StackStatus"].endswith("_IN_PROGRESS"):
        time.sleep(0.1)
    return found["StackStatus"]
