"""What every storage of the lake can do."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple, Protocol

if TYPE_CHECKING:
    from pyarrow.fs import FileSystem

CHUNK = 1 << 20  # bytes that are read at a time


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

    def version(self, path: str) -> str | None:
        """Return what `write_if_unchanged` takes for the file as it is now, None if there is none."""

    def write_if_unchanged(self, path: str, data: bytes, version: str | None) -> bool:
        """Store `data` if the file is still that `version`, None for no file; tell whether this call stored it."""

    def list_files(self, folder: str) -> list[FileInfo]:
        """Return the files at any depth below `folder`, by path; none if it is not there."""

    def move(self, source: str, target: str) -> None:
        """Move one file, replacing what is at `target`."""

    def delete(self, path: str) -> None:
        """Delete a file or everything below a folder; nothing there is no error."""

    def content_tag(self, path: str) -> str:
        """Return hex digits that differ when the file's content differs."""
