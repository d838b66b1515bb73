"""A real standalone cluster of two workers, whose processes can be killed."""

from __future__ import annotations

import contextlib
import os
import signal
import socket
import subprocess
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from tests.waiting import eventually

WORKERS = 2
JAVA = "-XX:+UseSerialGC -XX:TieredStopAtLevel=1"


class Cluster:
    """A master and workers; each process leads a group of its own, which its executors belong to."""

    def __init__(self, folder: Path, variables: Mapping[str, str]) -> None:
        self.folder, self.variables = folder, dict(variables)
        self.processes: list[subprocess.Popen[bytes]] = []
        self._started = 0
        with socket.socket() as probe, socket.socket() as other:
            probe.bind(("127.0.0.1", 0))
            other.bind(("127.0.0.1", 0))
            self.port, self.page = probe.getsockname()[1], other.getsockname()[1]
        self.url = f"spark://127.0.0.1:{self.port}"

    def start(self, kind: str, *arguments: str) -> subprocess.Popen[bytes]:
        import pyspark

        home = Path(pyspark.__file__).parent
        environment = {
            **os.environ,
            **self.variables,
            "SPARK_HOME": str(home),
            "SPARK_LOCAL_IP": "127.0.0.1",
            "SPARK_DAEMON_MEMORY": "256m",
            "SPARK_DAEMON_JAVA_OPTS": f"{JAVA} -Dspark.master.rest.enabled=false",
        }
        command = [str(home / "bin" / "spark-class"), f"org.apache.spark.deploy.{kind}", "--host", "127.0.0.1"]
        self._started += 1
        log = (self.folder / f"process-{self._started}.log").open("wb")
        with log:
            process = subprocess.Popen(
                [*command, "--webui-port", "0", *arguments],
                env=environment, stdout=log, stderr=log, start_new_session=True,
            )  # fmt: skip
        self.processes.append(process)
        return process

    def start_worker(self) -> subprocess.Popen[bytes]:
        """Start a worker of one core."""
        work = str(self.folder / f"work-{self._started}")
        return self.start("worker.Worker", "--cores", "1", "--memory", "600m", "--work-dir", work, self.url)

    def kill(self, process: subprocess.Popen[bytes]) -> None:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.wait(timeout=30)

    def environment(self) -> dict[str, str]:
        """Return what a job's environment says to run here: the master, and Spark's own defaults file."""
        conf = self.folder / "conf"
        conf.mkdir(exist_ok=True)
        (conf / "spark-defaults.conf").write_text(
            "spark.executor.memory 512m\n"
            # Do not begin before all workers are there
            "spark.scheduler.minRegisteredResourcesRatio 1.0\n"
            "spark.scheduler.maxRegisteredResourcesWaitingTime 60s\n"
            f"spark.cores.max {WORKERS}\n"
        )
        return {
            **{name: value for name, value in os.environ.items() if not name.startswith(("SPARK", "PYSPARK"))},
            **self.variables,
            "NIGHTSHELF_HOME": str(self.folder),
            "SPARK_MASTER": self.url,
            "SPARK_DRIVER_MEMORY": "512m",
            "SPARK_CONF_DIR": str(conf),
        }

    def logs(self) -> str:
        return "\n".join(path.read_text(errors="replace")[-2000:] for path in sorted(self.folder.glob("*.log")))


def listens(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


def wait_until(what: Callable[[], bool], cluster: Cluster) -> None:
    """Wait for something of a cluster, which is slow to start on a busy machine; its logs say why it did not come."""
    assert eventually(what, seconds=150), cluster.logs()


@contextmanager
def running_cluster(folder: Path, **variables: str) -> Iterator[Cluster]:
    """Start a master and two workers, which have `variables` besides our own.

    Parameters
    ----------
    folder
        Of their logs and of what they work on.
    """
    made = Cluster(folder, variables)
    try:
        made.start("master.Master", "--port", str(made.port), "--webui-port", str(made.page))
        wait_until(lambda: listens(made.port), made)
        for _ in range(WORKERS):
            made.start_worker()
        yield made
    finally:
        for process in reversed(made.processes):
            made.kill(process)
