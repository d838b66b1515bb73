"""An S3 server of the tests' own: the development stack's, or the one that `NIGHTSHELF_TEST_S3` names.

`NIGHTSHELF_TEST_S3` is the path of `ministack`, `moto_server`, `versitygw` or `weed`.
"""

from __future__ import annotations

import os
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from devstack.home import Home
from devstack.ports import LOCALHOST, free_port
from devstack.s3 import PROGRAM, answers, server_environment
from include.lake.s3_client import make_client
from include.settings import load_s3_settings, load_settings
from include.spark.s3 import jar_names

BUCKET = "nightshelf-test"
KEY, SECRET = "test-key", "test-secret-of-no-use"
JARS = load_settings().jar_folder
needs_jars = pytest.mark.skipif(
    not all((JARS / name).is_file() for name in jar_names()), reason="make jars fetches what Spark needs for S3"
)


def _command(port: int, folder: str) -> list[str]:
    program = os.environ.get("NIGHTSHELF_TEST_S3", str(PROGRAM))
    if not Path(program).is_file():
        pytest.fail(f"there is no S3 server for the tests at {program}: run make s3")
    if "versitygw" in program:
        return [program, "--port", f"{LOCALHOST}:{port}", "posix", folder]
    if Path(program).name == "weed":  # as docker-compose.yaml starts it, besides what only more services need
        local = [f"-ip={LOCALHOST}", f"-ip.bind={LOCALHOST}", "-admin.ui=false", "-webdav=false"]
        s3 = ["-s3.autoCreateBucket=false", "-s3.port.iceberg=0", "-s3.port.lance=0"]
        ports = [f"-s3.port={port}", f"-s3.port.grpc={free_port()}"]
        return [program, "mini", f"-dir={folder}", *local, *s3, *ports]
    if "moto_server" in program:
        return [program, "-H", LOCALHOST, "-p", str(port)]
    return [program]


@contextmanager
def s3_in_environment() -> Iterator[dict[str, str]]:
    """Start a server as `running_s3` does, and set its variables in this process meanwhile."""
    with running_s3() as variables, pytest.MonkeyPatch.context() as patch:
        for name, value in variables.items():
            patch.setenv(name, value)
        yield variables


@contextmanager
def running_s3() -> Iterator[dict[str, str]]:
    """Start a server with the bucket `BUCKET`; yield the variables by which it is found."""
    port = free_port()
    variables = {
        "AWS_ENDPOINT_URL": f"http://127.0.0.1:{port}",
        "AWS_ACCESS_KEY_ID": KEY,
        "AWS_SECRET_ACCESS_KEY": SECRET,
        "AWS_REGION": "us-east-1",
    }
    with tempfile.TemporaryDirectory() as folder:
        process = subprocess.Popen(
            _command(port, folder),
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            cwd=folder,
            env={
                **os.environ,
                **server_environment(Home(Path(folder)), port),
                **{name: variables[name] for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY")},
                "ROOT_ACCESS_KEY": KEY,
                "ROOT_SECRET_KEY": SECRET,
            },
        )
        try:
            if not answers(port, lambda: process.poll() is None):
                pytest.fail(f"the S3 server did not start: {process.args}")
            make_client(load_s3_settings(variables)).create_bucket(Bucket=BUCKET)
            yield variables
        finally:
            process.terminate()
            process.wait(10)
