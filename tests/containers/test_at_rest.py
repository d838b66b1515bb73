"""The stack as it stands before anything has happened: who may what, who reaches whom, what it takes."""

from __future__ import annotations

import logging
import re

import pytest

from tests.containers.engine import Containers

logger = logging.getLogger(__name__)

pytestmark = [pytest.mark.containers, pytest.mark.timeout(1800)]

UNITS = {"B": 1, "KiB": 1 << 10, "MiB": 1 << 20, "GiB": 1 << 30}


def reaches(stack: Containers, service: str, host: str, port: int) -> bool:
    code = "import socket, sys; socket.create_connection((sys.argv[1], int(sys.argv[2])), 3); print('reached')"
    return stack.python(service, code, host, str(port), check=False) == "reached"


def test_everything_is_healthy_and_hardened(stack: Containers) -> None:
    assert stack.unhealthy() == []
    for name, found in stack.services().items():
        host = found["HostConfig"]
        assert host["CapDrop"] == ["ALL"] and host["Memory"] > 0 and host["NanoCpus"] > 0, name
        assert "no-new-privileges:true" in host["SecurityOpt"], name
        ports = [port["HostIp"] for ports in host["PortBindings"].values() for port in ports]
        assert set(ports) <= {"127.0.0.1"}, name


def test_nobody_serves_as_root_or_with_capabilities(stack: Containers) -> None:
    for name in set(stack.services()) - {"init"}:
        rights = stack.run(name, "sh", "-c", "grep -hE '^(Uid|CapEff|CapPrm)' /proc/1/status").split()
        assert rights[1] != "0" and rights[-1] == rights[-3] == "0" * 16, (name, rights)


def test_the_data_is_reached_by_its_front_only(stack: Containers) -> None:
    assert reaches(stack, "airflow-scheduler", "s3", 8333)
    for port in (8888, 18888, 9333, 8181, 9101):
        assert not reaches(stack, "airflow-scheduler", "s3", port), port
        assert not reaches(stack, "airflow-scheduler", "seaweedfs", port), port
    for port in (8333, 18333):  # the gateway's gRPC asks for no keys
        assert not reaches(stack, "exporter", "s3", port), port


def test_a_mistyped_bucket_is_refused(stack: Containers) -> None:
    code = (
        "import boto3; boto3.client('s3', endpoint_url='http://s3:8333').put_object(Bucket='typo', Key='a', Body=b'')"
    )
    assert "NoSuchBucket" in stack.python("airflow-scheduler", code, check=False)


def test_mlflow_asks_for_the_password(stack: Containers) -> None:
    code = (
        "import os, sys, requests as r; page = 'http://mlflow:5000/api/2.0/mlflow/experiments/search?max_results=1';"
        "logins = None, ('admin', 'wrong'), (os.environ['MLFLOW_TRACKING_USERNAME'], sys.argv[1]);"
        "print(*(r.get(page, auth=login, timeout=30).status_code for login in logins))"
    )
    password = stack.values()["MLFLOW_ADMIN_PASSWORD"]
    assert stack.python("airflow-scheduler", code, password) == "401 401 200"


def test_at_rest_the_stack_takes_less_than_five_gigabytes(stack: Containers) -> None:
    said = stack.docker("stats", "--no-stream", "--format", "{{.MemUsage}}", *stack.ids())
    used = [re.match(r"([\d.]+)(\w+)", line) for line in said.splitlines()]
    total = sum(float(match[1]) * UNITS[match[2]] for match in used if match)
    logger.info("memory at rest: %.0f MiB", total / (1 << 20))
    assert total < 5 << 30


def test_the_image_is_smaller_than_three_gigabytes(stack: Containers) -> None:
    image = stack.services()["airflow-api"]["Config"]["Image"]
    size = int(stack.docker("image", "inspect", "--format", "{{.Size}}", image))
    logger.info("image: %.2f GB", size / 1e9)
    assert size < 3.0e9
