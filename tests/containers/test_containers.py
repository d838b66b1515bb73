"""docker-compose.yaml in a real Docker engine: `make test-containers`, about ten minutes once the image is built.

    DOCKER='docker'              how Docker is called, several words too
    CONTAINERS_FOLDER=/tmp       a folder that the engine sees
    CONTAINERS_IMAGE=built       the image nightshelf:<version> is there already and is not built

The tests run in their order, on one stack that is a project of its own, and delete it at the end.
"""

from __future__ import annotations

import json
import logging
import os
import re
import shutil
import subprocess
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from include.settings import read_stack_file
from tests.containers.engine import Containers, NoEngineError, copy_project, find_engine, write_ports
from tests.waiting import eventually

logger = logging.getLogger(__name__)

pytestmark = [pytest.mark.containers, pytest.mark.timeout(3600)]

SECRET = re.compile(r"PASSWORD|SECRET|KEY")
NIGHT = "2025-03-02"
SHOP = ("--users", "400", "--items", "200")


@pytest.fixture(scope="module")
def stack() -> Iterator[Containers]:
    try:
        find_engine()
    except NoEngineError as error:
        pytest.skip(f"no Docker engine answers: {error}")
    folder = Path(tempfile.mkdtemp(prefix="nightshelf-", dir=os.environ.get("CONTAINERS_FOLDER")))
    copy_project(folder)
    subprocess.run([folder / "scripts" / "env.sh"], check=True, capture_output=True)
    write_ports(folder / ".env")
    with (folder / ".env").open("a") as values:
        values.write(f"NIGHTSHELF_FIRST_NIGHT={NIGHT}\nNIGHTSHELF_LAST_NIGHT={NIGHT}\n")
    found = Containers(folder)
    if not os.environ.get("CONTAINERS_IMAGE"):
        found.compose("build")
    try:
        seconds = found.up("--no-build")
        logger.info("first up: %.0f s", seconds)
        yield found
    finally:
        found.compose("down", "--volumes", "--timeout", "10", check=False)
        shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture(scope="module")
def night(stack: Containers) -> str:
    """Return the checksum of a night that a worker was killed in, and the scheduler stopped and started in."""
    job = ("airflow-scheduler", "python", "-m")
    stack.run(*job, "jobs.demo_shop", "--to", NIGHT, *SHOP)
    stack.run(*job, "jobs.ingest", "--from", "2025-01-01", "--to", "2025-03-01")
    stack.run("airflow-scheduler", "airflow", "dags", "unpause", "--yes", "nightly_recommendations")
    wait_for_task(stack, "ingest", "running")
    assert eventually(lambda: executors(stack) > 0, seconds=120)
    stack.kill("spark-worker")
    wait_for_task(stack, "build_training_set", "running")
    begun = time.monotonic()
    stack.compose("stop", "airflow-scheduler")
    logger.info("stop in mid-task: %.0f s", time.monotonic() - begun)
    assert stack.services()["airflow-scheduler"]["State"]["ExitCode"] == 0
    assert tasks(stack)["build_training_set"] == [("success", 1)]
    stack.up("--no-build")
    live = f"SELECT checksum FROM reco.batches WHERE is_live AND run_date = '{NIGHT}'"
    assert eventually(lambda: bool(stack.sql(live)), seconds=900, pause=5), tasks(stack)
    wait_for_task(stack, "verify", "success")
    return stack.sql(live)


def tasks(stack: Containers) -> dict[str, list[tuple[str, int]]]:
    """Return state and number of tries of each task of the night; of mapped ones there are several."""
    query = "SELECT task_id, state, try_number FROM task_instance WHERE state IS NOT NULL AND start_date IS NOT NULL"
    found: dict[str, list[tuple[str, int]]] = {}
    psql = ("psql", "--username=postgres", "-At", f"--command={query}", "airflow")
    for line in stack.run("postgres", *psql).splitlines():
        name, state, number = line.split("|")
        found.setdefault(name, []).append((state, int(number)))
    return found


def wait_for_task(stack: Containers, name: str, state: str) -> None:
    seen = eventually(lambda: state in dict(tasks(stack).get(name, [])), seconds=600, pause=1)
    assert seen, tasks(stack)


