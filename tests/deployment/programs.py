"""Prometheus and Alertmanager as processes on this machine, configured by the project's own files."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.error import URLError
from urllib.parse import urlencode
from urllib.request import urlopen

import pytest

from include.settings import PROJECT
from tests.deployment.stack import SERVICES
from tests.waiting import eventually

FILES = PROJECT / "deploy" / "prometheus"


def program(*names: str) -> str:
    """Return the path of the first program that is installed, or skip the test."""
    found = next((path for name in names if (path := shutil.which(name))), None)
    if found is None:
        pytest.skip(f"{names[0]} is not installed")
    return found


def prometheus_program() -> str:
    """Return Prometheus' path, or skip the test where it takes no OTLP: it is older than 3, or Debian's."""
    found = program("prometheus")
    said = subprocess.run([found, "--help"], capture_output=True, text=True)
    if "enable-otlp-receiver" not in said.stdout + said.stderr:
        pytest.skip(f"{found} was built without its OTLP receiver")
    return found


@contextmanager
def running(command: list[str], folder: Path, environment: Mapping[str, str], address: str) -> Iterator[None]:
    """Run a server until the end of the `with`; its output goes to a log in `folder`."""
    log = folder / f"{Path(command[0]).name}.log"
    with log.open("w") as stream:
        process = subprocess.Popen(command, cwd=folder, env=dict(environment), stdout=stream, stderr=subprocess.STDOUT)
    try:
        assert eventually(lambda: process.poll() is not None or answers(address), seconds=60), log.read_text()
        assert process.poll() is None, log.read_text()[-3000:]
        yield
    finally:
        process.terminate()
        process.wait(30)


def answers(address: str) -> bool:
    try:
        with urlopen(address, timeout=5):
            return True
    except (URLError, OSError):
        return False


def prometheus_command(program: str, folder: Path, port: int, exporter: int, alertmanager: int) -> list[str]:
    """Return the container's command with other addresses, and every pace of the configuration a second."""
    text = (FILES / "prometheus.yml").read_text()
    for there, here in (("9090", port), ("exporter:9105", exporter), ("alertmanager:9093", alertmanager)):
        assert there in text
        text = text.replace(there, f"127.0.0.1:{here}" if ":" in there else str(here))
    (folder / "prometheus.yml").write_text(re.sub(r"_(interval|timeout): \d+s", r"_\1: 1s", text))
    shutil.copy(FILES / "rules.yml", folder)
    kept = [line for line in SERVICES["prometheus"]["command"] if "config.file" not in line and "path" not in line]
    return [
        program,
        f"--config.file={folder / 'prometheus.yml'}",
        f"--storage.tsdb.path={folder / 'data'}",
        f"--web.listen-address=127.0.0.1:{port}",
        *kept,
    ]


def query(port: int, expression: str) -> list[dict[str, Any]]:
    """Return what Prometheus answers now; an expression that it cannot read is an error."""
    with urlopen(f"http://127.0.0.1:{port}/api/v1/query?{urlencode({'query': expression})}", timeout=10) as answer:
        return list(json.load(answer)["data"]["result"])
