"""What is written for containers, as it holds on this machine."""

from __future__ import annotations

import ipaddress
import sys
from pathlib import Path

import pytest

from include.settings import PROJECT
from tests.rehearsal.places import Places, random_subnet

PLACES = Places(
    home=Path("/h"),
    cache=Path("/c"),
    addresses={"api": "127.9.9.1", "mlflow": "127.9.9.2", "spark-master": "127.9.9.3"},
    servers={"postgres": "127.0.0.1:40001", "s3": "127.0.0.1:40002"},
)


@pytest.mark.parametrize(
    ("text", "here"),
    [
        ("http://mlflow:5000", "http://127.9.9.2:5000"),
        ("spark://spark-master:7077", "spark://127.9.9.3:7077"),
        ("postgresql://mlflow:12ab@postgres:5432/mlflow", "postgresql://mlflow:12ab@127.0.0.1:40001/mlflow"),
        ("http://s3:8333", "http://127.0.0.1:40002"),
        ("s3://nightshelf/mlflow", "s3://nightshelf/mlflow"),
        ("--host=0.0.0.0", "--host=127.9.9.1"),
        ("http://127.0.0.1:8080/health", "http://127.9.9.1:8080/health"),
        ("mlflow,mlflow:*,localhost:*,127.0.0.1:*", "mlflow,127.9.9.2:*,localhost:*,127.9.9.1:*"),
        ("http://localhost:8080", "http://localhost:8080"),
        ("/opt/nightshelf/dags", f"{PROJECT}/dags"),
        ("/opt/venv/bin:$PATH", f"{sys.prefix}/bin:$PATH"),
        ("/var/cache/nightshelf", "/c"),
        ("sqlite:////var/lib/x/a.db", "sqlite:////h/volumes/data/a.db"),
        ("/tmp/spark", "/h/tmp/api/spark"),
        ("/tmpfs /var/lib/xy http://my-mlflow:1 10.0.0.0.0", "/tmpfs /var/lib/xy http://my-mlflow:1 10.0.0.0.0"),
    ],
)
def test_hosts_and_folders_are_found_where_they_are(text: str, here: str) -> None:
    assert PLACES.translated(text, "api", {"data": "/var/lib/x"}) == here


def test_subnets_lie_on_this_machine() -> None:
    for _ in range(50):
        assert ipaddress.ip_address(f"{random_subnet()}.1").is_loopback
    assert random_subnet() != "127.0.0"
