"""A file as it is stored, here or in a bucket, and what can be wrong with it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import IO, TYPE_CHECKING, cast

from include.errors import InputError
from include.lake import s3_failure

if TYPE_CHECKING:
    from pyarrow.fs import FileSystem

# By ending, as pyarrow calls them
COMPRESSIONS = {".gz": "gzip", ".zst": "zstd"}
# By the first bytes, for files whose name does not say it
MAGIC = {b"\x1f\x8b": "gzip", b"\x28\xb5\x2f\xfd": "zstd"}
ARCHIVE = b"PK\x03\x04"


@dataclass(frozen=True)
class StoredFile:
    """A file to read.

    Attributes
    ----------
    name
        What messages call it: its URI, or the path that the user gave.
    """

    name: str
    filesystem: FileSystem
    path: str

    @contextmanager
    def open(self) -> Iterator[IO[bytes]]:
        """Open the file to read it from its start, decompressed.

        Raises
        ------
        InputError
            When the file is not there, may not be read, is damaged or is an archive.
        LakeError
            When the storage fails.
        """
        import pyarrow as pa

        kind = next((kind for ending, kind in COMPRESSIONS.items() if self.path.lower().endswith(ending)), None)
        with self.named_errors(), self.filesystem.open_input_file(self.path) as file:
            head = file.read(4)
            file.seek(0)
            if head == ARCHIVE:
                raise InputError(
                    f"{self.name} is a zip archive, as workbooks are",
                    remedy="unpack it, or save the workbook as CSV, then clear the task",
                )
            kind = kind or next((kind for magic, kind in MAGIC.items() if head.startswith(magic)), None)
            stream = pa.CompressedInputStream(file, kind) if kind else file
            yield cast("IO[bytes]", stream)

    @contextmanager
    def named_errors(self) -> Iterator[None]:
        """Name the file in errors of reading it."""
        import pyarrow as pa

        try:
            yield
        except (FileNotFoundError, PermissionError) as error:
            raise InputError(
                f"{self.name} cannot be read: {error.strerror or error}", remedy="correct the path or its permissions"
            ) from error
        except (pa.ArrowException, OSError, EOFError) as error:
            raise s3_failure(error) or damaged(self.name, str(error)) from error


def damaged(name: str, why: str) -> InputError:
    """Return the error for a file that is damaged."""
    return InputError(
        f"{name} is damaged: {' '.join(why.split())}", remedy="deliver the file again, then clear the task"
    )
