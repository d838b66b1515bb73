"""Replay the watch over the ingested days of a real shop, night by night, and count the verdicts.

    python -m studies.replay --from 2011-09-01 --to 2011-12-09 --out verdicts.csv

Reads the lake's events, items and users; the night is the simulation's stand-in, so a season takes minutes. Purchases
alone stand for taste, as in a shop whose feed has nothing else. The result counts the verdicts; --out gets a line a
day, with its reasons.
"""

from __future__ import annotations

import argparse
import csv
import datetime as dt
import sys
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from include import columns as c
from include.contract import load_drift_policy
from include.drift_policy import DriftPolicy
from include.features.signals import UNKNOWN
from include.lake import Lake, open_lake, partition_uris, read_table
from include.monitoring.positions import find_positions
from include.monitoring.verdict import DriftVerdict, Signals
from include.settings import Settings
from include.types import Days, Doubles, Longs, Strings
from studies import command
from studies.night import DayLog, Recipe, StandInNight
from studies.watch import StudyWatch

EVERY_DAY = dt.date(1900, 1, 1)
RECIPE = Recipe(first_steps=None, steps=3, recent_popular=False)
WARM_UP_DAYS = 3  # nights before the first day that is judged


@dataclass(frozen=True)
class ShopLog:
    """A shop's purchases and returns in order of time; users and items are numbered in order of appearance.

    Attributes
    ----------
    days, kinds, users, items, prices
        (n_events,) see `DayLog`.
    segments, categories
        Names, of each user and of each item.
    """

    days: Days
    kinds: Longs
    users: Longs
    items: Longs
    prices: Doubles
    segments: Strings
    categories: Strings

    def day_logs(self, last: dt.date) -> Iterator[DayLog]:
        """Yield the days up to `last` on which the shop was open."""
        n_users = n_items = 0
        for day in np.unique(self.days[self.days <= np.datetime64(last)]):
            rows = slice(*np.searchsorted(self.days, [day, day + 1]))
            users, items = self.users[rows], self.items[rows]
            n_users, n_items = max(n_users, int(users.max()) + 1), max(n_items, int(items.max()) + 1)
            yield DayLog(day.item(), self.kinds[rows], users, items, self.prices[rows], n_users, n_items)


def replay(log: ShopLog, first: dt.date, last: dt.date, policy: DriftPolicy) -> Iterator[tuple[Signals, DriftVerdict]]:
    """Yield the signals of the open days from `first` to `last`, and the verdicts on them.

    Nothing is acted on but retrains, which begin a new chart; so every verdict can be explained by itself.
    """
    night = StandInNight(len(log.segments), len(log.categories), RECIPE)
    watch = StudyWatch(policy, log.segments, log.categories, bots_apart=False)
    live = None
    for day in log.day_logs(last):
        if live is not None and day.date >= first:
            verdict, _ = watch.judge(day, live, night)
            yield watch.history[-1], verdict
        else:
            watch.remember(day.date, watch.profile(day, live))
        night.ingest(day)
        if day.date >= first - dt.timedelta(days=WARM_UP_DAYS):
            live = night.score(day, night.fit(day))
            watch.publish(live)


def read_log(lake: Lake, last: dt.date) -> ShopLog:
    """Return the events up to `last`."""
    columns = [c.USER_ID, c.ITEM_ID, c.EVENT_TYPE, c.EVENT_TS, c.PRICE]
    events = read_days(lake, c.EVENTS, columns, last).sort_by(c.EVENT_TS)
    events = events.filter(pc.is_in(events[c.EVENT_TYPE], pa.array([c.PURCHASE, c.RETURN])))
    user_ids, item_ids = pc.unique(events[c.USER_ID].drop_null()), pc.unique(events[c.ITEM_ID])
    items, users = (
        read_days(lake, *table, last)
        for table in ((c.ITEMS, [c.ITEM_ID, c.CATEGORY]), (c.USERS, [c.USER_ID, c.SEGMENT]))
    )
    return ShopLog(
        days=events[c.EVENT_TS].to_numpy().astype("datetime64[D]"),
        kinds=find_positions(events[c.EVENT_TYPE], pa.array(c.EVENT_TYPES)),
        users=find_positions(events[c.USER_ID], user_ids),
        items=find_positions(events[c.ITEM_ID], item_ids),
        prices=pc.fill_null(events[c.PRICE], np.nan).to_numpy(),
        segments=look_up(users, user_ids),
        categories=look_up(items, item_ids),
    )


def read_days(lake: Lake, table: str, columns: list[str], last: dt.date) -> pa.Table:
    """Return the committed rows of a table up to `last`, in order of the days."""
    uris, _ = partition_uris(lake, table, EVERY_DAY, last)
    found = [read_table(lake, [uri.removeprefix(f"{lake.uri}/")], columns) for uri in uris]
    # Partitions of an older release have times without a zone
    times = {c.EVENT_TS: pa.timestamp("us")}
    schema = pa.schema([(name, times.get(name, found[0].schema.field(name).type)) for name in columns])
    return pa.concat_tables([part.cast(schema) for part in found])


def look_up(table: pa.Table, ids: pa.Array) -> Strings:
    """Return the last known value (the second column) of each of `ids` (the first one), "unknown" without one."""
    known = dict(zip(*(column.to_pylist() for column in table.columns), strict=True))
    return np.array([known.get(one) or UNKNOWN for one in ids.to_pylist()])


def arguments() -> argparse.ArgumentParser:
    """Return the command line."""
    parser = command.parser(__doc__)
    day = dt.date.fromisoformat
    parser.add_argument("--from", dest="first", type=day, required=True, help="first day to judge")
    parser.add_argument("--to", dest="last", type=day, required=True, help="last day to judge")
    parser.add_argument("--out", type=Path, help="CSV file for the verdicts")
    return parser


def run(settings: Settings, arguments: argparse.Namespace) -> dict[str, Any]:
    """Replay the days and return how often each verdict was made."""
    policy = load_drift_policy(settings)
    log = read_log(open_lake(settings.lake_uri), arguments.last)
    found = list(replay(log, arguments.first, arguments.last, policy))
    if arguments.out:
        write_verdicts(arguments.out, found)
    return {"days": len(found), **Counter(str(verdict.kind) for _, verdict in found)}


def write_verdicts(file: Path, found: Sequence[tuple[Signals, DriftVerdict]]) -> None:
    """Write a CSV with a line a day."""
    with file.open("w", newline="") as text:
        writer = csv.writer(text)
        writer.writerow(["day", "verdict", "events", "volume", "pairs", "hits", "popular_hits", "reasons"])
        for signals, verdict in found:
            data, pairs = signals.data, signals.comparison
            figures = [data.rows, f"{data.volume:.2f}", pairs.pairs, pairs.live.hits, pairs.popularity.hits]
            writer.writerow([signals.day, verdict.kind, *figures, "; ".join(verdict.reasons)])


if __name__ == "__main__":
    sys.exit(command.main(arguments(), run))
