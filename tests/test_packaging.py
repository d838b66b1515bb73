"""What pyproject.toml declares is what CI, the compose file and the set-up go by."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path

import yaml

PROJECT = Path(__file__).resolve().parent.parent
DECLARED = tomllib.loads((PROJECT / "pyproject.toml").read_text())["project"]


def test_ci_runs_the_script_once_on_each_supported_python() -> None:
    (job,) = yaml.safe_load((PROJECT / ".github/workflows/ci.yml").read_text())["jobs"].values()
    pythons = {row["python"] for row in job["strategy"]["matrix"]["include"]}
    oldest, beyond = re.findall(r"3\.(\d+)", DECLARED["requires-python"])
    assert pythons == {f"3.{minor}" for minor in range(int(oldest), int(beyond))}
    assert "bash .ci/run" in job["steps"][-1]["run"]


def test_one_version_stands_in_the_package_and_in_the_stack() -> None:
    assert f"NIGHTSHELF_VERSION:-{DECLARED['version']}" in (PROJECT / "docker-compose.yaml").read_text()


def test_the_command_is_the_one_that_the_package_declares() -> None:
    module, function = DECLARED["scripts"]["nightshelf"].split(":")
    assert f"from {module} import {function}" in (PROJECT / "scripts/setup.sh").read_text()
