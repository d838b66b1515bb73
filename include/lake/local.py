"""A lake on a local or mounted POSIX file system."""

from __future__ import annotations

import fcntl
import hashlib
import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import unquote

from include.errors import LakeError, MissingArtifactError
from include.lake.disk import REMEDY, disk_failure
from include.lake.store import FileInfo

if TYPE_CHECKING:
    from pyarrow.fs import FileSystem


@contextmanager
def _named_errors(path: Path) -> Iterator[None]:
    try:
        yield
    except FileNotFoundError as error:
        raise MissingArtifactError(
            f"{path} does not exist", remedy="clear the task that writes it, and what follows"
        ) from error
    except OSError as error:
        raise LakeError(
            f"{path}: {error.strerror}", remedy=REMEDY if disk_failure(error) else "check the path and its permissions"
        ) from error


@contextmanager
def _turn(folder: Path) -> Iterator[None]:
    """Let the processes that change files of `folder` under a condition do so one after the other."""
    handle = os.open(folder, os.O_RDONLY)
    try:
        fcntl.flock(handle, fcntl.LOCK_EX)
        yield
    finally:
        os.close(handle)


class LocalLake:
    """See `Lake`. Atomicity comes from rename, which POSIX guarantees."""

    def __init__(self, root: str) -> None:
        self.root = Path(unquote(root)).absolute()

    @property
    def uri(self) -> str:
        return self.root.as_uri()

    def uri_of(self, path: str) -> str:
        # Hadoop takes what follows the scheme as it stands: a blank must not become %20.
        return f"file://{self.root}/{path}"

    def filesystem(self) -> tuple[FileSystem, str]:
        from pyarrow.fs import LocalFileSystem

        return LocalFileSystem(), str(self.root)

    def exists(self, path: str) -> bool:
        return (self.root / path).is_file()

    def size(self, path: str) -> int:
        target = self.root / path
        with _named_errors(target):
            return target.stat().st_size

    def read_bytes(self, path: str) -> bytes:
        target = self.root / path
        with _named_errors(target):
            return target.read_bytes()

    def write_bytes(self, path: str, data: bytes) -> None:
        target = self.root / path
        with _named_errors(target), self._temporary(target, data) as temporary:
            Path(temporary).replace(target)

    def version(self, path: str) -> str | None:
        return self.content_tag(path) if self.exists(path) else None

    def write_if_unchanged(self, path: str, data: bytes, version: str | None) -> bool:
        target = self.root / path
        with _named_errors(target), self._temporary(target, data) as temporary, _turn(target.parent):
            if self.version(path) != version:
                return False
            Path(temporary).replace(target)
        return True

    def list_files(self, folder: str) -> list[FileInfo]:
        found = []
        for parent, _, names in os.walk(self.root / folder):
            for name in names:
                file = Path(parent, name)
                with suppress(FileNotFoundError):  # somebody else deletes or moves at the same time
                    found.append(FileInfo(str(file.relative_to(self.root)), file.stat().st_size))
        return sorted(found)

    def move(self, source: str, target: str) -> None:
        goal = self.root / target
        with _named_errors(self.root / source):
            goal.parent.mkdir(parents=True, exist_ok=True)
            (self.root / source).replace(goal)

    def delete(self, path: str) -> None:
        target = self.root / path
        with _named_errors(target):
            if target.is_dir():
                shutil.rmtree(target)
            elif os.path.lexists(target):  # not below what is no folder
                target.unlink(missing_ok=True)

    def content_tag(self, path: str) -> str:
        target = self.root / path
        with _named_errors(target), target.open("rb") as stream:
            return hashlib.file_digest(stream, "sha256").hexdigest()

    @contextmanager
    def _temporary(self, target: Path, data: bytes) -> Iterator[str]:
        """Write `data` durably beside `target` and remove the temporary name afterwards."""
        target.parent.mkdir(parents=True, exist_ok=True)
        handle, name = tempfile.mkstemp(dir=target.parent, prefix=f".{target.name}.")
        try:
            with os.fdopen(handle, "wb") as stream:
                os.fchmod(stream.fileno(), 0o644)
                stream.write(data)
                stream.flush()
                os.fsync(stream.fileno())
            yield name
        finally:
            Path(name).unlink(missing_ok=True)
