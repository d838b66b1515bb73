"""An S3 server of the stack's own, for `make nightly LAKE=s3`.

It stores objects as files of the home and checks conditional puts, but no credentials: anyone who may
connect to 127.0.0.1 of this machine may read and write them.
"""

from __future__ import annotations

import secrets
import time
from collections.abc import Callable, Mapping

import requests

from devstack.home import S3_PORT, Home
from devstack.ports import LOCALHOST, require_free
from devstack.processes import marks
from devstack.supervised import Supervised
from include.errors import StackError
from include.lake.s3_client import make_client
from include.settings import PROJECT, load_s3_settings

BUCKET = "nightshelf"
PROGRAM = PROJECT / ".venv-s3" / "bin" / "ministack"
NAME = PART = "s3"
START_SECONDS = 60


def s3_values(port: int, known: Mapping[str, str]) -> dict[str, str]:
    """Return what the stack file says of the server on `port` and of what is stored there.

    Parameters
    ----------
    known
        The stack file's values; keys among them stay.
    """
    return {
        "AWS_ENDPOINT_URL": f"http://{LOCALHOST}:{port}",
        "AWS_REGION": "us-east-1",
        "AWS_ACCESS_KEY_ID": known.get("AWS_ACCESS_KEY_ID") or secrets.token_hex(10),
        "AWS_SECRET_ACCESS_KEY": known.get("AWS_SECRET_ACCESS_KEY") or secrets.token_hex(20),
        "LAKE_URI": f"s3://{BUCKET}/lake",
        "LANDING_URI": f"s3://{BUCKET}/landing",
        "NIGHTSHELF_ARTIFACT_URI": f"s3://{BUCKET}/mlflow",
    }


class S3Server:
    """The S3 server of one home, kept running by a supervisor; objects are in `<home>/s3`."""

    def __init__(self, home: Home, port: int) -> None:
        self.port = port
        self._home = home
        self._supervised = Supervised(home, PART, {NAME: [str(PROGRAM)]})

    def running(self) -> bool:
        """Tell whether it is kept running."""
        return self._supervised.find_supervisor() is not None

    def start(self, environment: Mapping[str, str]) -> None:
        """Start the server unless it runs, wait until it answers, and make the bucket.

        Parameters
        ----------
        environment
            Of the server, and of how it is reached where the stack file does not say so.

        Raises
        ------
        StackError
            When the program is not installed, the port is busy, or it does not answer.
        """
        if not self.running():
            self._supervised.end_leftovers()
            if not PROGRAM.is_file():
                raise StackError(f"the S3 server is not installed: {PROGRAM} is missing", remedy="run make s3")
            require_free(self.port, "the S3 server", variable=S3_PORT)
            settings = server_environment(self._home, self.port)
            self._supervised.start({**environment, **settings, **marks(self._home.root, PART)})
        if not answers(self.port, self.running):
            log = self._home.logs / f"{NAME}.log"
            raise StackError(f"the S3 server on port {self.port} does not answer", remedy=f"read {log}")
        access = load_s3_settings({**environment, "NIGHTSHELF_HOME": str(self._home.root)})
        client = make_client(access)
        if BUCKET not in {bucket["Name"] for bucket in client.list_buckets()["Buckets"]}:
            client.create_bucket(Bucket=BUCKET)

    def stop(self) -> int:
        """End it and return how many processes there were; what it stores stays."""
        return self._supervised.stop()


def answers(port: int, running: Callable[[], bool]) -> bool:
    """Wait until the server on `port` answers, and tell whether it did while it was `running`, within a minute."""
    deadline = time.monotonic() + START_SECONDS
    while running() and time.monotonic() < deadline:
        try:
            requests.get(f"http://{LOCALHOST}:{port}/", timeout=5)
            return True
        except requests.RequestException:  # refused, or slow on a busy machine
            time.sleep(0.1)
    return False


def server_environment(home: Home, port: int) -> dict[str, str]:
    """Return what the server is told: where to listen and, in folders that are made, where to store."""
    objects, state = (home.root / "s3" / name for name in ("objects", "state"))
    for folder in (objects, state):
        try:
            folder.mkdir(parents=True, mode=0o700, exist_ok=True)
        except OSError as error:
            raise StackError(
                f"{folder} cannot be made: {error.strerror}", remedy="remove what is in its way"
            ) from error
    return {
        "BIND_HOST": LOCALHOST,
        "GATEWAY_PORT": str(port),
        "SERVICES": "s3,sts",
        "S3_PERSIST": "1",
        "S3_DATA_DIR": str(objects),
        "PERSIST_STATE": "1",
        "STATE_DIR": str(state),
        "LOG_LEVEL": "WARNING",
    }
