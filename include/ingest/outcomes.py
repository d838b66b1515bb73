"""The outcome of each row: ingested, duplicate or quarantined.

Nearly all rows are good and their keys occur once. Of what is not so the hashes of the keys are found, and only the
rows of these are compared with each other; no other row is shuffled, sorted or kept for it.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection, Iterable, Mapping
from typing import TYPE_CHECKING, Any

from pyspark import StorageLevel
from pyspark.sql import Window
from pyspark.sql import functions as F  # noqa: N812 - the name that everyone knows

from include import columns
from include.columns import ATTRIBUTES, ELEMENT, EVENT_TS, INGEST_DATE, RAW, REASONS, RECORD, SOURCE_FILE, UPDATED_TS
from include.contract.schema import SPARK_TYPES, ContractTable
from include.ingest.accounts import DUPLICATES, INGESTED, QUARANTINED, DayAccount
from include.ingest.casting import GOOD, KEY, KIND
from include.ingest.problems import is_absent
from include.ingest.reading import ABSENT, BLOCK, PLACE, POSITION

if TYPE_CHECKING:
    from pyspark.sql import Column, DataFrame, WindowSpec

OUTCOME = "_outcome"
DIFFERS = "_differs"
REPEATED = "repeated"  # delivered on an earlier day already
LATE = "_is_late"
FIRST, LAST, ROWS = "_first", "_last", "_rows"
TAG = "_tag"

_IDENTITY = "_identity"
_DAY = "_day"
_CONTENT = "_content"
_KNOWN = "_known"
# Hashes of keys up to which each task gets all of them
MOST_BROADCAST = 2_000_000
# What a processor keeps near itself
HASHES_A_TASK = 200_000
WHOLE = (Window.unboundedPreceding, Window.unboundedFollowing)


def row_columns(table: ContractTable) -> list[str]:
    """Return the columns of the table's rows in the lake."""
    return [*table.names(), *([ATTRIBUTES] if table.attributes else [])]


def lake_columns(table: ContractTable, absent: bool) -> list[Column]:
    """Return the columns to write, with what a row says nothing of where that may be."""
    listed = [F.col(ABSENT).alias(columns.ABSENT)] if absent else []
    return [*map(F.col, row_columns(table)), *listed, F.col(INGEST_DATE)]


def lake_schema(table: ContractTable) -> str:
    """Return the schema of the table's rows in the lake, as DDL, with their day."""
    columns = [f"{column.name} {SPARK_TYPES[column.kind]}" for column in table.columns]
    columns += [f"{ATTRIBUTES} map<string,string>"] if table.attributes else []
    return ", ".join([*columns, f"{INGEST_DATE} date"])


def identified(rows: DataFrame, table: ContractTable, key: str) -> DataFrame:
    """Add the hash by which equal keys are found, from the column `key`.

    Events are known by their key on any day, items and users by key and day.
    """
    within = [] if table.keep == "first" else [F.col(INGEST_DATE).cast("string")]
    return rows.withColumn(_IDENTITY, F.xxhash64(*within, F.col(key)))


def count_blocks(rows: DataFrame, table: ContractTable) -> DataFrame:
    """Return one row per block of a file: rows, late rows, and its first and last position.

    A block's records are numbered without gaps when they are read, so the first and the last number say how many
    were read, whatever became of them.
    """
    return rows.groupBy(INGEST_DATE, SOURCE_FILE, BLOCK).agg(
        F.count(F.lit(1)).alias(ROWS),
        F.count_if(_is_late(table)).alias(LATE),
        F.min(POSITION).alias(FIRST),
        F.max(POSITION).alias(LAST),
    )


