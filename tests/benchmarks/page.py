"""How long the questions of the page in Airflow's UI take, over two batches of many users.

    python -m tests.benchmarks.page --users 10000000 --items 5

Rows are made in the database; short lists keep it small (about 250 bytes a user and batch at 5 items). Prints the
median and the worst of ten different questions of each kind, in seconds, as JSON.
"""

from __future__ import annotations

import argparse
import datetime as dt
import json
import statistics
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from pydantic import SecretStr

from include.overview.lists import compare, find_list
from include.overview.state import read_overview
from include.settings import load_settings
from tests.databases import Database, running_server

DAY, SLICES, TIMES = dt.date(2026, 1, 1), 4, 10
ROWS = """
INSERT INTO reco.shelf_{build} SELECT {build}, 'u' || lpad(number::text, 9, '0'), 'everybody',
    (SELECT array_agg(1 + (number * 7 + place * (place + {build})) % 1000) FROM generate_series(1, {items}) AS place),
    array_fill(1::real, ARRAY[{items}]), array_fill(4::smallint, ARRAY[{items}]), array_fill(0, ARRAY[{items}])
FROM generate_series(1, {users}) AS number
"""
BATCH = """
INSERT INTO reco.batch (batch_id, run_date, variant, model_version, n_users, n_rows, n_items, checksum, positions,
    state, build)
VALUES ('b{build}', DATE '2026-01-01' + {build}, 'main', '1', {users}, {users} * {items}, 1000, 'c',
    (SELECT array_agg(n) FROM generate_series(1, {items}) AS n), 'stored', {build})
"""
LIVE = """
INSERT INTO reco.item (item_id, title, as_of) SELECT 'i' || n, 'Item ' || n, DATE '2026-01-01'
FROM generate_series(1, 1000) AS n;
INSERT INTO reco.live VALUES ('main', 'b2', 2, now(), 'b1', 1);
INSERT INTO reco.activation (variant, batch_id, previous_batch_id, kind, reason)
VALUES ('main', 'b2', 'b1', 'publish', '')
"""


def fill(database: Database, users: int, items: int) -> None:
    """Make two batches of the same users, the second one live."""
    for build in (1, 2):
        values = {"build": build, "users": users, "items": items}
        database.rows(f"CREATE TABLE reco.shelf_{build} PARTITION OF reco.shelf FOR VALUES IN ({build}) "
                      "PARTITION BY HASH (user_id)")  # fmt: skip
        for part in range(SLICES):
            database.rows(f"CREATE TABLE reco.shelf_{build}_{part} PARTITION OF reco.shelf_{build} "
                          f"FOR VALUES WITH (MODULUS {SLICES}, REMAINDER {part})")  # fmt: skip
        database.rows(ROWS.format(**values))
        for part in range(SLICES):
            database.rows(f"CREATE UNIQUE INDEX ON reco.shelf_{build}_{part} (user_id)")
        database.rows(BATCH.format(**values))
        database.rows(f"ANALYZE reco.shelf_{build} (build, user_id)")
    database.rows(LIVE)


def measure(question: Callable[[int], Any]) -> dict[str, float]:
    """Return median and worst time of a question asked ten times, each time another one."""
    took = []
    for number in range(TIMES):
        started = time.monotonic()
        question(number)
        took.append(time.monotonic() - started)
    return {"median": round(statistics.median(took), 4), "worst": round(max(took), 4)}


def main(argv: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--users", type=int, default=10_000_000)
    parser.add_argument("--items", type=int, default=5)
    asked = parser.parse_args(argv)
    with running_server() as database, TemporaryDirectory() as home:
        fill(database, asked.users, asked.items)
        settings = load_settings({"NIGHTSHELF_HOME": str(Path(home))})
        reader = settings.model_copy(update={"analyst_url": SecretStr(database.analyst_url)})
        now = dt.datetime.combine(DAY, dt.time(), tzinfo=dt.UTC)
        found = {
            "overview": measure(lambda _: read_overview(reader, now)),
            "user": measure(lambda number: find_list(reader, f"u{1 + number * asked.users // TIMES:09}")),
            "stranger": measure(lambda number: find_list(reader, f"stranger {number}")),
            "compare": measure(lambda _: compare(reader, "b1", "b2")),
        }
    sys.stdout.write(json.dumps({"users": asked.users, "items": asked.items, **found}) + "\n")


if __name__ == "__main__":
    main()
