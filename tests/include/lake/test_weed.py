"""The lake's contract and fault tests on SeaweedFS, the S3 server of docker-compose.yaml."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

WEED = os.environ.get("NIGHTSHELF_TEST_WEED", "")


@pytest.mark.timeout(1800)
@pytest.mark.skipif(not WEED, reason="NIGHTSHELF_TEST_WEED names no `weed` of SeaweedFS")
def test_the_lake_s_tests_hold_on_seaweedfs() -> None:
    folder = Path(__file__).parent
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", f"--ignore={__file__}", str(folder)]
    done = subprocess.run(command, env={**os.environ, "NIGHTSHELF_TEST_S3": WEED}, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout[-4000:]
