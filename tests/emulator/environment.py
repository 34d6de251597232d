"""A virtual environment under target/, created once for each requirements file and Python version."""

import fcntl
import hashlib
import os
import pathlib
import shutil
import subprocess
import sys

HERE = pathlib.Path(__file__).resolve().parent
TARGET = HERE.parent.parent / "target"


def python(name="emulator-venv", requirements="requirements.txt"):
    """The environment's interpreter. Pip's output goes to standard error."""
    if sys.version_info < (3, 11):
        sys.exit(f"the emulator needs Python 3.11 or later, and this is {sys.version.split()[0]}")
    wanted = hashlib.sha256((HERE / requirements).read_bytes() + sys.version.encode()).hexdigest()
    home, stamp = TARGET / name, TARGET / name / "stamp"
    interpreter = home / "bin" / "python3"
    TARGET.mkdir(exist_ok=True)
    # Tests may start at the same time: one creates it, the others wait.
    with open(TARGET / f".{name}.lock", "w", encoding="utf-8") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if stamp.is_file() and stamp.read_text(encoding="utf-8") == wanted:
            return interpreter
        shutil.rmtree(home, ignore_errors=True)
        _run([sys.executable, "-m", "venv", home], "python3 -m venv failed: is the package python3-venv installed?")
        # The requirements files list every package, including dependencies.
        pip = [interpreter, "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
        _run([*pip, "--no-deps", "--require-hashes", "-r", HERE / requirements], f"pip could not install {requirements}")
        stamp.write_text(wanted, encoding="utf-8")
    return interpreter


def enter(*which):
    """Restarts the program in the environment's interpreter."""
    interpreter = python(*which)
    if pathlib.Path(sys.prefix).resolve() != interpreter.parent.parent.resolve():
        os.execv(interpreter, [str(interpreter), *sys.argv])


def _run(command, complaint):
    if subprocess.run(command, stdout=sys.stderr, check=False).returncode != 0:
        sys.exit(complaint)


if __name__ == "__main__":
    print(python(*sys.argv[1:]))
