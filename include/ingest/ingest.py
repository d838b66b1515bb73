"""From the landing zone to the lake: cast, drop duplicates, quarantine, count, commit.

Delivered files are read several times rather than kept: once each for the counts and the doubtful keys, once for
the rows of these, once for all others. A history of a year is one run, as a single night is.
"""

from __future__ import annotations

import datetime as dt
import logging
import re
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from functools import reduce
from typing import TYPE_CHECKING

from py4j.protocol import Py4JJavaError
from pyspark import StorageLevel
from pyspark.errors import PySparkException
from pyspark.sql import DataFrame

from include.columns import INGEST_DATE, RECORD, SUCCESS_MARKER
from include.contract.dataset import Dataset, TableMapping
from include.contract.schema import CONTRACT, ContractTable
from include.contract.source import SourceMapping
from include.errors import InputError, MissingArtifactError
from include.ingest.accounts import COUNTS, DUPLICATES, INGESTED, LANDED, QUARANTINED, DayAccount, check_balance
from include.ingest.books import COLUMNS, Staged, day_details, files_on, rules_of
from include.ingest.casting import cast_to_contract, evaluating, failing_expression
from include.ingest.other_days import changed_days, closed_days, other_days
from include.ingest.outcomes import (
    count_blocks,
    decided_rows,
    doubtful_keys,
    doubtful_rows,
    duplicate_rows,
    identified,
    keep_blocks,
    keep_outcomes,
    one_file_a_day,
    quarantine_rows,
    rows_to_ingest,
    summarise,
    sure_rows,
)
from include.ingest.reading import is_native, named_failure, read_delivered
from include.lake import Lake, delete_staging, disk_failure, s3_failure, staging_folder
from include.landing.delivered import DeliveredFile, find_delivered
from include.landing.stored import damaged
from include.log import step
from include.policy import Policy
from include.spark.files import write_parquet

if TYPE_CHECKING:
    from pyspark.sql import SparkSession

logger = logging.getLogger(__name__)

COMMITTERS = 8
# Delivered bytes of a day that become one file; a larger day becomes several.
BYTES_A_FILE = 256 << 20
_READ_FAILURE = re.compile(r"\[FAILED_READ_FILE[^]]*\][^:]*?file ([^ ]+?)[.]? ")


