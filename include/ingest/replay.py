"""Ingest again what was set aside, after the mapping was corrected; the delivered files are not needed.

A row that is good now is ingested, or is a duplicate of what the lake has; one that is still bad stays, with its
reasons of now. What was ingested before stays as it is. A day is committed in three steps, the quarantine last and each
marked, so that a run which was killed between them is finished by the next one, and counts nothing twice.
"""

from __future__ import annotations

import datetime as dt
import logging
from collections import Counter
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import reduce
from typing import TYPE_CHECKING, Any

from pyspark import StorageLevel
from pyspark.sql import DataFrame
from pyspark.sql import functions as F  # noqa: N812 - the name that everyone knows

from include import columns
from include.columns import INGEST_DATE, RECORD, SOURCE_FILE
from include.contract.dataset import Dataset
from include.contract.schema import CONTRACT
from include.errors import InputError
from include.ingest.accounts import DUPLICATES, INGESTED, LANDED, QUARANTINED, DayAccount, FileAccount, check_balance
from include.ingest.books import Staged, day_details, files_on, folder_of, rules_of
from include.ingest.casting import GOOD, cast_to_contract, evaluating
from include.ingest.ingest import named_failures
from include.ingest.other_days import delivered_rows, near_days
from include.ingest.outcomes import (
    LATE,
    OUTCOME,
    REPEATED,
    ROWS,
    decided_rows,
    doubtful_keys,
    duplicate_rows,
    identified,
    keep_outcomes,
    known_rows,
    lake_schema,
    one_file_a_day,
    quarantine_rows,
    rows_to_ingest,
    summarise,
)
from include.ingest.reading import ABSENT
from include.ingest.set_aside import read_set_aside
from include.lake import (
    Lake,
    Manifest,
    delete_staging,
    list_days,
    load_days,
    partition_folder,
    staging_folder,
)
from include.log import step
from include.policy import Policy
from include.spark.files import read_parquet, write_parquet

if TYPE_CHECKING:
    from pyspark.sql import SparkSession

logger = logging.getLogger(__name__)

REPLAYED = "replayed"  # in a manifest: the quarantine and the rules that it was committed from
ORDER = (DUPLICATES, INGESTED, QUARANTINED)
COMMITTERS = 8


def replay_table(
    spark: SparkSession, lake: Lake, dataset: Dataset, name: str, days: Sequence[dt.date], policy: Policy | None = None
) -> dict[str, int]:
    """Ingest the quarantined rows of table `name` on those of `days` that have any.

    Parameters
    ----------
    policy
        The data set's own when not given.

    Returns
    -------
    `replayed` rows, and what they are now: `ingested`, `duplicates`, `quarantined`.

    Raises
    ------
    InputError
        When a file belongs to no source of the mapping, a day was ingested by a version that kept no books by file, or
        a replay with another mapping was interrupted.
    ConfigurationError
        When an expression of the mapping is not valid.
    ValidationError
        When the counts of a day do not balance; then nothing of the table is committed.
    """
    window = (policy or dataset.policy()).quality.duplicate_days if CONTRACT[name].keep == "first" else 0
    there = set(list_days(lake, folder_of(QUARANTINED, name)))
    quarantine = load_days(lake, folder_of(QUARANTINED, name), [day for day in days if day in there])
    quarantine = {day: manifest for day, manifest in quarantine.items() if manifest.files}
    if not quarantine:
        return dict.fromkeys((REPLAYED, *ORDER), 0)
    delete_staging(lake, f"{REPLAYED}-{name}")
    replay = _Replay(lake, dataset, name, quarantine, window)
    try:
        with evaluating(spark, dataset.time_zone):
            replay.stage(spark)
        replay.check()
        with step(logger, f"committing {len(quarantine)} days of {name}"), ThreadPoolExecutor(COMMITTERS) as pool:
            list(pool.map(replay.commit, quarantine))
    finally:
        lake.delete(replay.staged.folder)
    return {REPLAYED: sum(replay.outcomes.values()), **{outcome: replay.outcomes[outcome] for outcome in ORDER}}


