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
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, NamedTuple

import pyarrow as pa

from include import columns as c
from include.list_kinds import LIST_KINDS, PLACEMENTS, RECOMMENDATIONS, ListKind
from include.placement_policy import HOME
from include.ranking.catalogue import Catalogue, UserSlice
from include.ranking.kernel import list_lengths
from include.ranking.lists import ExplainedLists, make_all_lists
from include.ranking.rows import list_rows, record_batch
from include.ranking.shortfall import shortfall

if TYPE_CHECKING:
    from pyarrow.fs import FileSystem
    from pyspark import Broadcast
    from pyspark.sql import SparkSession

FEWEST_IN_PART, MOST_IN_PART = 512, 8192
PARTS, MOST_IN_TASK = 16, 4
ARROW = "spark.sql.execution.arrow"
ANSWER = "answer"
USERS, ENTRIES, SHORT, EMPTY = "users", "recommendations", "shortfall", "empty"

SCORE_VALUES = f"{c.SCORES}.list.element"


def parquet_options(kind: ListKind) -> dict[str, object]:
    """Return how a kind's lists are written best.

    Statistics of list elements help nobody and take longer than the rest. Scores hardly repeat: split into bytes they
    become smaller, and are read faster, than under the best compression.
    """
    values = [kind.key, kind.scope, *(f"{name}.list.element" for name in kind.lists)]
    return {
        "compression": {**dict.fromkeys(values, "zstd"), SCORE_VALUES: "lz4"},
        "column_encoding": {SCORE_VALUES: "BYTE_STREAM_SPLIT"},
        "store_schema": False,  # with Arrow's own a reader would get our dictionaries back, not plain text
        "write_statistics": [kind.key, kind.scope],
        "use_dictionary": [name for name in values if name not in (kind.key, SCORE_VALUES)],
    }


Digest = Callable[..., int]
Answer = tuple[str, dict[str, int], int]
"""File, counts and digest of a part's lists: one answer for home, and one for the placements where there are any."""


class Target(NamedTuple):
    """A folder that every worker reaches.

    Attributes
    ----------
    connect
        Returns the file system; called on the workers, so that no key of a server travels with the tasks.
    folder
        Path in it; the lists of home go there, those for placements into `placements`.
    """

    connect: Callable[[], FileSystem]
    folder: str
    placements: str = ""

    def folder_of(self, kind: str) -> str:
        """Return where the lists of a kind go."""
        return self.folder if kind == RECOMMENDATIONS else self.placements


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
    placements
        The same of the lists for placements: `users` are lists, `recommendations` entries, `causes` empty lists.
    """

    files: tuple[str, ...]
    counts: dict[str, int]
    causes: dict[str, int]
    digest: int
    placements: Written | None = None


def write_lists(
    spark: SparkSession, catalogue: Catalogue, users: UserSlice, target: Target, digest: Digest | None = None
) -> Written:
    """Write everyone's lists as Parquet, one file a part of the users; see `rows.SCHEMA`.

    A task is a few parts one after the other, since to begin one costs as much as half a part; every core gets one,
    while there are parts. The size of a part depends on the number of users alone, and a killed worker costs at most
    `MOST_IN_TASK` parts for each of its cores.

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
        return Written((), {USERS: 0, ENTRIES: 0, SHORT: 0}, {}, 0)
    parts = pa.table({"part": pa.array(range(len(chunks)), pa.int32()), "chunk": pa.array(chunks, pa.binary())})
    cores = spark.sparkContext.defaultParallelism
    tasks = max(-(-len(chunks) // MOST_IN_TASK), min(len(chunks), cores))
    # Spark makes each Arrow batch a partition, unless it takes the table for a local relation.
    with _configured(spark, {f"{ARROW}.localRelationThreshold": "0", f"{ARROW}.maxRecordsPerBatch": "1"}):
        frame = spark.createDataFrame(parts).coalesce(tasks)
    shared = spark.sparkContext.broadcast(catalogue)
    threads = int(spark.sparkContext.getConf().get("spark.task.cpus", "1") or 1)
    try:
        answers = frame.mapInArrow(writer(shared, target, digest, threads), f"{ANSWER} string").collect()
    finally:
        shared.destroy()
    read = dict(json.loads(row[ANSWER]) for row in answers)
    home, *further = (summarise({part: each[i] for part, each in read.items()}) for i in range(len(read[0])))
    return replace(home, placements=further[0]) if further else home


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
    own = (USERS, ENTRIES, SHORT)
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
) -> list[Answer]:
    """Write one part's lists to files of names that no other attempt has, and say what is in them."""
    made = make_all_lists(catalogue, users, threads)
    home = made[HOME]
    counts = _count([home]) | shortfall(catalogue, users, home)
    rows = [record_batch(catalogue, users, home)]
    answers = [_write(LIST_KINDS[RECOMMENDATIONS], rows, part, target, counts, digest)]
    further = {name: lists for name, lists in made.items() if name != HOME}
    if further:
        kind = LIST_KINDS[PLACEMENTS]
        rows = [list_rows(kind, users.user_ids, name, lists, catalogue.names) for name, lists in further.items()]
        empty = {EMPTY: sum(int((list_lengths(lists.items) == 0).sum()) for lists in further.values())}
        answers.append(_write(kind, rows, part, target, _count(further.values()) | empty, digest))
    return answers


def _count(made: Iterable[ExplainedLists]) -> dict[str, int]:
    lengths = [(list_lengths(lists.items), lists.items.shape[1]) for lists in made]
    return {
        USERS: sum(len(each) for each, _ in lengths),
        ENTRIES: int(sum(each.sum() for each, _ in lengths)),
        SHORT: int(sum((each < n).sum() for each, n in lengths)),
    }


def _write(
    kind: ListKind, rows: list[pa.RecordBatch], part: int, target: Target, counts: dict[str, int], digest: Digest | None
) -> Answer:
    """Write rows, each batch of them as a row group, for its texts have a dictionary of their own."""
    import pyarrow.parquet as pq

    file, digests = f"part-{part:05d}-{uuid.uuid4()}.parquet", 0
    path = f"{target.folder_of(kind.name)}/{file}"
    with pq.ParquetWriter(path, rows[0].schema, filesystem=target.connect(), **parquet_options(kind)) as writing:
        for batch in rows:
            table = pa.Table.from_batches([batch])
            writing.write_table(table, row_group_size=len(table) or 1)
            digests += digest(table, kind) if digest else 0
    return file, counts, digests
