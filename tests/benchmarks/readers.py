"""Readers of one database, as many as asked for, in a process of their own: `python -m tests.benchmarks.readers`.

They read one user's list after the other, with a pause, until a line comes on stdin, and write when each query
began and ended (the machine's monotonic clock, which all processes share), what failed, and how many queries
saw two batches.
"""

from __future__ import annotations

import json
import random
import sys
import threading
import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path

import psycopg2

PAUSE_SECONDS = 0.1
QUERY = "SELECT min(batch_id), max(batch_id), count(*) FROM recommendations WHERE user_id = $1"


@dataclass
class Report:
    """What the readers saw."""

    began: list[float] = field(default_factory=list)
    finished: list[float] = field(default_factory=list)
    failures: list[str] = field(default_factory=list)
    mixed: int = 0

    @classmethod
    def read(cls, path: Path) -> Report:
        return cls(**json.loads(path.read_text()))

    @property
    def seconds(self) -> list[float]:
        return [end - start for start, end in zip(self.began, self.finished, strict=True)]

    def waits_during(self, windows: Sequence[tuple[float, float]]) -> list[float]:
        """Return the seconds of the queries that overlap one of the windows."""
        return [
            end - start
            for start, end in zip(self.began, self.finished, strict=True)
            if any(start < until and end > since for since, until in windows)
        ]


def read_until(stop: threading.Event, url: str, users: int, report: Report, name: str = "user-{:09d}") -> None:
    """Read until `stop`; an empty list counts as mixed too, since every user has one."""
    choose = random.Random(threading.get_ident())
    try:
        connection = psycopg2.connect(url)
        connection.autocommit = True
        with connection.cursor() as cursor:
            cursor.execute(f"PREPARE one AS {QUERY}")
            while not stop.wait(PAUSE_SECONDS * (0.5 + choose.random())):
                started = time.monotonic()
                cursor.execute("EXECUTE one (%s)", (name.format(choose.randrange(users)),))
                ((first, last, entries),) = cursor.fetchall()
                finished = time.monotonic()
                report.began.append(started)
                report.finished.append(finished)
                report.mixed += first != last or not entries
        connection.close()
    except psycopg2.Error as error:
        report.failures.append(str(error))


def main(url: str, readers: int, users: int, path: Path) -> None:
    """Run the readers and write their report to `path`."""
    stop, reports = threading.Event(), [Report() for _ in range(readers)]
    threads = [threading.Thread(target=read_until, args=(stop, url, users, report)) for report in reports]
    for thread in threads:
        thread.start()
    while not all(report.finished or report.failures for report in reports):
        time.sleep(0.05)
    path.with_suffix(".ready").touch()
    sys.stdin.readline()
    stop.set()
    for thread in threads:
        thread.join()
    whole = Report()
    for report in reports:
        whole.began += report.began
        whole.finished += report.finished
        whole.failures += report.failures
        whole.mixed += report.mixed
    path.write_text(json.dumps(asdict(whole)))


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]), int(sys.argv[3]), Path(sys.argv[4]))
