"""One stack for all tests in containers: as docs/production.md starts it, and through the first night of that page.

    DOCKER='docker'              how Docker is called, several words too
    CONTAINERS_FOLDER=/tmp       a folder that the engine sees under the same path
    CONTAINERS_IMAGE=built       the image nightshelf:<version> is there already and is not built
    CONTAINERS_ROUNDS=3          how often scheduler and workers are recreated

The tests run in the order of their files and delete the stack at the end.
"""

from __future__ import annotations

import logging
import os
import shutil
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.containers.engine import BUILT, Containers, NoEngineError, copy_project, find_engine
from tests.containers.page import printed

logger = logging.getLogger(__name__)


@pytest.fixture(scope="session")
def stack() -> Iterator[Containers]:
    """The stack as it is when everything is healthy for the first time."""
    try:
        find_engine()
    except NoEngineError as error:
        pytest.skip(f"no Docker engine answers: {error}")
    folder = Path(tempfile.mkdtemp(prefix="nightshelf-", dir=os.environ.get("CONTAINERS_FOLDER")))
    copy_project(folder)
    found = Containers(folder)
    found.stand_apart()
    environment, up, *_ = printed("A first night")
    try:
        found.shell(environment)
        if not BUILT:
            begun = time.monotonic()
            found.compose("build")
            logger.info("build: %.0f s", time.monotonic() - begun)
        begun = time.monotonic()
        found.shell(up.replace(" --build", "") if BUILT else up)
        logger.info("first up: %.0f s", time.monotonic() - begun)
        yield found
    finally:
        found.compose("down", "--volumes", "--timeout", "10", check=False)
        shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture(scope="session")
def first_night(stack: Containers) -> str:
    """Return what `nightshelf first-night` said."""
    begun = time.monotonic()
    said = stack.shell(printed("A first night")[2])
    logger.info("first night: %.0f s", time.monotonic() - begun)
    return said
