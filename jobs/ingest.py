"""Ingest what was delivered: cast it to the contract, drop duplicates, set bad rows aside.

One day or a range of days, one or several tables, in one Spark job. Every day must be closed
by _SUCCESS. Running it again replaces the partitions by equal content.
"""

from __future__ import annotations

import argparse
import datetime as dt
import sys

from include.columns import TABLES
from include.contract import load_dataset
from include.errors import ConfigurationError
from include.lake import open_lake
from include.settings import Settings
from include.spark.session import spark_session
from jobs._command import main, parser


def arguments() -> argparse.ArgumentParser:
    command = parser(__doc__)
    command.add_argument("--tables", nargs="+", choices=TABLES, default=list(TABLES), help="tables to ingest")
    command.add_argument("--date", type=dt.date.fromisoformat, help="the day to ingest, YYYY-MM-DD")
    command.add_argument("--from", dest="first", type=dt.date.fromisoformat, help="first day of a range")
    command.add_argument("--to", dest="last", type=dt.date.fromisoformat, help="last day of a range")
    return command


def days_of(arguments: argparse.Namespace) -> list[dt.date]:
    """Return the days that the command line asks for.

    Raises
    ------
    ConfigurationError
        When it names neither one day nor a range, or both, or an empty range.
    """
    first, last = arguments.first or arguments.date, arguments.last or arguments.date
    one = arguments.date is not None and arguments.first is None and arguments.last is None
    several = arguments.date is None and arguments.first is not None and arguments.last is not None
    if not (one or several) or first > last:
        raise ConfigurationError(
            f"--date {arguments.date} --from {arguments.first} --to {arguments.last} is no range of days",
            remedy="give --date D for one day, or --from D and --to D for several",
        )
    return [first + dt.timedelta(days=number) for number in range((last - first).days + 1)]


def run(settings: Settings, arguments: argparse.Namespace) -> dict[str, dict[str, int]]:
    from include.ingest.ingest import ingest_table

    days = days_of(arguments)
    dataset = load_dataset(settings.dataset)
    landing, lake = open_lake(settings.landing_uri), open_lake(settings.lake_uri)
    with spark_session("ingest", settings) as spark:
        return {name: ingest_table(spark, landing, lake, dataset, name, days) for name in arguments.tables}


if __name__ == "__main__":
    sys.exit(main(arguments(), run))
