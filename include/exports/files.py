"""Files of rows in CSV or Parquet, with the SHA-256 of what was written."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from typing import Any, Literal

import pyarrow as pa
import pyarrow.csv
import pyarrow.parquet
from pyarrow.fs import LocalFileSystem

from include.errors import ConfigurationError
from include.lake import Lake, disk_failure, s3_failure

Format = Literal["parquet", "csv"]
FORMATS: tuple[Format, ...] = ("parquet", "csv")
MOST_ROWS = 1_000_000  # of a file


@dataclass(frozen=True)
class File:
    """A written file, under the name that it was written by."""

    written: str
    rows: int
    bytes: int
    sha256: str

    @property
    def path(self) -> str:
        """Return its name in the export, which carries its content's digest."""
        stem, _, suffix = self.written.rpartition(".")
        return f"{stem}-{self.sha256[:12]}.{suffix}"

    def described(self) -> dict[str, Any]:
        """Return what the manifest says of it."""
        return {"path": self.path, "rows": self.rows, "bytes": self.bytes, "sha256": self.sha256}


class _Hashed:
    """A file that hashes what is written to it."""

    closed = False

    def __init__(self, sink: pa.NativeFile) -> None:
        self._sink, self.digest, self.size = sink, hashlib.sha256(), 0

    def write(self, data: bytes) -> int:
        self.digest.update(data)
        self.size += len(data)
        self._sink.write(data)
        return len(data)

    def flush(self) -> None:
        self._sink.flush()


def write_files(lake: Lake, folder: str, name: str, form: Format, tables: Iterable[pa.Table]) -> list[File]:
    """Write rows into files `<name>-00000.<form>` and so on, of about a million rows each; none of no rows.

    Parameters
    ----------
    folder
        Relative to the lake's root; nothing is there yet.

    Raises
    ------
    ConfigurationError
        When nothing can be written there.
    """
    files: list[File] = []
    rows = iter(table for table in tables if table.num_rows)
    while (first := next(rows, None)) is not None:
        path = f"{name}-{len(files):05d}.{form}"
        with _opened(lake, f"{folder}/{path}") as sink:
            count = _write(sink, form, first, rows)
        files.append(File(path, count, sink.size, sink.digest.hexdigest()))
    return files


@contextmanager
def _opened(lake: Lake, path: str) -> Iterator[_Hashed]:
    filesystem, root = lake.filesystem()
    try:
        if isinstance(filesystem, LocalFileSystem):
            filesystem.create_dir(f"{root}/{path}".rpartition("/")[0])
        stream = filesystem.open_output_stream(f"{root}/{path}")
    except OSError as error:
        raise (
            s3_failure(error)
            or disk_failure(error)
            or ConfigurationError(
                f"{lake.uri_of(path)} cannot be written: {error}", remedy="name a target that this login may write to"
            )
        ) from error
    with closing(stream):
        yield _Hashed(stream)


def _write(sink: Any, form: Format, first: pa.Table, others: Iterator[pa.Table]) -> int:
    """Write `first` and others until the file is long enough; return the number of rows."""
    make = pyarrow.parquet.ParquetWriter if form == "parquet" else pyarrow.csv.CSVWriter
    options = {"compression": "zstd"} if form == "parquet" else {}
    rows: int = 0
    table = first
    with make(pa.PythonFile(sink, mode="w"), first.schema, **options) as writer:
        while True:
            writer.write_table(table)
            rows += int(table.num_rows)
            if rows >= MOST_ROWS or (following := next(others, None)) is None:
                return rows
            table = following
