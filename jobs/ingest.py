"""Ingest what was delivered: cast it to the contract, drop duplicates, set bad rows aside.

One day or a range of days, one or several tables, in one Spark job. Every day must be closed
by _SUCCESS. Running it again replaces the partitions by equal content.
"""

from __future__ import annotations

import datetime as dt
import sys
from dataclasses import dataclass

from include.columns import TABLES
from include.contract import load_dataset, load_policy
from include.errors import ConfigurationError
from include.lake import open_lake
from include.settings import Settings
from include.spark.session import for_data, spark_session
from jobs import _command


@dataclass(frozen=True)
class IngestConfig:
    tables: list[str] = _command.argument("tables to ingest", nargs="+", choices=TABLES, default=list(TABLES))
    date: dt.date | None = _command.day("the day to ingest")
    first: dt.date | None = _command.day("first day of a range", flag="--from")
    last: dt.date | None = _command.day("last day of a range", flag="--to")

    @property
    def days(self) -> list[dt.date]:
        """The days that the command line asks for.

        Raises
        ------
        ConfigurationError
            When it names neither one day nor a range, or both, or an empty range.
        """
        first, last = self.first or self.date, self.last or self.date
        given = [one is not None for one in (self.date, self.first, self.last)]
        if given not in ([True, False, False], [False, True, True]) or first is None or last is None:
            raise ConfigurationError(
                f"--date {self.date} --from {self.first} --to {self.last} is no range of days",
                remedy="give --date D for one day, or --from D and --to D for several",
            )
        return _command.days_between(first, last)


parse_args = _command.command_line(IngestConfig, __doc__)


def run(settings: Settings, config: IngestConfig) -> _command.Result:
    """Ingest each table and return its counts."""
    from include.ingest.ingest import ingest_table
    from include.landing.delivered import files_of_closed_days

    dataset, policy = load_dataset(settings.dataset), load_policy(settings)
    landing, lake = open_lake(settings.landing_uri), open_lake(settings.lake_uri)
    delivered = [files_of_closed_days(landing, table, config.days) for table in config.tables]
    size = sum(file.size for days in delivered for files in days.values() for file in files.values())
    with spark_session("ingest", for_data(settings, size)) as spark:
        return {
            table: ingest_table(spark, landing, lake, dataset, table, config.days, policy) for table in config.tables
        }


if __name__ == "__main__":
    sys.exit(_command.main(parse_args, run))
