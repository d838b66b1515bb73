"""The kernel is compiled before a test is timed."""

from __future__ import annotations

import pytest

from include.ranking import compile_kernel


@pytest.fixture(scope="session", autouse=True)
def _compiled() -> None:
    compile_kernel()
