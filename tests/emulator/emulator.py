"""MiniStack as a child process, with its data in a directory of its own."""

import ctypes
import os
import pathlib
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request

HERE = pathlib.Path(__file__).resolve().parent
REGION = "eu-west-1"
# The credentials of the account's root. Functions get their role's credentials.
ROOT = {"AWS_ACCESS_KEY_ID": "test", "AWS_SECRET_ACCESS_KEY": "test"}


class Emulator:
    """One MiniStack on one port. `restart` keeps its state."""

    def __init__(self, data, functions_endpoint=None, iam=True):
        self.data = pathlib.Path(data)
        self.port = _free_port()
        self.endpoint = f"http://127.0.0.1:{self.port}"
        self.log = self.data / "emulator.log"
        self.environment = {
            **{name: value for name, value in os.environ.items() if not name.startswith("AWS_")},
            **ROOT,
            "AUTH": "true" if iam else "false",
            "AWS_DEFAULT_REGION": REGION,
            # The functions' AWS endpoint.
            "AWS_ENDPOINT_URL": functions_endpoint or self.endpoint,
            # Lambda sets these from the functions' LoggingConfig, but MiniStack does not.
            "AWS_LAMBDA_LOG_FORMAT": "JSON",
            "AWS_LAMBDA_LOG_LEVEL": "INFO",
            "BIND_HOST": "127.0.0.1",
            # The file in which the functions' calls are recorded.
            "CALLS": str(self.data / "calls.jsonl"),
            "GATEWAY_PORT": str(self.port),
            # These listen on fixed ports, so a second instance could not start.
            "IOT_MTLS_ENABLED": "0",
            "SFTP_ENABLED": "0",
            "MINISTACK_HOST": "127.0.0.1",
            "MINISTACK_REGION": REGION,
            "PERSIST_STATE": "1",
            "S3_DATA_DIR": str(self.data / "s3"),
            "S3_PERSIST": "1",
            "STATE_DIR": str(self.data / "state"),
            "TMPDIR": str(self.data / "tmp"),
            "PYTHONUNBUFFERED": "1",
        }
        for folder in ("s3", "state", "tmp"):
            (self.data / folder).mkdir(parents=True, exist_ok=True)
        self.process = None

    def start(self):
        """Starts it and waits until it answers."""
        with open(self.log, "ab") as log:
            self.process = subprocess.Popen(
                [sys.executable, HERE / "server.py"],
                env=self.environment,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                cwd=self.data,
                # A process group of its own, so that the functions' processes can be killed with it.
                start_new_session=True,
                preexec_fn=_die_with_parent,
            )
        deadline = time.monotonic() + 60
        while time.monotonic() < deadline:
            if self.process.poll() is not None:
                break
            try:
                with urllib.request.urlopen(f"{self.endpoint}/_ministack/health", timeout=2):
                    return
            except (urllib.error.URLError, OSError):
                time.sleep(0.05)
        self.stop()
        sys.exit(f"the emulator did not start; the end of its log:\n{self.tail()}")

    def stop(self, gracefully=False):
        """Stops it, and kills every function's process."""
        if self.process is None:
            return
        if gracefully and self.process.poll() is None:
            # It saves its state only on a graceful stop.
            self.process.terminate()
            try:
                self.process.wait(timeout=60)
            except subprocess.TimeoutExpired:
                pass
        try:
            os.killpg(self.process.pid, signal.SIGKILL)
        except ProcessLookupError:
            pass
        self.process.wait()

    def restart(self):
        """Stops it gracefully, and starts it again with the same data on the same port."""
        self.stop(gracefully=True)
        self.start()

    def functions(self, name):
        """The process ids of a function's environments."""
        wanted = f"AWS_LAMBDA_FUNCTION_NAME={name}".encode()
        found = []
        for entry in pathlib.Path("/proc").iterdir():
            if not entry.name.isdigit():
                continue
            try:
                same_group = os.getpgid(int(entry.name)) == self.process.pid
                if same_group and wanted in (entry / "environ").read_bytes().split(b"\0"):
                    found.append(int(entry.name))
            except OSError:
                continue
        return found

    def kill(self, name):
        """Kills every environment of a function, as a crash would."""
        pids = self.functions(name)
        for pid in pids:
            try:
                os.kill(pid, signal.SIGKILL)
            except ProcessLookupError:
                pass
        return pids

    def tail(self, lines=30):
        """The end of its log."""
        return "\n".join(self.log.read_text(encoding="utf-8", errors="replace").splitlines()[-lines:])


def _free_port():
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return listener.getsockname()[1]


def _die_with_parent():
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(1, signal.SIGKILL)
