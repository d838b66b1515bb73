"""A batch as it lies in the lake: lists, popularity, items, and what its manifest says."""

from __future__ import annotations

import datetime as dt
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
from include.errors import MissingArtifactError
from include.lake import Lake, Manifest, open_folder

if TYPE_CHECKING:
    import pyarrow as pa

LISTS = "recommendations"
POPULAR = "popular"
ITEMS = "items"
LIST_COLUMNS = [USER_ID, SEGMENT, ITEM_IDS, SCORES, REASON_CODES, REASON_ITEM_IDS]
POPULAR_COLUMNS = [SEGMENT, RANK, ITEM_ID, SCORE]
ITEM_COLUMNS = [ITEM_ID, TITLE, CATEGORY, PRICE, IN_STOCK]
ROWS = 4096
# As codes of a dictionary they are decoded several times faster
CODED = [f"{name}.list.element" for name in (ITEM_IDS, REASON_ITEM_IDS)]


@dataclass(frozen=True)
class Batch:
    """One committed batch; `folder` is its path in the lake, `batches/<batch_id>`."""

    lake: Lake
    folder: str
    manifest: Manifest

    @property
    def batch_id(self) -> str:
        return self.folder.rpartition("/")[2]

    @property
    def run_date(self) -> dt.date:
        return dt.date.fromisoformat(str(self._detail("run_date")))

    @property
    def variant(self) -> str:
        return str(self._detail("variant"))

    @property
    def checksum(self) -> str:
        return str(self._detail("checksum"))

    @property
    def model_version(self) -> str:
        return str(self._detail("model_version"))

    @cached_property
    def users(self) -> int:
        """Number of rows of the lists: users, with or without entries."""
        return sum(users for _, users in self.files)

    @cached_property
    def files(self) -> tuple[tuple[str, int], ...]:
        """Path of each file of the lists, for `lists_in`, and how many users are in it."""
        return tuple((path, self._open(path).metadata.num_rows) for path in self.manifest.paths(LISTS))

    def detail(self, name: str, default: Any) -> Any:
        """Return something that the manifest may say."""
        return self.manifest.details.get(name, default)

    def lists(self, rows: int = ROWS) -> Iterator[pa.RecordBatch]:
        """Yield the users' lists, some users at a time, in the order of the files."""
        for path in self.manifest.paths(LISTS):
            yield from self.lists_in(path, rows)

    def lists_in(self, path: str, rows: int = ROWS) -> Iterator[pa.RecordBatch]:
        """Yield the users' lists of one file, see `files`; on the caller's thread alone."""
        file = self._open(path, read_dictionary=CODED)
        for group in range(file.num_row_groups):
            yield from self._lists_of(path, file, group, rows)

    def popular(self) -> pa.Table:
        """Return segment, rank, item_id and score of the popular items."""
        return self._table(POPULAR, POPULAR_COLUMNS)

    def items(self) -> pa.Table:
        """Return item_id, title, category, price and in_stock of the catalogue."""
        return self._table(ITEMS, ITEM_COLUMNS)

    def _lists_of(self, path: str, file: Any, group: int, rows: int) -> Iterator[pa.RecordBatch]:
        """Yield a row group's lists; Arrow cannot give texts as codes where a row group has several dictionaries."""
        import pyarrow as pa

        done = 0
        try:
            for batch in file.iter_batches(rows, row_groups=[group], columns=LIST_COLUMNS, use_threads=False):
                yield batch
                done += batch.num_rows
        except pa.ArrowNotImplementedError:
            table = self._open(path).read_row_group(group, columns=LIST_COLUMNS)
            yield from table.slice(done).to_batches(max_chunksize=rows)

    def _detail(self, name: str) -> Any:
        if name not in self.manifest.details:
            raise MissingArtifactError(
                f"the manifest of {self.lake.uri_of(self.folder)} does not say {name}",
                remedy="delete the folder and clear task score",
            )
        return self.manifest.details[name]

    def _open(self, path: str, **options: Any) -> Any:
        import pyarrow.parquet as pq

        filesystem, root = self.lake.filesystem()
        return pq.ParquetFile(f"{root}/{self.folder}/{path}", filesystem=filesystem, **options)

    def _table(self, subfolder: str, columns: list[str]) -> pa.Table:
        import pyarrow as pa

        paths = self.manifest.paths(subfolder)
        if not paths:
            raise MissingArtifactError(
                f"the manifest of {self.lake.uri_of(self.folder)} lists no {subfolder}",
                remedy="delete the folder and clear task score",
            )
        return pa.concat_tables([self._open(path).read(columns=columns) for path in paths])


def open_batch(lake: Lake, folder: str) -> Batch:
    """Return the batch in `folder` after checking that all of its files are there.

    Raises
    ------
    MissingArtifactError
        When it was never finished, or a file is missing or cut off.
    """
    folder = folder.rstrip("/")
    return Batch(lake, folder, open_folder(lake, folder))
