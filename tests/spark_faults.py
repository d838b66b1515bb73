"""A driver that runs jobs over and over in one Spark session, each time on a lake of its own: `LAKE_URI`/<number>.

    python -m tests.spark_faults RUNS DAY [DAY...]

After each run it prints its number, the exit codes of its tries, and waits for a line on stdin.
"""

from __future__ import annotations

import contextlib
import io
import json
import os
import sys
from collections.abc import Iterator

from include.night import building
from include.settings import load_settings
from include.spark.session import spark_session
from jobs import build_training_set, ingest
from jobs._command import main

TRIES = 5  # Airflow makes three, on a server with fewer faults
AGAIN = 1


@contextlib.contextmanager
def quiet() -> Iterator[None]:
    with contextlib.redirect_stdout(io.StringIO()):
        yield


def tries(first: str, last: str) -> list[int]:
    """Run both jobs until they end well or another try cannot help."""
    codes = []
    for job, argv in (
        (ingest, ["--from", first, "--to", last]),
        (build_training_set, ["--date", last]),
    ):
        for _ in range(TRIES):
            with quiet():
                codes.append(main(job.parse_args, job.run, argv))
            if codes[-1] != AGAIN:
                break
        if codes[-1]:
            break
    return codes


if __name__ == "__main__":
    runs, days, lake_uri = int(sys.argv[1]), sys.argv[2:], os.environ["LAKE_URI"]
    with spark_session("faults", load_settings()) as spark:
        for module in (ingest, building):
            module.spark_session = lambda *_: contextlib.nullcontext(spark)
        for number in range(runs):
            os.environ["LAKE_URI"] = f"{lake_uri}/{number}"
            sys.stdout.write(json.dumps({"run": number, "codes": tries(days[0], days[-1])}) + "\n")
            sys.stdout.flush()
            sys.stdin.readline()
