"""A batch in the lake: lists, popularity, items, and what its manifest says."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

from include.columns import (
    CATEGORY,
    IN_STOCK,
    ITEM_ID,
    ITEM_IDS,
    PRICE,
    RANK,
    REASON_CODES,
    REASON_ITEM_IDS,
    SCORE,
    SCORES,
    SEGMENT,
    TITLE,
    USER_ID,
)
from include.lake import Artifact, Lake, open_artifact

if TYPE_CHECKING:
    import pyarrow as pa

LISTS = "recommendations"
LIST_COLUMNS = [USER_ID, SEGMENT, ITEM_IDS, SCORES, REASON_CODES, REASON_ITEM_IDS]
POPULAR_COLUMNS = [SEGMENT, RANK, ITEM_ID, SCORE]
ITEM_COLUMNS = [ITEM_ID, TITLE, CATEGORY, PRICE, IN_STOCK]
ROWS = 4096
# As codes of a dictionary they are decoded several times faster
CODED = [f"{name}.list.element" for name in (ITEM_IDS, REASON_ITEM_IDS)]


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
        """Number of rows of the lists: users, with or without entries."""
        return sum(users for _, users in self.files)

    @cached_property
    def files(self) -> tuple[tuple[str, int], ...]:
        """Path of each file of the lists, for `lists_in`, and how many users are in it."""
        return tuple((path, self._open(path).metadata.num_rows) for path in self.manifest.paths(LISTS))

    def lists(self) -> Iterator[pa.RecordBatch]:
        """Yield the users' lists, some users at a time, in the order of the files."""
        for path, _ in self.files:
            yield from self.lists_in(path)

    def lists_in(self, path: str) -> Iterator[pa.RecordBatch]:
        """Yield the users' lists of one file, see `files`; on the caller's thread alone."""
        import pyarrow as pa

        file = self._open(path, read_dictionary=CODED)
        for group in range(file.num_row_groups):
            done = 0
            try:
                for rows in file.iter_batches(ROWS, row_groups=[group], columns=LIST_COLUMNS, use_threads=False):
                    yield rows
                    done += rows.num_rows
            except pa.ArrowNotImplementedError:
                # Arrow cannot give texts as codes where a row group has several dictionaries
                table = self._open(path).read_row_group(group, columns=LIST_COLUMNS)
                yield from table.slice(done).to_batches(max_chunksize=ROWS)

    def popular(self) -> pa.Table:
        """Return segment, rank, item_id and score of the popular items."""
        return self.read_table("popular", POPULAR_COLUMNS)

    def items(self) -> pa.Table:
        """Return item_id, title, category, price and in_stock of the catalogue."""
        return self.read_table("items", ITEM_COLUMNS)

    def _open(self, path: str, **options: Any) -> Any:
        import pyarrow.parquet as pq

        filesystem, root = self.lake.filesystem()
        return pq.ParquetFile(f"{root}/{self.folder}/{path}", filesystem=filesystem, **options)


def open_batch(lake: Lake, folder: str) -> Batch:
    """Return the batch in `folder` after checking that all of its files are there.

    Raises
    ------
    MissingArtifactError
        When it was never finished, or a file is missing or cut off.
    """
    found = open_artifact(lake, folder)
    return Batch(found.lake, found.folder, found.manifest)
