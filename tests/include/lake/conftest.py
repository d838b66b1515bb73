from __future__ import annotations

from pathlib import Path

import pytest

from include.lake import Lake
from tests.include.lake.backends import BACKENDS


@pytest.fixture(params=BACKENDS)
def lake(request: pytest.FixtureRequest, tmp_path: Path) -> Lake:
    return BACKENDS[request.param](tmp_path)
