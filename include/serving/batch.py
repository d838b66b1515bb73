"""A batch in the lake: lists, popularity, items, and what its manifest says."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

from include.columns import CATEGORY, IN_STOCK, ITEM_ID, PRICE, RANK, SCORE, SEGMENT, TITLE
from include.lake import Artifact, Lake, open_artifact
from include.list_kinds import LIST_KINDS, RECOMMENDATIONS, ListKind

if TYPE_CHECKING:
    import pyarrow as pa

POPULAR_COLUMNS = [SEGMENT, RANK, ITEM_ID, SCORE]
ITEM_COLUMNS = [ITEM_ID, TITLE, CATEGORY, PRICE, IN_STOCK]
ROWS = 4096
COUNTS = "lists"
"""What a manifest says of each kind: how many lists, full ones and entries."""


@dataclass(frozen=True)
class Batch(Artifact):
    """One committed batch, `batches/<batch_id>`."""

    @property
    def batch_id(self) -> str:
        return self.name

    @property
    def variant(self) -> str:
        return str(self.detail("variant"))

    @property
    def checksum(self) -> str:
        return str(self.detail("checksum"))

    @property
    def model_version(self) -> str:
        return str(self.detail("model_version"))

    @cached_property
    def users(self) -> int:
        """Number of users, with or without entries in their list."""
        return self.of(RECOMMENDATIONS).count

    @cached_property
    def kinds(self) -> tuple[KindLists, ...]:
        """The lists of each kind that the batch holds; a batch from before there were others has one kind."""
        counts = self.manifest.details.get(COUNTS, {RECOMMENDATIONS: {}})
        return tuple(KindLists(self, kind) for name, kind in LIST_KINDS.items() if name in counts)

    def of(self, name: str) -> KindLists:
        """Return the lists of a kind."""
        return KindLists(self, LIST_KINDS[name])

    def lists(self) -> Iterator[pa.RecordBatch]:
        """Yield the users' own lists, some users at a time, in the order of the files."""
        yield from self.of(RECOMMENDATIONS).read()

    def popular(self) -> pa.Table:
        """Return segment, rank, item_id and score of the popular items."""
        return self.read_table("popular", POPULAR_COLUMNS)

    def items(self) -> pa.Table:
        """Return item_id, title, category, price and in_stock of the catalogue."""
        return self.read_table("items", ITEM_COLUMNS)


@dataclass(frozen=True)
class KindLists:
    """All lists of one kind in a batch."""

    batch: Batch
    kind: ListKind

    @cached_property
    def files(self) -> tuple[tuple[str, int], ...]:
        """Path of each file, for `read_file`, and how many lists are in it."""
        paths = self.batch.manifest.paths(self.kind.name)
        return tuple((path, self._open(path).metadata.num_rows) for path in paths)

    @cached_property
    def count(self) -> int:
        """Number of lists, empty ones included."""
        return sum(lists for _, lists in self.files)

    def read(self) -> Iterator[pa.RecordBatch]:
        """Yield the lists, some at a time, in the order of the files."""
        for path, _ in self.files:
            yield from self.read_file(path)

    def read_file(self, path: str) -> Iterator[pa.RecordBatch]:
        """Yield the lists of one file, see `files`; on the caller's thread alone."""
        import pyarrow as pa

        columns = self.kind.columns
        # As codes of a dictionary they are decoded several times faster
        coded = [f"{name}.list.element" for name in (self.kind.lists[0], self.kind.lists[3])]
        file = self._open(path, read_dictionary=coded)
        for group in range(file.num_row_groups):
            done = 0
            try:
                for rows in file.iter_batches(ROWS, row_groups=[group], columns=columns, use_threads=False):
                    yield rows
                    done += rows.num_rows
            except pa.ArrowNotImplementedError:
                # Arrow cannot give texts as codes where a row group has several dictionaries
                table = self._open(path).read_row_group(group, columns=columns)
                yield from table.slice(done).to_batches(max_chunksize=ROWS)

    def lengths(self) -> Iterator[tuple[pa.Array, pa.Array]]:
        """Yield keys and the lengths of their lists, some at a time."""
        import pyarrow.compute as pc

        key, members = self.kind.key, self.kind.lists[0]
        for path, _ in self.files:
            for rows in self._open(path).iter_batches(ROWS, columns=[key, members]):
                yield rows[key], pc.list_value_length(rows[members])

    def _open(self, path: str, **options: Any) -> Any:
        import pyarrow.parquet as pq

        filesystem, root = self.batch.lake.filesystem()
        return pq.ParquetFile(f"{root}/{self.batch.folder}/{path}", filesystem=filesystem, **options)


def open_batch(lake: Lake, folder: str) -> Batch:
    """Return the batch in `folder` after checking that all of its files are there.

    Raises
    ------
    MissingArtifactError
        When it was never finished, or a file is missing or cut off.
    """
    found = open_artifact(lake, folder)
    return Batch(found.lake, found.folder, found.manifest)
