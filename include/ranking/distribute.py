"""Lists of all users on Spark: the catalogue is broadcast, the users come in parts, each task writes Parquet.

A task writes its lists itself, from Arrow: Spark's own writer would turn every list into JVM rows, which costs more
than ranking. Every attempt writes a file of its own, and only the answer that Spark accepts of a task counts, so a
repeated task leaves no row twice.
"""

from __future__ import annotations

import json
import pickle
import uuid
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

import pyarrow as pa

from include import columns as c
from include.ranking.catalogue import Catalogue, UserSlice
from include.ranking.kernel import list_lengths
from include.ranking.lists import make_lists
from include.ranking.rows import LIST_TYPES, record_batch
from include.ranking.shortfall import shortfall

if TYPE_CHECKING:
    from pyarrow.fs import FileSystem
    from pyspark import Broadcast
    from pyspark.sql import SparkSession

FEWEST_IN_PART, MOST_IN_PART = 512, 8192
PARTS = 16
ARROW = "spark.sql.execution.arrow"
ANSWER = "answer"
USERS, RECOMMENDATIONS, SHORT = "users", "recommendations", "shortfall"

VALUES = [c.USER_ID, c.SEGMENT, *(f"{name}.list.element" for name in LIST_TYPES)]
SCORE_VALUES = f"{c.SCORES}.list.element"
# Statistics of list elements help nobody and take longer than the rest. Scores hardly repeat: split into bytes they
# become smaller, and are read faster, than under the best compression
PARQUET = {
    "compression": {**dict.fromkeys(VALUES, "zstd"), SCORE_VALUES: "lz4"},
    "column_encoding": {SCORE_VALUES: "BYTE_STREAM_SPLIT"},
    "store_schema": False,  # with Arrow's own a reader would get our dictionaries back, not plain text
    "write_statistics": [c.USER_ID, c.SEGMENT],
    "use_dictionary": [name for name in VALUES if name not in (c.USER_ID, SCORE_VALUES)],
}

Digest = Callable[[pa.Table], int]
Answer = tuple[str, dict[str, int], int]
"""File, counts and digest of a part."""


class Target(NamedTuple):
    """A folder that every worker reaches.

    Attributes
    ----------
    connect
        Returns the file system; called on the workers, so that no key of a server travels with the tasks.
    folder
        Path in it.
    """

    connect: Callable[[], FileSystem]
    folder: str


@dataclass(frozen=True)
class Written:
    """What the tasks wrote.

    Attributes
    ----------
    files
        Names in the folder, in the order of the users. Any other file there is a killed attempt's.
    counts
        users, recommendations, shortfall (users whose list is not full).
    causes
        Users by what kept their list short, see `shortfall`.
    digest
        Sum of what `digest` made of each part.
    """

    files: tuple[str, ...]
    counts: dict[str, int]
    causes: dict[str, int]
    digest: int


def write_lists(
    spark: SparkSession, catalogue: Catalogue, users: UserSlice, target: Target, digest: Digest | None = None
) -> Written:
    """Write everyone's lists as Parquet, one file a part of the users; see `rows.SCHEMA`.

    A task is one part, and the size of a part depends on the number of users alone: a killed worker costs one part
    for each of its cores.

    Parameters
    ----------
    target
        Exists; nobody else writes there.
    digest
        Of a part's rows, importable on the workers; None: 0.

    Raises
    ------
    ValidationError
        By way of Spark's own error, when a factor is not a finite number.
    """
    chunks = [pickle.dumps(part, protocol=5) for part in split(users)]
    if not chunks:
        return Written((), {USERS: 0, RECOMMENDATIONS: 0, SHORT: 0}, {}, 0)
    parts = pa.table({"part": pa.array(range(len(chunks)), pa.int32()), "chunk": pa.array(chunks, pa.binary())})
    # Spark makes each Arrow batch a partition, unless it takes the table for a local relation.
    with _configured(spark, {f"{ARROW}.localRelationThreshold": "0", f"{ARROW}.maxRecordsPerBatch": "1"}):
        frame = spark.createDataFrame(parts)
    shared = spark.sparkContext.broadcast(catalogue)
    threads = int(spark.sparkContext.getConf().get("spark.task.cpus", "1") or 1)
    try:
        answers = frame.mapInArrow(writer(shared, target, digest, threads), f"{ANSWER} string").collect()
    finally:
        shared.destroy()
    return summarise(dict(json.loads(row[ANSWER]) for row in answers))


@contextmanager
def _configured(spark: SparkSession, options: dict[str, str]) -> Iterator[None]:
    before = {name: spark.conf.get(name) for name in options}
    for name, value in options.items():
        spark.conf.set(name, value)
    try:
        yield
    finally:
        for name, earlier in before.items():
            spark.conf.set(name, str(earlier))


def summarise(answers: dict[int, Answer]) -> Written:
    """Return the sum of the parts' answers; a part counts once."""
    ordered = [answers[part] for part in sorted(answers)]
    totals: Counter[str] = Counter()
    for _, counts, _ in ordered:
        totals.update(counts)
    own = (USERS, RECOMMENDATIONS, SHORT)
    return Written(
        files=tuple(file for file, _, _ in ordered),
        counts={name: totals[name] for name in own},
        causes={name: count for name, count in totals.items() if name not in own},
        digest=sum(digest for _, _, digest in ordered),
    )


def part_size(n_users: int) -> int:
    """Return the number of users in a part: enough for the ranking to be quick, few enough to share the work."""
    return min(max(-(-n_users // PARTS), FEWEST_IN_PART), MOST_IN_PART)


def split(users: UserSlice) -> Iterator[UserSlice]:
    """Yield the users in their order, part by part."""
    size = part_size(len(users.user_ids))
    for start in range(0, len(users.user_ids), size):
        yield users.rows(slice(start, start + size))


def writer(
    shared: Broadcast[Catalogue], target: Target, digest: Digest | None, threads: int
) -> Callable[[Iterator[pa.RecordBatch]], Iterator[pa.RecordBatch]]:
    """Return the function that turns Arrow batches of parts into files and one answer each."""

    def write(batches: Iterator[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
        for batch in batches:
            for part, chunk in zip(batch.column(0), batch.column(1), strict=True):
                users = pickle.loads(chunk.as_buffer())
                answer = write_part(shared.value, users, part.as_py(), target, digest, threads)
                yield pa.RecordBatch.from_pydict({ANSWER: [json.dumps((part.as_py(), answer))]})

    return write


def write_part(
    catalogue: Catalogue, users: UserSlice, part: int, target: Target, digest: Digest | None, threads: int = 1
) -> Answer:
    """Write one part's lists to a file of a name that no other attempt has, and say what is in it."""
    import pyarrow.parquet as pq

    lists = make_lists(catalogue, users, threads)
    rows = record_batch(catalogue, users, lists)
    lengths = list_lengths(lists.items)
    file = f"part-{part:05d}-{uuid.uuid4()}.parquet"
    table = pa.Table.from_batches([rows])
    pq.write_table(table, f"{target.folder}/{file}", filesystem=target.connect(), **PARQUET)
    counts = {
        USERS: len(lengths),
        RECOMMENDATIONS: int(lengths.sum()),
        SHORT: int((lengths < catalogue.rules.top_n).sum()),
        **shortfall(catalogue, users, lists),
    }
    return file, counts, digest(table) if digest else 0
