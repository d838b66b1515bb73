"""What a Spark standalone cluster needs from us: an address to reach this machine at, and an eye on lost executors."""

from __future__ import annotations

import json
import logging
import os
import socket
import threading
import time
import urllib.request
from dataclasses import dataclass, field
from types import TracebackType
from typing import TYPE_CHECKING, Self
from urllib.parse import urlsplit

from include.errors import NightshelfError

if TYPE_CHECKING:
    from pyspark.sql import SparkSession

logger = logging.getLogger(__name__)

SCHEME = "spark://"
UI_PORT = "spark.master.ui.port"  # Spark's own name and default
DEFAULT_UI_PORT = "8080"
TIMEOUT_SECONDS = 5.0


class ExecutorsLostError(NightshelfError):
    """The cluster starts executors for the job and none of them reaches its driver; another try may help."""


def own_address(master: str) -> str:
    """Return this machine's address on its route to a standalone master, such as `spark://spark-master:7077`.

    A machine on several networks has several addresses, and its name means any of them.

    Raises
    ------
    OSError
        When the master's name is unknown or no route leads to it.
    """
    first = urlsplit(master.split(",")[0])
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        probe.connect((first.hostname, first.port or 7077))  # UDP: nothing is sent
        return str(probe.getsockname()[0])


def offer_own_address(master: str) -> None:
    """Let Spark's driver be reached at `own_address`, unless the environment says where."""
    if "SPARK_LOCAL_IP" in os.environ or "SPARK_LOCAL_HOSTNAME" in os.environ:
        return
    try:
        os.environ["SPARK_LOCAL_HOSTNAME"] = own_address(master)
    except OSError as error:
        logger.warning("No route to Spark's master %s (%s); Spark takes this machine's name", master, error)


@dataclass
class ExecutorWatch:
    """Ends the jobs of a session whose executors never come, which Spark itself waits for without end.

    Spark's master starts dying executors again and again: that each started resets its count of failures.
    A job that waits for free cores is left alone, because other jobs may hold them for long.

    Parameters
    ----------
    patience
        Seconds that a job may have cores, or a cluster no worker, without one executor.
    interval
        Seconds between looks.
    """

    spark: SparkSession
    master: str
    patience: float = 120.0
    interval: float = 5.0
    problem: str = field(default="", init=False)
    _stop: threading.Event = field(default_factory=threading.Event, init=False)

    def __enter__(self) -> Self:
        """Begin to look, in a thread, if the master is a standalone one."""
        self._thread = threading.Thread(target=self._look, name="executor-watch", daemon=True)
        if self.master.startswith(SCHEME):
            self._thread.start()
        return self

    def __exit__(self, kind: object, error: BaseException | None, trace: TracebackType | None) -> None:
        """Stop looking.

        Raises
        ------
        ExecutorsLostError
            In place of the error of a job that this watch ended.
        """
        self._stop.set()
        if self._thread.is_alive():
            self._thread.join()
        if error is not None and self.problem:
            raise ExecutorsLostError(
                self.problem,
                remedy="read the newest executor's stderr in the worker's folder (SPARK_WORKER_DIR), and see that the "
                "workers run and reach this machine's address",
            ) from error

    def _look(self) -> None:
        context, since = self.spark.sparkContext, None
        page = _page(self.master, context.getConf().get(UI_PORT, DEFAULT_UI_PORT))
        while not self._stop.wait(self.interval):
            if context._jsc.sc().getExecutorMemoryStatus().size() > 1:  # the driver is one
                since = None
                continue
            state = _read(page)
            if state is None:
                continue
            if trouble := state.trouble(context.applicationId):
                since = since or time.monotonic()
                if time.monotonic() - since > self.patience:
                    self.problem = f"No executor reached the driver in {self.patience:.0f} s: {trouble}"
                    context.cancelAllJobs()  # at each look, since the job may begin another
            elif state.busy:
                since = None  # it waits its turn


@dataclass(frozen=True)
class _MasterState:
    """What the master's page says: its live workers, and the cores that each application has."""

    workers: int
    granted: dict[str, int]

    @property
    def busy(self) -> bool:
        return any(self.granted.values())

    def trouble(self, application: str) -> str:
        """Return why executors should be there or cannot come; empty when the application waits for cores."""
        if not self.workers:
            return "the master has no worker"
        cores = self.granted.get(application, 0)
        return f"executors with {cores} cores are started for {application} and end again" if cores else ""


def _page(master: str, port: str | None) -> str:
    return f"http://{urlsplit(master.split(',')[0]).hostname}:{port}/json/"


def _read(page: str) -> _MasterState | None:
    """Return what the master's page says, None when it does not answer: the page alone is no reason to fail."""
    try:
        with urllib.request.urlopen(page, timeout=TIMEOUT_SECONDS) as answer:
            found = json.load(answer)
    except (OSError, ValueError) as error:
        logger.debug("Spark's master does not answer at %s: %s", page, error)
        return None
    return _MasterState(found["aliveworkers"], {row["id"]: row["cores"] for row in found["activeapps"]})
