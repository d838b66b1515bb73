"""Ingest again what was set aside, after the mapping was corrected.

    python -m jobs.replay --from 2026-11-20 --to 2026-11-24 --tables events

Needs the quarantine alone: the delivered files may be gone. A row that is good now is ingested, or counted as a
duplicate; one that is still bad stays. The books of those days follow in reco.ingest_accounts. Nothing is trained or
published: the next night takes the rows up, or the night of those days when it is cleared from build_training_set on.
"""

from __future__ import annotations

import datetime as dt
import sys
from dataclasses import dataclass

from include.columns import TABLES
from include.contract import load_dataset, load_policy
from include.ingest.books import QUARANTINE
from include.lake import open_lake, partition_folder
from include.serving.accounts import record_accounts
from include.serving.database import WRITER, connect
from include.settings import Settings
from include.spark.session import for_data, spark_session
from jobs import _command


@dataclass(frozen=True)
class ReplayConfig:
    first: dt.date = _command.day("first day", flag="--from", required=True)
    last: dt.date = _command.day("last day, included", flag="--to", required=True)
    tables: list[str] = _command.argument("tables to replay", nargs="+", choices=TABLES, default=list(TABLES))


parse_args = _command.command_line(ReplayConfig, __doc__)


def run(settings: Settings, config: ReplayConfig) -> _command.Result:
    """Replay each table and return what became of its rows."""
    from include.ingest.replay import replay_table

    days = _command.days_between(config.first, config.last)
    dataset, policy, lake = load_dataset(settings.dataset), load_policy(settings), open_lake(settings.lake_uri)
    folders = [partition_folder(f"{QUARANTINE}/{table}", day) for table in config.tables for day in days]
    set_aside = sum(file.size for folder in folders for file in lake.list_files(folder))
    with spark_session("replay", for_data(settings, set_aside)) as spark:
        result = {table: replay_table(spark, lake, dataset, table, days, policy) for table in config.tables}
    with connect(settings.database_url, "replay", role=WRITER) as connection:
        record_accounts(connection, lake, config.first)
    return result


if __name__ == "__main__":
    sys.exit(_command.main(parse_args, run))