def executors(stack: Containers) -> int:
    page = "import urllib.request as u; print(u.urlopen('http://127.0.0.1:8081/json/').read().decode())"
    return len(json.loads(stack.run("spark-worker", "python", "-c", page))["executors"])


def reaches(stack: Containers, service: str, host: str, port: int) -> bool:
    code = "import socket, sys; socket.create_connection((sys.argv[1], int(sys.argv[2])), 3); print('reached')"
    return stack.run(service, "python", "-c", code, host, str(port), check=False) == "reached"


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
    for host, port in (("seaweedfs", 8888), ("s3", 8888), ("s3", 18888), ("s3", 9333)):
        assert not reaches(stack, "airflow-scheduler", host, port), (host, port)
    assert not reaches(stack, "exporter", "seaweedfs", 8888)


def test_a_mistyped_bucket_is_refused(stack: Containers) -> None:
    code = (
        "import boto3; boto3.client('s3', endpoint_url='http://s3:8333').put_object(Bucket='typo', Key='a', Body=b'')"
    )
    assert "NoSuchBucket" in stack.run("airflow-scheduler", "python", "-c", code, check=False)


def test_at_rest_the_stack_takes_less_than_five_gigabytes(stack: Containers) -> None:
    units = {"B": 1, "KiB": 1 << 10, "MiB": 1 << 20, "GiB": 1 << 30}
    said = stack.docker("stats", "--no-stream", "--format", "{{.MemUsage}}", *stack.ids())
    used = [re.match(r"([\d.]+)(\w+)", line) for line in said.splitlines()]
    total = sum(float(match[1]) * units[match[2]] for match in used if match)
    logger.info("memory at rest: %.0f MiB", total / (1 << 20))
    assert total < 5 << 30


def test_a_killed_worker_and_a_stop_in_mid_task_leave_a_live_batch(stack: Containers, night: str) -> None:
    assert night
    ended = {name: states for name, states in tasks(stack).items() if name != "wait_for_events"}  # of the day after
    assert {state for states in ended.values() for state, _ in states} <= {"success", "skipped"}, ended
    assert int(stack.sql("SELECT count(*) FROM reco.recommendations WHERE rank = 1")) > 0
    assert stack.services()["spark-worker"]["RestartCount"] >= 1


def test_with_other_addresses_and_two_workers_spark_works_every_time(stack: Containers, night: str) -> None:
    orders = set()
    for _ in range(int(os.environ.get("CONTAINERS_ROUNDS", "3"))):
        recreated = ("airflow-scheduler", "spark-worker")
        stack.up("--no-build", "--no-deps", "--force-recreate", "--scale", "spark-worker=2", *recreated)
        hosts = stack.run("airflow-scheduler", "sh", "-c", "grep airflow-scheduler /etc/hosts").split()[::2]
        orders.add(tuple(host.split(".")[2] for host in hosts))
        said = stack.run("airflow-scheduler", "python", "-m", "jobs.ingest", "--tables", "events", "--date", NIGHT)
        assert json.loads(said.splitlines()[-1])["events"]["ingested"] > 0
    logger.info("orders of the networks in /etc/hosts: %d", len(orders))


def test_no_secret_stands_in_a_log_or_a_command(stack: Containers, night: str) -> None:
    values = read_stack_file(stack.folder / ".env")
    secrets = {name: value for name, value in values.items() if SECRET.search(name) and value}
    containers = stack.services()
    seen = {f"{name}'s log": stack.compose("logs", "--no-color", name) for name in containers}
    all_logs = "find /var/lib/nightshelf/logs -type f -exec cat {} +"
    seen["the tasks' logs"] = stack.run("airflow-scheduler", "sh", "-c", all_logs)
    for name, container in containers.items():
        seen[f"{name}'s command"] = json.dumps([container["Path"], container["Args"], container["Config"]["Labels"]])
    found = {(name, place) for place, text in seen.items() for name, value in secrets.items() if value in text}
    # SeaweedFS names the identity whose keys it was given by the key's id, which opens nothing without the other
    assert found <= {("AWS_ACCESS_KEY_ID", f"{name}'s log") for name in ("s3", "seaweedfs")}
