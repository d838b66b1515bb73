"""From the landing zone to the lake: cast, drop duplicates, set aside, account, commit.

The delivered files are read once and shuffled once, by day and key; the days are then
committed one by one. A history of a year is one Spark job like a single night is.
"""

from __future__ import annotations

import datetime as dt
import logging
import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from typing import TYPE_CHECKING

from py4j.protocol import Py4JJavaError
from pyspark import StorageLevel
from pyspark.errors import PySparkException

from include.columns import INGEST_DATE
from include.contract.dataset import Dataset
from include.contract.schema import CONTRACT
from include.ingest.casting import cast_to_contract, outside_ansi
from include.ingest.outcomes import (
    DUPLICATES,
    INGESTED,
    LANDED,
    QUARANTINED,
    DayAccount,
    check_balance,
    good_rows,
    keep_accounts,
    mark_outcomes,
    quarantine_rows,
    summarise,
)
from include.ingest.reading import read_delivered
from include.lake import Lake, commit_folder, partition_folder, s3_failure, staging_folder
from include.lake.manifest import fingerprint
from include.landing.delivered import DeliveredFile, find_delivered, unreadable
from include.log import step
from include.spark.files import write_parquet

if TYPE_CHECKING:
    from pyspark.sql import SparkSession

logger = logging.getLogger(__name__)

QUARANTINE = "quarantine"
COMMITTERS = 8
# Delivered bytes of a day that become one file; a larger day becomes several.
BYTES_A_FILE = 256 << 20
_READ_FAILURE = re.compile(r"\[FAILED_READ_FILE[^]]*\][^:]*?file ([^ ]+?)[.]? ")

Accounts = Mapping[dt.date, DayAccount]
Written = Mapping[str, Mapping[str, int]]  # outcome, file, rows


def ingest_table(
    spark: SparkSession, landing: Lake, lake: Lake, dataset: Dataset, name: str, days: Sequence[dt.date]
) -> dict[str, int]:
    """Replace the partitions of table `name` for `days` by what was delivered on them.

    Returns
    -------
    landed, ingested, duplicates and quarantined records of all the days together.

    Raises
    ------
    InputError
        When a day is not closed, or a file is damaged or lacks a column.
    ConfigurationError
        When an expression of the mapping is not valid.
    ValidationError
        When the books of a day do not balance; nothing of the table is committed then.
    """
    files = find_delivered(landing, name, days, dataset.table(name).source)
    accounts = {day: DayAccount() for day in days}
    staging = staging_folder(name)
    written: Written = {}
    try:
        if files:
            with step(logger, f"ingesting {len(files)} files of {name}"), outside_ansi(spark), _named_failures():
                written = _stage(spark, landing, lake, dataset, files, name, staging, accounts)
        check_balance(name, accounts)
        with step(logger, f"committing {len(days)} days of {name}"):
            _commit(landing, lake, dataset, files, name, staging, accounts, written)
    finally:
        lake.delete(staging)
    total: Counter[str] = Counter()
    for account in accounts.values():
        total.update(account.counts())
    return {key: total[key] for key in (LANDED, INGESTED, DUPLICATES, QUARANTINED)}


def _stage(
    spark: SparkSession,
    landing: Lake,
    lake: Lake,
    dataset: Dataset,
    files: Sequence[DeliveredFile],
    name: str,
    staging: str,
    accounts: Accounts,
) -> Written:
    """Write good and quarantined rows below `staging`, by day, fill in the accounts and return what was written."""
    table, mapping = CONTRACT[name], dataset.table(name)
    cast = cast_to_contract(read_delivered(spark, landing, name, files, mapping.source), table, mapping)
    marked = mark_outcomes(cast, table, _files_a_day(files)).persist(StorageLevel.MEMORY_AND_DISK)
    try:
        offsets = keep_accounts(summarise(marked), accounts)
        rows = {INGESTED: good_rows(marked, table)}
        if any(account.by_reason for account in accounts.values()):
            rows[QUARANTINED] = quarantine_rows(marked, offsets)
        written = {
            outcome: write_parquet(lake, frame, f"{staging}/{outcome}", by=[INGEST_DATE])
            for outcome, frame in rows.items()
        }
    finally:
        marked.unpersist()
    for outcome, files_written in written.items():
        for day in accounts:
            accounts[day].written[outcome] = sum(_of_day(files_written, day).values())
    return written


def _files_a_day(files: Sequence[DeliveredFile]) -> int:
    sizes: Counter[dt.date] = Counter()
    for file in files:
        sizes[file.day] += file.size
    return 1 + max(sizes.values()) // BYTES_A_FILE


def _of_day(files: Mapping[str, int], day: dt.date) -> dict[str, int]:
    """Return those files that lie in the folder of `day`, by their names in it."""
    folder = f"{INGEST_DATE}={day}/"
    return {path.removeprefix(folder): rows for path, rows in files.items() if path.startswith(folder)}


def _commit(
    landing: Lake,
    lake: Lake,
    dataset: Dataset,
    files: Sequence[DeliveredFile],
    name: str,
    staging: str,
    accounts: Accounts,
    written: Written,
) -> None:
    """Commit each day: the quarantine first, so that a committed day always has its quarantine."""
    by_day: dict[dt.date, list[DeliveredFile]] = {day: [] for day in accounts}
    for file in files:
        by_day[file.day].append(file)
    rules = fingerprint({"mapping": dataset.table(name).fingerprint(), "contract": repr(CONTRACT[name])})

    def commit(day: dt.date) -> None:
        inputs = {file.name: landing.content_tag(file.path) for file in by_day[day]}
        account = accounts[day]
        for table, outcome in ((f"{QUARANTINE}/{name}", QUARANTINED), (name, INGESTED)):
            commit_folder(
                lake,
                partition_folder(f"{staging}/{outcome}", day),
                partition_folder(table, day),
                fingerprint=fingerprint({"table": table, "day": day, "inputs": inputs, "rules": rules}),
                counts=account.counts(),
                inputs=inputs,
                details={
                    "dataset": dataset.name,
                    "rules": rules,
                    "quarantined_by_reason": dict(sorted(account.by_reason.items())),
                },
                files=_of_day(written.get(outcome, {}), day),
            )

    with ThreadPoolExecutor(COMMITTERS) as pool:
        list(pool.map(commit, accounts))


@contextmanager
def _named_failures() -> Iterator[None]:
    """Turn Spark's failure to read a delivered file into an error that names the file."""
    try:
        yield
    except (PySparkException, Py4JJavaError) as error:
        failure = s3_failure(error)
        if failure is not None:
            raise failure from error
        found = _READ_FAILURE.search(str(error))
        if found is None:
            raise
        raise unreadable(found.group(1), "Spark cannot read it to its end") from error
