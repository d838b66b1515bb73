"""From the landing zone to the lake: cast, drop duplicates, quarantine, count, commit.

Delivered files are read once and shuffled once, by day and key; then each day is committed.
A history of a year is one Spark job, as a single night is.
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
        When the counts of a day do not balance; then nothing of the table is committed.
    """
    files = find_delivered(landing, name, days, dataset.table(name).source)
    ingest = _Ingest(landing, lake, dataset, name, files, {day: DayAccount() for day in days})
    try:
        if files:
            with step(logger, f"ingesting {len(files)} files of {name}"), outside_ansi(spark), _named_failures():
                ingest.stage(spark)
        check_balance(name, ingest.accounts)
        with step(logger, f"committing {len(days)} days of {name}"), ThreadPoolExecutor(COMMITTERS) as pool:
            list(pool.map(ingest.commit, days))
    finally:
        lake.delete(ingest.staging)
    total: Counter[str] = Counter()
    for account in ingest.accounts.values():
        total.update(account.counts())
    return {key: total[key] for key in (LANDED, INGESTED, DUPLICATES, QUARANTINED)}


class _Ingest:
    """The ingest of some days of one table: first all of them are staged, then each is committed."""

    def __init__(
        self,
        landing: Lake,
        lake: Lake,
        dataset: Dataset,
        name: str,
        files: Sequence[DeliveredFile],
        accounts: Mapping[dt.date, DayAccount],
    ) -> None:
        self.landing, self.lake, self.dataset, self.name = landing, lake, dataset, name
        self.accounts = accounts
        self.files: dict[dt.date, list[DeliveredFile]] = {day: [] for day in accounts}
        for file in files:
            self.files[file.day].append(file)
        self.staging = staging_folder(name)
        self.written: dict[str, dict[str, int]] = {}  # outcome, file, rows
        self.rules = fingerprint({"mapping": dataset.table(name).fingerprint(), "contract": repr(CONTRACT[name])})

    def stage(self, spark: SparkSession) -> None:
        """Write good and quarantined rows to the staging folder, by day, and fill in the accounts."""
        table, mapping = CONTRACT[self.name], self.dataset.table(self.name)
        files = [file for listed in self.files.values() for file in listed]
        files_a_day = 1 + max(sum(file.size for file in listed) for listed in self.files.values()) // BYTES_A_FILE
        cast = cast_to_contract(read_delivered(spark, self.landing, self.name, files, mapping.source), table, mapping)
        marked = mark_outcomes(cast, table, files_a_day).persist(StorageLevel.MEMORY_AND_DISK)
        try:
            offsets = keep_accounts(summarise(marked), self.accounts)
            rows = {INGESTED: good_rows(marked, table)}
            if any(account.by_reason for account in self.accounts.values()):
                rows[QUARANTINED] = quarantine_rows(marked, offsets)
            for outcome, frame in rows.items():
                folder = f"{self.staging}/{outcome}"
                self.written[outcome] = write_parquet(self.lake, frame, folder, by=[INGEST_DATE])
        finally:
            marked.unpersist()
        for outcome in self.written:
            for day, account in self.accounts.items():
                account.written[outcome] = sum(self._written_on(day, outcome).values())

    def commit(self, day: dt.date) -> None:
        """Commit a day: the quarantine first, so that a committed day always has its quarantine."""
        inputs = {file.name: self.landing.content_tag(file.path) for file in self.files[day]}
        account = self.accounts[day]
        for table, outcome in ((f"{QUARANTINE}/{self.name}", QUARANTINED), (self.name, INGESTED)):
            commit_folder(
                self.lake,
                partition_folder(f"{self.staging}/{outcome}", day),
                partition_folder(table, day),
                fingerprint=fingerprint({"table": table, "day": day, "inputs": inputs, "rules": self.rules}),
                counts=account.counts(),
                inputs=inputs,
                details={
                    "dataset": self.dataset.name,
                    "rules": self.rules,
                    "quarantined_by_reason": dict(sorted(account.by_reason.items())),
                },
                files=self._written_on(day, outcome),
            )

    def _written_on(self, day: dt.date, outcome: str) -> dict[str, int]:
        """Return the rows of the files staged for `day`, by their names."""
        folder = f"{INGEST_DATE}={day}/"
        written = self.written.get(outcome, {})
        return {path.removeprefix(folder): rows for path, rows in written.items() if path.startswith(folder)}


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
