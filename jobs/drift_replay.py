"""Replay the watch over the ingested days of a real shop, night by night, and print the verdicts.

    python -m jobs.drift_replay --from 2011-09-01 --to 2011-12-09 --out verdicts.csv

Reads the lake's events, items and users; the night is the simulation's stand-in, so a season takes minutes. The result
counts the verdicts; --out gets a line a day, with its reasons.
"""

from __future__ import annotations

import argparse
import csv
import datetime as dt
import sys
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING, Any

from include import columns as c
from include.drift_policy import load_drift_policy
from include.lake import Lake, open_lake, partition_uris
from include.settings import Settings
from jobs import _command

if TYPE_CHECKING:
    import pyarrow as pa

    from studies.replay import Log

EVERY_DAY = (dt.date(1900, 1, 1), dt.date(2999, 12, 31))


def arguments() -> argparse.ArgumentParser:
    """Return the command line."""
    parser = _command.parser(__doc__)
    day = dt.date.fromisoformat
    parser.add_argument("--from", dest="first", type=day, required=True, help="first day to judge")
    parser.add_argument("--to", dest="last", type=day, required=True, help="last day to judge")
    parser.add_argument("--out", type=Path, help="CSV file for the verdicts")
    return parser


def run(settings: Settings, arguments: argparse.Namespace) -> dict[str, Any]:
    """Replay the days and return how often each verdict was made."""
    from studies.replay import replay

    policy = load_drift_policy(settings.drift_policy_file)
    log = read_log(open_lake(settings.lake_uri), arguments.last)
    found = list(replay(log, arguments.first, arguments.last, policy))
    if arguments.out:
        with arguments.out.open("w", newline="") as file:
            writer = csv.writer(file)
            writer.writerow(["day", "verdict", "events", "volume", "pairs", "hits", "popular_hits", "reasons"])
            for signals, verdict in found:
                data, pairs = signals.data, signals.comparison
                figures = [data.rows, f"{data.volume:.2f}", pairs.pairs, pairs.live.hits, pairs.popularity.hits]
                writer.writerow([signals.day, verdict.kind, *figures, "; ".join(verdict.reasons)])
    return {"days": len(found), **Counter(str(verdict.kind) for _, verdict in found)}


def read_log(lake: Lake, last: dt.date) -> Log:
    """Return the events up to `last` as arrays."""
    import numpy as np
    import pyarrow.compute as pc

    from studies.replay import Log

    events = read_table(lake, c.EVENTS, [c.USER_ID, c.ITEM_ID, c.EVENT_TYPE, c.EVENT_TS, c.PRICE], last).sort_by(
        c.EVENT_TS
    )
    events = events.filter(pc.is_in(events[c.EVENT_TYPE], pc.cast([c.PURCHASE, c.RETURN], "string")))
    user_ids, item_ids = pc.unique(events[c.USER_ID].drop_null()), pc.unique(events[c.ITEM_ID])
    return Log(
        days=events[c.EVENT_TS].to_numpy().astype("datetime64[D]"),
        kinds=pc.equal(events[c.EVENT_TYPE], c.RETURN).to_numpy().astype(np.int64),
        users=pc.fill_null(pc.index_in(events[c.USER_ID], value_set=user_ids), -1).to_numpy().astype(np.int64),
        items=pc.index_in(events[c.ITEM_ID], value_set=item_ids).to_numpy().astype(np.int64),
        prices=pc.fill_null(events[c.PRICE], np.nan).to_numpy(),
        categories=describe(read_table(lake, c.ITEMS, [c.ITEM_ID, c.CATEGORY], last), item_ids, c.ITEM_ID, c.CATEGORY),
        segments=describe(read_table(lake, c.USERS, [c.USER_ID, c.SEGMENT], last), user_ids, c.USER_ID, c.SEGMENT),
    )


def read_table(lake: Lake, table: str, columns: list[str], last: dt.date) -> pa.Table:
    """Return the committed rows of a table, in order of the days."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    time = pa.timestamp("us")
    filesystem, root = lake.filesystem()
    uris, _ = partition_uris(lake, table, EVERY_DAY[0], last)
    paths = [f"{root}{uri.removeprefix(lake.uri)}" for uri in uris]
    tables = [pq.read_table(path, columns=columns, filesystem=filesystem, partitioning=None) for path in paths]
    # Partitions of an older release have times without a zone
    schema = pa.schema([(name, time if name == c.EVENT_TS else tables[0].schema.field(name).type) for name in columns])
    return pa.concat_tables([table.cast(schema) for table in tables])


def describe(table: pa.Table, ids: pa.Array, key: str, value: str) -> Any:
    """Return the last known `value` of each of `ids`, "unknown" without one."""
    import numpy as np

    known = dict(zip(table[key].to_pylist(), table[value].to_pylist(), strict=True))
    return np.array([known.get(one) or "unknown" for one in ids.to_pylist()])


if __name__ == "__main__":
    sys.exit(_command.main(arguments(), run))
