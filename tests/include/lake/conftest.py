from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from include.lake import Lake
from tests.include.lake.backends import BACKENDS
from tests.s3_servers import running_s3


@pytest.fixture(scope="package", autouse=True)
def s3() -> Iterator[str]:
    """An S3 server with an empty bucket, which the environment names; yields its address."""
    with running_s3() as variables, pytest.MonkeyPatch.context() as patch:
        for name, value in variables.items():
            patch.setenv(name, value)
        yield variables["AWS_ENDPOINT_URL"]


@pytest.fixture(params=BACKENDS)
def lake(request: pytest.FixtureRequest, tmp_path: Path) -> Lake:
    return BACKENDS[request.param](tmp_path)
