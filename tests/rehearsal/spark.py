"""Spark's standalone cluster, asked by its own pages."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import requests

from devstack.progress import Display
from include.errors import StackError
from tests.rehearsal.container import Container

PREFIX = "nightshelf-"
TIMEOUT_SECONDS = 10
SETTLE_SECONDS = 4.0  # an executor has to start before it has anything to lose


def applications(master: Container) -> list[tuple[str, str]]:
    """Return name and state of each application that has ended, the oldest first."""
    return [(app["name"], app["state"]) for app in _page(master)["completedapps"]]


def workers_alive(master: Container) -> int:
    """Return how many workers the master counts on."""
    return int(_page(master)["aliveworkers"])


def worked_for(worker: Container) -> set[str]:
    """Return the applications that the worker has, or had, an executor of since it was started."""
    page = _page(worker)
    return {executor["appid"] for executor in (*page["executors"], *page["finishedexecutors"])}


@dataclass
class Killer:
    """Kills one worker, with its executors, during each of some jobs; its restart policy brings it back.

    Parameters
    ----------
    jobs
        Each is hit once, when a worker has had an executor of it for `SETTLE_SECONDS`.
    """

    workers: Sequence[Container]
    jobs: Sequence[str]
    display: Display
    done: set[str] = field(default_factory=set)
    seen: dict[str, float] = field(default_factory=dict)

    def look(self) -> None:
        """Kill when it is time to."""
        if not self.missed():
            return
        for worker in (worker for worker in self.workers if worker.ready()):  # one that was killed takes its time
            running = {executor["appdesc"]["name"].removeprefix(PREFIX) for executor in _page(worker)["executors"]}
            for job in running.intersection(self.missed()):
                since = self.seen.setdefault(job, time.monotonic())
                if time.monotonic() - since >= SETTLE_SECONDS:
                    worker.restart()
                    self.done.add(job)
                    self.display.say(f"  ✗ {worker.name} killed in mid-{job}, and started again", "yellow")
                    return

    def missed(self) -> list[str]:
        """Return the jobs during which no worker was killed yet."""
        return [job for job in self.jobs if job not in self.done]


def _page(container: Container) -> Mapping[str, Any]:
    """Return what the process says of itself where its health check asks.

    Raises
    ------
    StackError
        When it does not answer.
    """
    try:
        answer = requests.get(f"{container.address}/json/", timeout=TIMEOUT_SECONDS)
        return dict(answer.json())
    except (requests.RequestException, ValueError) as error:
        raise StackError(
            f"{container.name} does not answer on {container.address}", remedy=f"read {container.log}"
        ) from error
