"""What every storage of the lake can do, and how one is opened by its URI."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, NamedTuple, Protocol
from urllib.parse import urlsplit

from include.errors import ConfigurationError

if TYPE_CHECKING:
    from pyarrow.fs import FileSystem

    from include.settings import S3Settings


class FileInfo(NamedTuple):
    """One stored file: its path relative to the lake's root, and its size in bytes."""

    path: str
    size: int


class Lake(Protocol):
    """A tree of files under one URI. Paths are relative to it, with `/` between parts.

    Every method raises `LakeError` when the storage fails, and those that read raise
    `MissingArtifactError` when the path is not there.
    """

    @property
    def uri(self) -> str:
        """The root, without a trailing slash."""

    def uri_of(self, path: str) -> str:
        """Return the URI under which Spark finds `path`."""

    def filesystem(self) -> tuple[FileSystem, str]:
        """Return a pyarrow file system and the root's path in it."""

    def exists(self, path: str) -> bool:
        """Tell whether a file is stored at `path`."""

    def size(self, path: str) -> int:
        """Return a file's size in bytes."""

    def read_bytes(self, path: str) -> bytes:
        """Return a file's content."""

    def write_bytes(self, path: str, data: bytes) -> None:
        """Store `data` whole: readers see the old content or the new, never a part."""

    def put_if_absent(self, path: str, data: bytes) -> bool:
        """Store `data` unless something is there; tell whether this call stored it."""

    def version(self, path: str) -> str | None:
        """Return what `write_if_unchanged` takes for the file as it is now, None if there is none."""

    def write_if_unchanged(self, path: str, data: bytes, version: str | None) -> bool:
        """Store `data` if the file is still that `version`; tell whether this call stored it."""

    def list_files(self, folder: str) -> list[FileInfo]:
        """Return the files at any depth below `folder`, by path; none if it is not there."""

    def list_folders(self, folder: str) -> list[str]:
        """Return the names of the folders directly below `folder`, sorted."""

    def move(self, source: str, target: str) -> None:
        """Move one file, replacing what is at `target`."""

    def delete(self, path: str) -> None:
        """Delete a file or everything below a folder; nothing there is no error."""

    def content_tag(self, path: str) -> str:
        """Return hex digits that differ when the file's content differs."""


def open_lake(uri: str, access: S3Settings | None = None) -> Lake:
    """Return the lake at `uri`.

    Parameters
    ----------
    access
        How S3 is reached; by default what the environment says.

    Raises
    ------
    ConfigurationError
        When the URI's scheme is not one that a lake can live on.
    """
    from include.lake.local import LocalLake

    parts = urlsplit(uri)
    if parts.scheme == "s3" and parts.hostname and not (parts.query or parts.fragment):
        from include.lake.s3 import S3Lake

        return S3Lake(parts.netloc, parts.path, access)
    if parts.scheme == "file" and parts.path:
        return LocalLake(parts.path)
    raise ConfigurationError(
        f"lake URI {uri!r} is not one that Nightshelf can open",
        remedy="use file:///absolute/path or s3://bucket/prefix in LAKE_URI and LANDING_URI",
    )


@cache
def connect_lake(uri: str) -> FileSystem:
    """Return the pyarrow file system of the lake at `uri`, one for a process, by what its own environment says."""
    return open_lake(uri).filesystem()[0]