def doubtful_keys(rows: DataFrame, known: DataFrame | None, number: int) -> DataFrame:
    """Return the hashes of rows that are not good, or that occur more than once in `rows` and `known` together.

    Parameters
    ----------
    known
        See `decided_rows`.
    number
        How many rows there are, about; each task compares about `HASHES_A_TASK`.
    """
    hashes = rows.select(_IDENTITY, GOOD)
    if known is not None:
        hashes = hashes.union(known.select(_IDENTITY, GOOD))
    # Nearly every hash occurs once: to count them before they are moved would only take time.
    moved = hashes.repartition(1 + number // HASHES_A_TASK, _IDENTITY)
    found = moved.groupBy(_IDENTITY).agg(F.count(F.lit(1)).alias(ROWS), F.count_if(GOOD).alias(GOOD))
    doubts = found.where((F.col(ROWS) > 1) | (F.col(GOOD) == 0)).select(_IDENTITY)
    doubts = doubts.persist(StorageLevel.MEMORY_AND_DISK)
    return F.broadcast(doubts) if doubts.count() <= MOST_BROADCAST else doubts


def sure_rows(rows: DataFrame, doubts: DataFrame) -> DataFrame:
    """Return the rows that are good and whose key occurs once."""
    return rows.join(doubts, _IDENTITY, how="left_anti")


def doubtful_rows(rows: DataFrame, doubts: DataFrame, table: ContractTable) -> DataFrame:
    """Return the rows with `KEY` that are not good, or of a key that may occur several times.

    They are moved: what is made of these few must not be compiled into the loop over all rows, which would be too
    long a method for Java to compile in time.
    """
    return identified(rows, table, KEY).join(doubts, _IDENTITY, how="left_semi").drop(_IDENTITY).repartition(POSITION)


def decided_rows(
    doubtful: DataFrame,
    known: DataFrame | None,
    doubts: DataFrame,
    table: ContractTable,
    window: int,
    *,
    beside: bool = False,
) -> DataFrame:
    """Return doubtful rows with `OUTCOME`, `DIFFERS`, `REPEATED` and `LATE`.

    Of good rows with the same key on a day, events keep the first delivered, items and users the last updated, or
    else the last delivered. A good event is also a duplicate when an event of its key was delivered up to `window`
    days earlier, whatever became of that one: the outcome does not depend on the order in which days are ingested.

    Parameters
    ----------
    known
        Good events of other days that may have the same keys, see `known_rows`; None for other tables.
    doubts
        See `doubtful_keys`.
    beside
        The rows come beside those of the lake, which `known` then has of all days: what is there stays ingested, and
        a row that has its key, on the same day or up to `window` days before or after, is a duplicate.
    """
    rows = identified(doubtful, table, table.key)
    marked = rows.withColumn(_KNOWN, F.lit(False))
    if known is not None:
        known = known.join(doubts, _IDENTITY, how="left_semi")
        marked = marked.unionByName(known.withColumn(_KNOWN, F.lit(True)), allowMissingColumns=True)
    content = [F.array_sort(F.map_entries(name)) if name == ATTRIBUTES else F.col(name) for name in row_columns(table)]
    number = F.unix_date(F.col(INGEST_DATE).cast("date"))
    placed = marked.withColumns({_CONTENT: F.struct(*content), _DAY: number})
    bad = ~F.col(GOOD)
    group = [F.when(bad, F.col(POSITION)).otherwise(F.col(_IDENTITY)), bad, F.when(~bad, F.col(table.key))]
    on_day = Window.partitionBy(*group, _DAY).orderBy(*_order(table))
    kept = F.first(_CONTENT).over(on_day)
    repeated = there = F.lit(False)
    if beside:
        there = F.max(_KNOWN).over(Window.partitionBy(*group, _DAY))
    if table.keep == "first" and window:
        days = Window.partitionBy(*group).orderBy(_DAY)
        before = F.first(_CONTENT).over(days.rangeBetween(-window, -1))
        kept, repeated = F.coalesce(before, kept), ~bad & before.isNotNull()
        if beside:
            later = F.first(F.when(F.col(_KNOWN), F.col(_CONTENT)), ignorenulls=True).over(days.rangeBetween(1, window))
            kept, there = F.coalesce(before, later, kept), there | later.isNotNull()
    first = ~repeated & ~there & (F.row_number().over(on_day) == 1)
    outcome = F.when(bad, QUARANTINED).when(first, INGESTED).otherwise(DUPLICATES)
    own = {name: F.col(name) for name in rows.columns}
    if table.keep == "latest":
        own |= _merged(table, Window.partitionBy(*group, _DAY).orderBy(*_order(table)).rowsBetween(*WHOLE))
    decided = placed.select(
        *[value.alias(name) for name, value in own.items()],
        _KNOWN,
        outcome.alias(OUTCOME),
        # Of the states of an item or a user on one day the last counts: nothing is lost with the others.
        (F.lit(table.keep == "first") & ~bad & ~F.equal_null(_CONTENT, kept)).alias(DIFFERS),
        repeated.alias(REPEATED),
        _is_late(table).alias(LATE),
    )
    return decided.where(~F.col(_KNOWN)).drop(_KNOWN)


def _merged(table: ContractTable, window: WindowSpec) -> dict[str, Column]:
    """Return the state of an item or a user at the end of a day: of each column the latest value that is not absent.

    Several sources, or several rows of one, may each deliver a part of the columns and of the features.
    """
    names = [name for name in table.names() if name != table.key]
    said = {name: F.first(F.when(~is_absent(name), F.struct(name)), ignorenulls=True).over(window) for name in names}
    merged = {name: value[name] for name, value in said.items()}
    nothing = F.array().cast("array<string>")
    lacking = F.coalesce(ABSENT, nothing)
    features = F.filter(lacking, lambda name: ~name.isin(*table.names()))
    never = F.array_compact(F.array(*[F.when(value.isNull(), F.lit(name)) for name, value in said.items()]))
    rows = F.collect_list(F.struct(features.alias("absent"), F.col(ATTRIBUTES).alias("known"))).over(window)
    merged[ATTRIBUTES] = F.aggregate(F.reverse(rows), F.create_map().cast("map<string,string>"), _laid_over)
    merged[ABSENT] = F.array_union(never, F.array_except(_in_all(rows), F.map_keys(merged[ATTRIBUTES])))
    return merged


def _laid_over(known: Column, row: Column) -> Column:
    """Return the features after a further row: those it is silent about stay."""
    kept = F.map_filter(known, lambda name, _: F.array_contains(row["absent"], name))
    return F.map_zip_with(kept, row["known"], lambda _, before, now: F.coalesce(now, before))


def _in_all(rows: Column) -> Column:
    """Return the features that all rows are silent about."""
    return F.aggregate(
        rows, F.get(rows, F.lit(0))["absent"], lambda names, row: F.array_intersect(names, row["absent"])
    )


def _order(table: ContractTable) -> list[Column]:
    place = [F.col(name) for name in (SOURCE_FILE, BLOCK, POSITION)]
    content = F.col(_CONTENT).asc()  # rows that `explode` makes of one record have one place
    if table.keep == "latest":
        return [F.col(UPDATED_TS).desc_nulls_last(), *[one.desc() for one in place], content]
    return [*[one.asc() for one in place], content]


def _is_late(table: ContractTable) -> Column:
    if EVENT_TS not in table.names():
        return F.lit(False)
    return F.coalesce(F.to_date(EVENT_TS) < F.col(INGEST_DATE).cast("date"), F.lit(False))


def summarise(decided: DataFrame) -> DataFrame:
    """Return one row per file, outcome and kind of reason; `TAG` names the set of repeated rows."""
    return decided.groupBy(INGEST_DATE, SOURCE_FILE, OUTCOME, KIND).agg(
        F.count(F.lit(1)).alias(ROWS),
        F.count_if(LATE).alias(LATE),
        F.count_if(DIFFERS).alias(DIFFERS),
        F.sum(F.when(F.col(REPEATED), F.xxhash64(_IDENTITY, SOURCE_FILE).cast("decimal(20,0)"))).alias(TAG),
    )


def rows_to_ingest(
    sure: DataFrame,
    decided: DataFrame,
    table: ContractTable,
    days: Collection[dt.date],
    files_a_day: int,
    absent: bool,
) -> DataFrame:
    """Return the rows of the lake with their day: each task has a file of a day, in the order of time or key."""
    chosen = lake_columns(table, absent)
    rows = sure.select(*chosen).unionByName(decided.where(F.col(OUTCOME) == INGESTED).select(*chosen))
    day = F.datediff(INGEST_DATE, F.lit(min(days)))
    file = day * files_a_day + F.pmod(F.hash(table.key), F.lit(files_a_day))
    order = [EVENT_TS, table.key] if EVENT_TS in table.names() else [table.key]
    return rows.repartitionById(len(days) * files_a_day, file).sortWithinPartitions(*order)


def duplicate_rows(decided: DataFrame, table: ContractTable) -> DataFrame:
    """Return the duplicates that are not simply the same row again: they differ, or came on an earlier day."""
    apart = F.col(DIFFERS) | F.col(REPEATED)
    rows = decided.where((F.col(OUTCOME) == DUPLICATES) & apart)
    return rows.select(SOURCE_FILE, REPEATED, *row_columns(table), INGEST_DATE)


def quarantine_rows(decided: DataFrame, offsets: list[tuple[str, str, int, int]]) -> DataFrame:
    """Return the quarantined rows with the number of each record in its file."""
    schema = f"{INGEST_DATE} string, {SOURCE_FILE} string, {BLOCK} long, {FIRST} long"
    starts = F.broadcast(decided.sparkSession.createDataFrame(offsets, schema))
    numbered = decided.where(F.col(OUTCOME) == QUARANTINED).join(
        starts, on=[INGEST_DATE, SOURCE_FILE, BLOCK], how="inner"
    )
    record = (F.col(POSITION) + F.col(FIRST)).alias(RECORD)
    return numbered.select(SOURCE_FILE, record, ELEMENT, REASONS, RAW, INGEST_DATE)


def one_file_a_day(rows: DataFrame, order: str) -> DataFrame:
    """Return the rows of each day together, by source file and then by `order`: they are few."""
    return rows.repartition(INGEST_DATE).sortWithinPartitions(INGEST_DATE, SOURCE_FILE, order)


def known_rows(frame: DataFrame, table: ContractTable, *more: str) -> DataFrame:
    """Return rows of the lake in the form that `doubtful_keys` and `decided_rows` take: good, and without a place.

    `more` names further columns to keep.
    """
    nothing = [F.lit(None).alias(SOURCE_FILE), F.lit(True).alias(GOOD)]
    places = [F.lit(None).cast("long").alias(name) for name in PLACE[2:]]
    days = F.col(INGEST_DATE).cast("string").alias(INGEST_DATE)
    return identified(frame.select(*row_columns(table), *more, days, *nothing, *places), table, table.key)


def keep_blocks(
    blocks: Iterable[Mapping[str, Any]], accounts: Mapping[dt.date, DayAccount]
) -> list[tuple[str, str, int, int]]:
    """Fill in what landed, from the rows of `count_blocks`, and return where in its file each block starts.

    Returns
    -------
    For every block its day, file, number, and what to add to a record's position to get its number in the file.
    """
    offsets = []
    for row in sorted(blocks, key=lambda row: (row[INGEST_DATE], row[SOURCE_FILE], row[BLOCK])):
        account = accounts[dt.date.fromisoformat(row[INGEST_DATE])].file(row[SOURCE_FILE])
        offsets.append((row[INGEST_DATE], row[SOURCE_FILE], row[BLOCK], account.records + 1 - row[FIRST]))
        account.records += row[LAST] - row[FIRST] + 1
        account.landed += row[ROWS]
        account.late += row[LATE]
    return offsets


def keep_outcomes(outcomes: Iterable[Mapping[str, Any]], accounts: Mapping[dt.date, DayAccount]) -> None:
    """Fill in what became of the rows that were not simply good, from those of `summarise`."""
    for row in outcomes:
        day = accounts[dt.date.fromisoformat(row[INGEST_DATE])]
        account = day.file(row[SOURCE_FILE])
        if row[OUTCOME] == INGESTED:
            continue
        account.late -= row[LATE]
        if row[OUTCOME] == QUARANTINED:
            account.by_reason[row[KIND]] += row[ROWS]
        else:
            account.duplicates += row[ROWS]
            account.differing += row[DIFFERS]
            day.repeated += int(row[TAG] or 0)
