"""Recreated containers, and main processes that die all at once."""

from __future__ import annotations

import json
import logging
import os
import time

import pytest

from tests.containers.engine import Containers

logger = logging.getLogger(__name__)

pytestmark = [pytest.mark.containers, pytest.mark.timeout(3600)]

ROUNDS = int(os.environ.get("CONTAINERS_ROUNDS", "3"))
INGEST = ("airflow-scheduler", "python", "-m", "jobs.ingest", "--tables", "events", "--date", "2025-03-02")


def ingested(stack: Containers) -> int:
    """Return how many events of a day a Spark job on the cluster has ingested."""
    return int(json.loads(stack.run(*INGEST).splitlines()[-1])["events"]["ingested"])


def test_with_other_addresses_and_two_workers_spark_works_every_time(stack: Containers, first_night: str) -> None:
    orders = set()
    for _ in range(ROUNDS):
        recreated = ("airflow-scheduler", "spark-worker")
        stack.up("--no-deps", "--force-recreate", "--scale", "spark-worker=2", *recreated)
        hosts = stack.run("airflow-scheduler", "sh", "-c", "grep airflow-scheduler /etc/hosts").split()[::2]
        orders.add(tuple(host.split(".")[2] for host in hosts))
        assert ingested(stack) > 0
    logger.info("%d rounds, orders of the networks in /etc/hosts: %d", ROUNDS, len(orders))


def test_every_main_process_may_die_at_once(stack: Containers, first_night: str) -> None:
    batch, events = stack.live(), ingested(stack)
    lists = stack.sql("SELECT count(*) FROM reco.recommendations")
    services = sorted(set(stack.services()) - {"init"})
    begun = time.monotonic()
    stack.kill(services)
    stack.wait_until_healthy(180)
    logger.info("%d main processes killed at once: all healthy after %.0f s", len(services), time.monotonic() - begun)
    assert all(found["RestartCount"] >= 1 for name, found in stack.services().items() if name != "init")
    assert (stack.live(), stack.sql("SELECT count(*) FROM reco.recommendations")) == (batch, lists)
    assert ingested(stack) == events
