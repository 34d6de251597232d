#!/usr/bin/env python3
"""Deploys infra/sam/template.yaml on the emulator, as it is and with everything switched on, and prints what is not as it should be.

    python3 tests/emulator/check_deployment.py            # the template
    python3 tests/emulator/check_deployment.py --breaks   # also checks that it detects deliberate breaks of it

1. As it is, with the longest name that a stack may have without NamePrefix.
2. The same stack, with everything switched on by an update.
3. With everything switched on from the start, and CloudFormation's longest stack name.

Programs that do nothing stand in for the functions, so nothing has to be built; what functions do in a deployment is tested by
tests/tests. What the emulator leaves out is printed as `unseen`; check_template.py has rules for it. The exit code is 1 if
something is broken.
"""

import os
import pathlib
import sys
import tempfile

# Keeps __pycache__ out of the source directory.
sys.dont_write_bytecode = True
import environment  # noqa: E402
import up  # noqa: E402

# The emulator has no alarms on Metrics Insights.
WITHOUT = {"FailureRateByDimension": "false"}
# Deliberate breaks of the template.
BREAKS = (
    ("QueueName: !Sub ['${Name}-parked'", "QueueName: !Sub ['${Name}-put-aside'"),
    ("IndexName: at-rest", "IndexName: resting"),
    ("Tracing: !Ref Tracing", "Tracing: PassThrough"),
)


def complete(deployed):
    """Each resource that the conditions leave in the template is there, no other, and under the name that it should have."""
    from rules_names import MOST, filled

    wanted, there = set(deployed.template.resources), deployed.resources
    for name, function in deployed.template.of("AWS::Serverless::Function").items():
        # SAM makes an event source mapping of each.
        wanted |= {name + event for event in function.get("Events", {})}
    yield from (f"{name} is missing" for name in sorted(wanted - there.keys()))
    yield from (f"{name} is there" for name in sorted(there.keys() - wanted))
    yield from (f"{name}: {one['ResourceStatus']}" for name, one in there.items() if not one["ResourceStatus"].endswith("_COMPLETE"))
    known = {"AWS::StackName": deployed.stack, "NamePrefix": deployed.parameters.get("NamePrefix")}
    for (kind, field), most in MOST.items():
        # An API is known by an id, and a namespace is nobody's name.
        if (kind, field) == ("AWS::ApiGatewayV2::Api", "Name") or field == "Namespace":
            continue
        for name, properties in deployed.template.of(kind).items():
            own = filled(properties[field], known)
            # A queue is known by its URL and a topic by its ARN; both end with the name.
            found = deployed.id(name).split("/")[-1] if kind == "AWS::SQS::Queue" else deployed.id(name).split(":")[-1]
            if found != own or len(own) > most:
                yield f"{name} is named {found}, and should be {own}"


def look(deployed):
    """What is wrong, what the emulator leaves out, and how much was looked at."""
    import switched

    looked = list(switched.looks(deployed))
    findings = [*complete(deployed), *(f"{what}: {found} instead of {wanted}" for what, found, wanted, seen in looked if seen and found != wanted)]
    return findings, sorted({what for what, found, wanted, seen in looked if not seen and found != wanted}), len(looked)


def deployments(programs, broken=False):
    """Deploys it in each way. A broken one is only deployed with everything on."""
    import deployment
    import rules_names
    from emulator import Emulator
    from switched import Deployed
    from switches import ON

    plain = ("as it is", "s" * rules_names.LONGEST, {}, {key: value for key, value in ON.items() if key != "NamePrefix"})
    for title, stack, first, then in ([] if broken else [plain]) + [("everything on", "StackSet-".ljust(rules_names.LONGEST_STACK, "s"), ON, None)]:
        with tempfile.TemporaryDirectory(prefix=f"{up.DATA}{os.getpid()}-") as data:
            emulator = Emulator(data)
            try:
                emulator.start()
                secrets = deployment.client("secretsmanager", emulator.endpoint)
                secrets.create_secret(Name=ON["ReceiverSigningSecret"], SecretString="whsec_c2VjcmV0")
                deployment.deploy(emulator.endpoint, stack, programs, {**first, **WITHOUT})
                yield title, Deployed(emulator.endpoint, stack, {**first, **WITHOUT}, on=bool(first))
                if then:
                    status = deployment.update(emulator.endpoint, stack, then)
                    if status != "UPDATE_COMPLETE":
                        sys.exit(f"BROKEN switched on later: {status}")
                    yield "switched on later", Deployed(emulator.endpoint, stack, {**then, **WITHOUT}, on=True)
            finally:
                emulator.stop()


def main():
    environment.enter()
    import deployment

    broken, unseen = False, set()
    with tempfile.TemporaryDirectory(prefix=f"{up.DATA}{os.getpid()}-") as folder:
        programs = deployment.stand_ins(pathlib.Path(folder))
        for title, deployed in deployments(programs):
            findings, left_out, looked = look(deployed)
            broken |= bool(findings)
            unseen |= set(left_out)
            print(f"{'BROKEN' if findings else 'ok    '} {title}: {len(deployed.resources)} resources, {looked} properties")
            print("".join(f"       {finding}\n" for finding in findings), end="")
        print(f"unseen {', '.join(sorted(unseen))}")
        original = deployment.TEMPLATE.read_text(encoding="utf-8")
        for old, new in BREAKS if "--breaks" in sys.argv[1:] else ():
            assert old in original, old
            deployment.TEMPLATE = programs / "template.yaml"
            deployment.TEMPLATE.write_text(original.replace(old, new), encoding="utf-8")
            for _, deployed in deployments(programs, broken=True):
                if not look(deployed)[0]:
                    broken = True
                    print(f"BROKEN a deliberate break is not detected: {new}")
    return 1 if broken else 0


if __name__ == "__main__":
    sys.exit(main())