def ingest_table(
    spark: SparkSession,
    landing: Lake,
    lake: Lake,
    dataset: Dataset,
    name: str,
    days: Sequence[dt.date],
    policy: Policy | None = None,
) -> dict[str, int]:
    """Replace the partitions of table `name` for `days` by what was delivered on them.

    An event is a duplicate when its id was delivered up to `duplicate_days` of the policy earlier, so later days that
    are in the lake already are ingested again where this changes them.

    Parameters
    ----------
    policy
        The data set's own when not given.

    Returns
    -------
    `COUNTS` of all the days together.

    Raises
    ------
    InputError
        When a day is not closed, or a file is damaged, lacks a column or was changed while it was read.
    ConfigurationError
        When an expression of the mapping is not valid.
    ValidationError
        When the counts of a day do not balance; then nothing of the table is committed.
    """
    window = (policy or dataset.policy()).quality.duplicate_days if CONTRACT[name].keep == "first" else 0
    files = find_delivered(landing, name, days, dataset.table(name).parts)
    delete_staging(lake, f"{name}-{days[0]}")
    ingest = _Ingest(landing, lake, dataset, name, files, {day: DayAccount() for day in days}, window)
    try:
        with evaluating(spark, dataset.time_zone), named_failures(ingest.reads):
            if files:
                with step(logger, f"ingesting {len(files)} files of {name}"):
                    ingest.stage(spark)
            changed = changed_days(spark, lake, name, days, window, ingest.staging, ingest.written)
        ingest.check()
        with step(logger, f"committing {len(days)} days of {name}"), ThreadPoolExecutor(COMMITTERS) as pool:
            list(pool.map(ingest.commit, days))
    finally:
        lake.delete(ingest.staging)
    if again := closed_days(landing, name, changed):
        logger.info("%s of %s hold events of these days: ingested again", name, ", ".join(map(str, again)))
        ingest_table(spark, landing, lake, dataset, name, again, policy)
    total: Counter[str] = Counter(dict.fromkeys(COUNTS, 0))
    for account in ingest.accounts.values():
        total.update(account.counts())
    return dict(total)


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
        window: int,
    ) -> None:
        self.landing, self.lake, self.dataset, self.name, self.window = landing, lake, dataset, name, window
        self.accounts = accounts
        self.files: dict[dt.date, list[DeliveredFile]] = {day: [] for day in accounts}
        for file in files:
            self.files[file.day].append(file)
        self.tags = self._content_tags()
        self.staging = staging_folder(f"{name}-{min(accounts)}")
        self.written: dict[str, dict[str, int]] = {}  # outcome, file, rows
        self.reads: list[tuple[DataFrame, ContractTable, SourceMapping]] = []
        self.rules = rules_of(dataset, name)

    def stage(self, spark: SparkSession) -> None:
        """Write good, quarantined and differing rows to the staging folder, by day, and fill in the accounts."""
        table, mapping = CONTRACT[self.name], self.dataset.table(self.name)
        files = [file for listed in self.files.values() for file in listed]
        files_a_day = 1 + max(sum(file.size for file in listed) for listed in self.files.values()) // BYTES_A_FILE
        for number, part in enumerate(mapping.parts):
            if own := [file for file in files if file.part == number]:
                read = read_delivered(spark, self.landing, self.name, own, part)
                if not all(is_native(file, part) for file in own):
                    # It is read four times below: what Python has parsed is kept.
                    read = read.persist(StorageLevel.DISK_ONLY)
                self.reads.append((read, table, part))
        rows = identified(self._cast(), table, table.key)
        offsets = keep_blocks([row.asDict() for row in count_blocks(rows, table).collect()], self.accounts)
        known = other_days(spark, self.lake, table, list(self.accounts), self.window)
        landed = sum(account.counts()[LANDED] for account in self.accounts.values())
        doubts = doubtful_keys(rows, known, landed)
        doubtful = self._cast(lambda rows: doubtful_rows(rows, doubts, table))
        decided = decided_rows(doubtful, known, doubts, table, self.window).persist(StorageLevel.MEMORY_AND_DISK)
        try:
            keep_outcomes([row.asDict() for row in summarise(decided).collect()], self.accounts)
            sure, absent = sure_rows(rows, doubts), table.keep == "latest" and may_be_absent(mapping, files)
            good = rows_to_ingest(sure, decided, table, self.accounts.keys(), files_a_day, absent)
            self._write(INGESTED, good)
            if any(account.by_reason() for account in self.accounts.values()):
                self._write(QUARANTINED, one_file_a_day(quarantine_rows(decided, offsets), RECORD))
            if any(account.sets_apart() for account in self.accounts.values()):
                self._write(DUPLICATES, one_file_a_day(duplicate_rows(decided, table), table.key))
        finally:
            decided.unpersist()
            doubts.unpersist()
            for read, _, _ in self.reads:
                read.unpersist()

    def _cast(self, keep: Callable[[DataFrame], DataFrame] | None = None) -> DataFrame:
        return reduce(DataFrame.unionByName, [cast_to_contract(*read, keep) for read in self.reads])

    def _write(self, outcome: str, rows: DataFrame) -> None:
        self.written[outcome] = write_parquet(self.lake, rows, f"{self.staging}/{outcome}", by=[INGEST_DATE])
        for day, account in self.accounts.items():
            account.written[outcome] = sum(files_on(day, self.written[outcome]).values())

    def check(self) -> None:
        """Refuse counts that do not balance, and files that are no longer what was read."""
        check_balance(self.name, self.accounts)
        now = self._content_tags()
        for path, tag in self.tags.items():
            if now[path] != tag:
                raise InputError(
                    f"{self.landing.uri_of(path)} was {'changed' if now[path] else 'removed'} while it was read",
                    remedy=f"write {SUCCESS_MARKER} only when all files of the day are complete, then clear the task",
                )

    def commit(self, day: dt.date) -> None:
        """Commit a day: what was set aside first, so that a committed day always has it."""
        inputs = {file.name: self.tags[file.path] for file in self.files[day]}
        account = self.accounts[day]
        made_from = {"day": day, "inputs": inputs, "rules": self.rules}
        if account.repeated:
            made_from["repeated"] = account.repeated
        columns = {
            file.name: file.columns
            for file in self.files[day]
            if account.file(file.name).by_reason and not tells_columns(file, self.dataset.table(self.name).parts)
        }
        details = day_details(self.dataset, self.name, self.rules, account)
        staged = Staged(self.lake, self.name, self.staging, self.written)
        for outcome, more in ((QUARANTINED, {COLUMNS: columns}), (DUPLICATES, {}), (INGESTED, {})):
            staged.commit(day, outcome, made_from, inputs, account.counts(), details | more)

    def _content_tags(self) -> dict[str, str]:
        """Return the tag of each file; it is empty for one that is not there any more."""
        paths = [file.path for listed in self.files.values() for file in listed]
        with ThreadPoolExecutor(COMMITTERS) as pool:
            return dict(zip(paths, pool.map(self._content_tag, paths), strict=True))

    def _content_tag(self, path: str) -> str:
        try:
            return self.landing.content_tag(path)
        except MissingArtifactError:
            return ""


def tells_columns(file: DeliveredFile, parts: Sequence[SourceMapping]) -> bool:
    """Tell whether each record of a file says which columns it has, also where they are empty."""
    return file.format.KEEPS_LINES and not is_native(file, parts[file.part])


def may_be_absent(mapping: TableMapping, files: Sequence[DeliveredFile]) -> bool:
    """Tell whether records may say nothing of a column that the mapping has."""
    parts = mapping.parts
    lacking = any(set(parts[file.part].source.columns) - set(file.columns) for file in files)
    return len(parts) > 1 or parts[0].source.partial or lacking


@contextmanager
def named_failures(reads: Sequence[tuple[DataFrame, ContractTable, SourceMapping]]) -> Iterator[None]:
    """Turn Spark's failure into an error that names the file that it cannot read, or the expression that failed."""
    try:
        yield
    except (PySparkException, Py4JJavaError) as error:
        failure = named_failure(error) or s3_failure(error) or disk_failure(error)
        if failure is not None:
            raise failure from error
        found = _READ_FAILURE.search(str(error))
        if found is None:
            for read in reads:
                if wrong := failing_expression(*read):
                    raise wrong from error
            raise
        raise damaged(found.group(1), "Spark cannot read it to its end") from error