class _Replay:
    """The replay of some days of one table: first all of them are staged, then each is committed."""

    def __init__(
        self, lake: Lake, dataset: Dataset, name: str, quarantine: dict[dt.date, Manifest], window: int
    ) -> None:
        self.lake, self.dataset, self.name, self.quarantine, self.window = lake, dataset, name, quarantine, window
        self.table = CONTRACT[name]
        self.rules = rules_of(dataset, name)
        self.manifests = {outcome: load_days(lake, folder_of(outcome, name), quarantine) for outcome in ORDER}
        self.accounts = {day: _account(name, day, self.manifests[INGESTED][day]) for day in quarantine}
        self.written: dict[str, dict[str, int]] = {}
        self.staged = Staged(lake, name, staging_folder(f"{REPLAYED}-{name}"), self.written)
        self.outcomes: Counter[str] = Counter()
        for day in quarantine:
            for outcome in ORDER:
                self._is_done(day, outcome)

    def stage(self, spark: SparkSession) -> None:
        """Write the days as they are to be, and fill in the accounts."""
        table = self.table
        parts = self.dataset.table(self.name).parts
        reads = [
            (frame, table, part) for frame, part in read_set_aside(spark, self.lake, self.name, self.quarantine, parts)
        ]
        with named_failures(reads), step(logger, f"reading what was set aside of {self.name}"):
            rows = reduce(DataFrame.unionByName, [cast_to_contract(*read) for read in reads])
            known = self._known(spark)
            number = sum(account.counts()[LANDED] for account in self.accounts.values())
            doubts = doubtful_keys(identified(rows, table, table.key), known, number)
            decided = decided_rows(rows, known, doubts, table, self.window, beside=True)
            decided = decided.persist(StorageLevel.MEMORY_AND_DISK)
            try:
                self._keep_books(decided)
                self._write(spark, decided)
            finally:
                decided.unpersist()
                doubts.unpersist()

    def _known(self, spark: SparkSession) -> DataFrame:
        """Return the rows of the lake that the set-aside ones may be duplicates of."""
        if self.table.keep == "first":
            days = list(self.quarantine)
            near = [near_days(self.lake, self.name, days, self.window, later=later) for later in (False, True)]
            rows = delivered_rows(spark, self.lake, self.table, sorted({*days, *near[0], *near[1]}))
            return known_rows(rows, self.table)
        rows = self._committed(spark, INGESTED).withColumnRenamed(columns.ABSENT, ABSENT)
        return known_rows(rows, self.table, ABSENT)

    def _committed(self, spark: SparkSession, outcome: str) -> DataFrame:
        """Return the rows of one outcome that the days have now."""
        folder, schema = folder_of(outcome, self.name), lake_schema(self.table)
        more = f"{SOURCE_FILE} string, {REPEATED} boolean, " if outcome == DUPLICATES else ""
        more += f"{columns.ABSENT} array<string>, " if self.table.keep == "latest" and not more else ""
        uris = [
            self.lake.uri_of(f"{partition_folder(folder, day)}/{path}")
            for day, manifest in self.manifests[outcome].items()
            for path in manifest.paths()
        ]
        rows = read_parquet(spark, self.lake, folder, uris, more + schema)
        return rows.withColumn(INGEST_DATE, F.col(INGEST_DATE).cast("string"))

    def _keep_books(self, decided: DataFrame) -> None:
        found = [row.asDict() for row in summarise(decided).collect()]
        for row in found:
            account = self.accounts[dt.date.fromisoformat(row[INGEST_DATE])].file(row[SOURCE_FILE])
            account.landed += row[ROWS]
            account.late += row[LATE]
            self.outcomes[row[OUTCOME]] += row[ROWS]
        keep_outcomes(found, self.accounts)

    def _write(self, spark: SparkSession, decided: DataFrame) -> None:
        table, latest = self.table, self.table.keep == "latest"
        old = self._committed(spark, INGESTED)
        new = decided.where(F.col(OUTCOME) == INGESTED)
        if latest:  # each good row carries the state of its key at the end of the day
            new = decided.where(GOOD).dropDuplicates([table.key, INGEST_DATE]).withColumn(OUTCOME, F.lit(INGESTED))
            old = old.withColumnRenamed(columns.ABSENT, ABSENT)
            old = old.join(new.select(table.key, INGEST_DATE), [table.key, INGEST_DATE], how="left_anti")
        files_a_day = max(1, *(len(one.files) for one in self.manifests[INGESTED].values()))
        self._stage(INGESTED, rows_to_ingest(old, new, table, self.quarantine.keys(), files_a_day, latest))
        offsets = [(str(day), name, 0, 0) for day, account in self.accounts.items() for name in account.files]
        self._stage(QUARANTINED, one_file_a_day(quarantine_rows(decided, offsets), RECORD))
        again = duplicate_rows(decided, table)
        apart = self._committed(spark, DUPLICATES).select(again.columns).union(again)
        self._stage(DUPLICATES, one_file_a_day(apart, table.key))

    def _stage(self, outcome: str, rows: DataFrame) -> None:
        self.written[outcome] = write_parquet(self.lake, rows, f"{self.staged.folder}/{outcome}", by=[INGEST_DATE])
        for day, account in self.accounts.items():
            account.written[outcome] = sum(files_on(day, self.written[outcome]).values())

    def check(self) -> None:
        """Refuse counts that do not balance; the books of what an interrupted run has committed stand."""
        open_days = {day: one for day, one in self.accounts.items() if not self._is_done(day, INGESTED)}
        check_balance(self.name, open_days)

    def commit(self, day: dt.date) -> None:
        """Commit a day, unless nothing of it has changed."""
        account, ingested = self.accounts[day], self.manifests[INGESTED][day]
        counts, details = account.counts(), day_details(self.dataset, self.name, self.rules, account)
        if self._is_done(day, INGESTED):
            counts, details = ingested.counts, ingested.details
        elif (
            counts == ingested.counts and details["quarantined_by_reason"] == ingested.details["quarantined_by_reason"]
        ):
            return
        made_from = {"day": day, REPLAYED: self._mark(day)}
        known = {key: self.quarantine[day].details[key] for key in ("columns",) if key in self.quarantine[day].details}
        for outcome in ORDER:
            if not self._is_done(day, outcome):
                more: dict[str, Any] = known if outcome == QUARANTINED else {}
                marked = details | {REPLAYED: self._mark(day)} | more
                self.staged.commit(day, outcome, made_from, ingested.inputs, counts, marked)

    def _mark(self, day: dt.date) -> str:
        return f"{self.quarantine[day].fingerprint}-{self.rules}"

    def _is_done(self, day: dt.date, outcome: str) -> bool:
        """Tell whether an interrupted run has committed this outcome of the day already."""
        mark = str(self.manifests[outcome][day].details.get(REPLAYED, ""))
        if outcome == QUARANTINED or mark.partition("-")[0] != self.quarantine[day].fingerprint:
            return False
        if mark != self._mark(day):
            raise InputError(
                f"a replay of {self.name} of {day} was interrupted, and the mapping has changed since",
                remedy="replay the day with the mapping of then first, or ingest it again from the landing zone",
            )
        return True


def _account(table: str, day: dt.date, manifest: Manifest) -> DayAccount:
    """Return the books of a day without its quarantined rows."""
    files = manifest.details.get("files")
    if files is None:
        raise InputError(
            f"{table} of {day} was ingested by a version that kept no books by file",
            remedy="ingest the day again from the landing zone (DAG bootstrap_history)",
        )
    account = DayAccount()
    for name, counts in files.items():
        kept = {key: counts[key] for key in ("records", "duplicates", "differing", "late")}
        account.files[name] = FileAccount(landed=counts["landed"] - counts[QUARANTINED], **kept)
    return account
