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
from include.contracts.casting import cast_to_contract, outside_ansi
from include.contracts.dataset import Dataset
from include.contracts.delivered import DeliveredFile, find_delivered, unreadable
from include.contracts.outcomes import (
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
from include.contracts.reading import read_delivered
from include.contracts.schema import CONTRACT
from include.lake import Lake, check_committer, commit_folder, partition_folder, staging_folder
from include.lake.manifest import fingerprint
from include.log import step

if TYPE_CHECKING:
    from pyspark.sql import SparkSession

logger = logging.getLogger(__name__)

QUARANTINE = "quarantine"
COMMITTERS = 8
# Delivered bytes of a day that become one file; a larger day becomes several.
BYTES_A_FILE = 256 << 20
_READ_FAILURE = re.compile(r"\[FAILED_READ_FILE[^]]*\][^:]*?file ([^ ]+?)[.]? ")

Accounts = Mapping[dt.date, DayAccount]


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
    try:
        if files:
            with step(logger, f"ingesting {len(files)} files of {name}"), outside_ansi(spark), _named_failures():
                _stage(spark, landing, lake, dataset, files, name, staging, accounts)
        _count_written(lake, staging, accounts)
        check_balance(name, accounts)
        with step(logger, f"committing {len(days)} days of {name}"):
            _commit(landing, lake, dataset, files, name, staging, accounts)
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
) -> None:
    """Write good and quarantined rows below `staging`, by day, and fill in the accounts."""
    table, mapping = CONTRACT[name], dataset.table(name)
    cast = cast_to_contract(read_delivered(spark, landing, name, files, mapping.source), table, mapping)
    marked = mark_outcomes(cast, table, _files_a_day(files)).persist(StorageLevel.MEMORY_AND_DISK)
    try:
        offsets = keep_accounts(summarise(marked), accounts)
        good_rows(marked, table).write.partitionBy(INGEST_DATE).parquet(lake.uri_of(f"{staging}/{INGESTED}"))
        check_committer(lake, f"{staging}/{INGESTED}")
        if any(account.by_reason for account in accounts.values()):
            bad = quarantine_rows(marked, offsets)
            bad.write.partitionBy(INGEST_DATE).parquet(lake.uri_of(f"{staging}/{QUARANTINED}"))
            check_committer(lake, f"{staging}/{QUARANTINED}")
    finally:
        marked.unpersist()


def _files_a_day(files: Sequence[DeliveredFile]) -> int:
    sizes: Counter[dt.date] = Counter()
    for file in files:
        sizes[file.day] += file.size
    return 1 + max(sizes.values()) // BYTES_A_FILE


def _count_written(lake: Lake, staging: str, accounts: Accounts) -> None:
    """Count the rows of the staged files from their footers, not from what Spark was told to write."""
    import pyarrow.parquet as pq

    filesystem, root = lake.filesystem()

    def rows(entry: tuple[dt.date, str]) -> int:
        day, outcome = entry
        files = lake.list_files(_staged(staging, outcome, day))
        paths = (f"{root}/{file.path}" for file in files if file.path.endswith(".parquet"))
        return sum(pq.read_metadata(path, filesystem=filesystem).num_rows for path in paths)

    entries = [(day, outcome) for day in accounts for outcome in (INGESTED, QUARANTINED)]
    with ThreadPoolExecutor(COMMITTERS) as pool:
        for (day, outcome), count in zip(entries, pool.map(rows, entries), strict=True):
            accounts[day].written[outcome] = count


def _staged(staging: str, outcome: str, day: dt.date) -> str:
    return f"{staging}/{partition_folder(outcome, day)}"


def _commit(
    landing: Lake,
    lake: Lake,
    dataset: Dataset,
    files: Sequence[DeliveredFile],
    name: str,
    staging: str,
    accounts: Accounts,
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
                _staged(staging, outcome, day),
                partition_folder(table, day),
                fingerprint=fingerprint({"table": table, "day": day, "inputs": inputs, "rules": rules}),
                counts=account.counts(),
                inputs=inputs,
                details={
                    "dataset": dataset.name,
                    "rules": rules,
                    "quarantined_by_reason": dict(sorted(account.by_reason.items())),
                },
            )

    with ThreadPoolExecutor(COMMITTERS) as pool:
        list(pool.map(commit, accounts))


@contextmanager
def _named_failures() -> Iterator[None]:
    """Turn Spark's failure to read a delivered file into an error that names the file."""
    try:
        yield
    except (PySparkException, Py4JJavaError) as error:
        found = _READ_FAILURE.search(str(error))
        if found is None:
            raise
        raise unreadable(found.group(1), "Spark cannot read it to its end") from error
