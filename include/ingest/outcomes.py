"""The outcome of each record (ingested, duplicate or quarantined), and the counts of each day."""

from __future__ import annotations

import datetime as dt
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from pyspark.sql import Window
from pyspark.sql import functions as F  # noqa: N812 - the name that everyone knows

from include.columns import ATTRIBUTES, INGEST_DATE, RAW, REASONS, RECORD, SOURCE_FILE, UPDATED_TS
from include.contract.schema import ContractTable
from include.errors import ValidationError
from include.ingest.casting import KIND
from include.ingest.reading import BLOCK, POSITION

if TYPE_CHECKING:
    from pyspark.sql import Column, DataFrame

LANDED, INGESTED, DUPLICATES, QUARANTINED = "landed", "ingested", "duplicates", "quarantined"

_OUTCOME = "_outcome"
_BUCKET = "_bucket"
_FIRST = "_first"
_LAST = "_last"
_ROWS = "_rows"


@dataclass
class DayAccount:
    """The records of one day by outcome; `written` is what the staged files hold."""

    landed: int = 0
    duplicates: int = 0
    by_reason: Counter[str] = field(default_factory=Counter)
    written: Counter[str] = field(default_factory=Counter)

    def counts(self) -> dict[str, int]:
        return {
            LANDED: self.landed,
            INGESTED: self.written[INGESTED],
            DUPLICATES: self.duplicates,
            QUARANTINED: self.written[QUARANTINED],
        }


def mark_outcomes(frame: DataFrame, table: ContractTable, files_a_day: int = 1) -> DataFrame:
    """Add the outcome to rows of `cast_to_contract`: one shuffle, by day and key.

    Of rows with the same key on a day, events keep the first delivered, items and users the
    last updated, or else the last delivered.
    """
    place = [SOURCE_FILE, BLOCK, POSITION]
    order: list[Column] = [F.col(name).asc() for name in place]
    if table.keep == "latest":
        order = [F.col(UPDATED_TS).desc_nulls_last(), *[F.col(name).desc() for name in place]]
    group: list[Column] = [F.col(INGEST_DATE)]
    if files_a_day > 1:
        frame = frame.withColumn(_BUCKET, F.pmod(F.hash(table.key), F.lit(files_a_day)))
        group.append(F.col(_BUCKET))
    partitions = int(str(frame.sparkSession.conf.get("spark.sql.shuffle.partitions")))
    quarantined = F.col(KIND).isNotNull()
    among_equals = Window.partitionBy(*group, table.key, quarantined).orderBy(*order)
    outcome = (
        F.when(quarantined, QUARANTINED).when(F.row_number().over(among_equals) == 1, INGESTED).otherwise(DUPLICATES)
    )
    return frame.repartition(partitions, *group).withColumn(_OUTCOME, outcome)


def good_rows(marked: DataFrame, table: ContractTable) -> DataFrame:
    """Return the rows to ingest, in the contract's columns, with their day."""
    columns = [*table.names(), *([ATTRIBUTES] if table.attributes else []), INGEST_DATE]
    return marked.where(F.col(_OUTCOME) == INGESTED).select(*columns)


def summarise(marked: DataFrame) -> DataFrame:
    """Return one row per day, block of a file, outcome and kind of reason."""
    return marked.groupBy(INGEST_DATE, SOURCE_FILE, BLOCK, _OUTCOME, KIND).agg(
        F.count("*").alias(_ROWS), F.min(POSITION).alias(_FIRST), F.max(POSITION).alias(_LAST)
    )


def keep_accounts(summary: DataFrame, accounts: Mapping[dt.date, DayAccount]) -> list[tuple[str, str, int, int]]:
    """Fill in `accounts`, and return where in its file each block starts.

    A block's records are numbered without gaps when they are read, so the first and the last
    number say how many were read, whatever their outcome.

    Returns
    -------
    For every block its day, file, number, and what to add to a record's position to get its
    number in the file.
    """
    blocks: dict[tuple[str, str, int], tuple[int, int]] = {}
    for row in summary.collect():
        place = (row[INGEST_DATE], row[SOURCE_FILE], row[BLOCK])
        first, last = blocks.get(place, (row[_FIRST], row[_LAST]))
        blocks[place] = (min(first, row[_FIRST]), max(last, row[_LAST]))
        account = accounts[dt.date.fromisoformat(row[INGEST_DATE])]
        if row[_OUTCOME] == DUPLICATES:
            account.duplicates += row[_ROWS]
        elif row[_OUTCOME] == QUARANTINED:
            account.by_reason[row[KIND]] += row[_ROWS]
    offsets = []
    before: Counter[tuple[str, str]] = Counter()
    for (day, file, block), (first, last) in sorted(blocks.items()):
        length = last - first + 1
        accounts[dt.date.fromisoformat(day)].landed += length
        offsets.append((day, file, block, before[day, file] + 1 - first))
        before[day, file] += length
    return offsets


def quarantine_rows(marked: DataFrame, offsets: list[tuple[str, str, int, int]]) -> DataFrame:
    """Return the quarantined rows with the number of each record in its file, in that order."""
    schema = f"{INGEST_DATE} string, {SOURCE_FILE} string, {BLOCK} long, {_FIRST} long"
    starts = F.broadcast(marked.sparkSession.createDataFrame(offsets, schema))
    numbered = marked.where(F.col(_OUTCOME) == QUARANTINED).join(
        starts, on=[INGEST_DATE, SOURCE_FILE, BLOCK], how="inner"
    )
    record = (F.col(POSITION) + F.col(_FIRST)).alias(RECORD)
    rows = numbered.select(_file_name().alias(SOURCE_FILE), record, REASONS, RAW, INGEST_DATE)
    return rows.sortWithinPartitions(INGEST_DATE, SOURCE_FILE, RECORD)


def _file_name() -> Column:
    """Return the file's name in the landing zone, which Spark gives URI-encoded."""
    return F.url_decode(F.replace(F.col(SOURCE_FILE), F.lit("+"), F.lit("%2B")))


def check_balance(table: str, accounts: Mapping[dt.date, DayAccount]) -> None:
    """Refuse counts that do not balance.

    Raises
    ------
    ValidationError
        When landed is not ingested + duplicates + quarantined, or the quarantine does not
        hold as many rows as reasons were counted.
    """
    for day, account in accounts.items():
        counts = account.counts()
        written = counts[INGESTED] + counts[DUPLICATES] + counts[QUARANTINED]
        if counts[LANDED] != written or counts[QUARANTINED] != account.by_reason.total():
            raise ValidationError(
                f"{table} of {day}: {counts[LANDED]} records landed, but {counts[INGESTED]} ingested + "
                f"{counts[DUPLICATES]} duplicates + {counts[QUARANTINED]} quarantined make {written}",
                remedy="clear the task; should it say so again, keep the landing files and report it",
            )
