"""Ingest what was delivered: cast it to the contract, drop duplicates, set bad rows aside.

One day or a range of days, one or several tables, in one Spark job. Every day must be closed
by _SUCCESS. Running it again replaces the partitions by equal content.
"""

from __future__ import annotations

import datetime as dt
import sys
from collections.abc import Sequence
from dataclasses import dataclass

from include.columns import TABLES
from include.contract import load_dataset
from include.errors import ConfigurationError
from include.lake import open_lake
from include.settings import Settings
from include.spark.session import spark_session
from jobs import _command


@dataclass(frozen=True)
class Config:
    tables: list[str]
    days: list[dt.date]


def parse_args(argv: Sequence[str] | None = None) -> Config:
    """Return the tables and the days that the command line asks for.

    Raises
    ------
    ConfigurationError
        When it names neither one day nor a range, or both, or an empty range.
    """
    parser = _command.parser(__doc__)
    parser.add_argument("--tables", nargs="+", choices=TABLES, default=list(TABLES), help="tables to ingest")
    _command.add_day(parser, "--date", "date", help="the day to ingest")
    _command.add_day(parser, "--from", "first", help="first day of a range")
    _command.add_day(parser, "--to", "last", help="last day of a range")
    given = parser.parse_args(argv)
    first, last = given.first or given.date, given.last or given.date
    one = given.date is not None and given.first is None and given.last is None
    several = given.date is None and given.first is not None and given.last is not None
    if not (one or several) or first > last:
        raise ConfigurationError(
            f"--date {given.date} --from {given.first} --to {given.last} is no range of days",
            remedy="give --date D for one day, or --from D and --to D for several",
        )
    days = [first + dt.timedelta(days=number) for number in range((last - first).days + 1)]
    return Config(given.tables, days)


def run(settings: Settings, config: Config) -> _command.Result:
    """Ingest each table and return its counts."""
    from include.ingest.ingest import ingest_table

    dataset = load_dataset(settings.dataset)
    landing, lake = open_lake(settings.landing_uri), open_lake(settings.lake_uri)
    with spark_session("ingest", settings) as spark:
        return {table: ingest_table(spark, landing, lake, dataset, table, config.days) for table in config.tables}


if __name__ == "__main__":
    sys.exit(_command.main(parse_args, run))
