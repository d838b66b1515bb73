from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from include.lake import Lake
from tests.include.lake.backends import BACKENDS
from tests.s3_servers import s3_in_environment


@pytest.fixture(scope="package", autouse=True)
def s3() -> Iterator[dict[str, str]]:
    """The same as everywhere, one for all of the lake's tests."""
    with s3_in_environment() as variables:
        yield variables


@pytest.fixture(params=BACKENDS)
def lake(request: pytest.FixtureRequest, tmp_path: Path) -> Lake:
    return BACKENDS[request.param](tmp_path)
