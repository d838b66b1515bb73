"""The kernel is compiled once for all runs of the tests, and before a test is timed."""

from __future__ import annotations

import os

import pytest

from include.ranking import compile_kernel


@pytest.fixture(scope="session", autouse=True)
def _compiled(pytestconfig: pytest.Config) -> None:
    os.environ.setdefault("NUMBA_CACHE_DIR", str(pytestconfig.cache.mkdir("kernel")))
    compile_kernel()
