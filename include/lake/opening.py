"""How a lake is opened by its URI."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from include.errors import ConfigurationError
from include.lake.local import LocalLake
from include.lake.s3 import S3Lake
from include.lake.store import Lake
from include.settings import S3Settings

if TYPE_CHECKING:
    from pyarrow.fs import FileSystem


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
    parts = urlsplit(uri)
    if parts.scheme == "s3" and parts.hostname and not (parts.query or parts.fragment):
        return S3Lake(parts.netloc, parts.path, access)
    if parts.scheme == "file" and parts.path:
        return LocalLake(parts.path)
    raise ConfigurationError(
        f"lake URI {uri!r} is not one that Nightshelf can open",
        remedy="use file:///absolute/path or s3://bucket/prefix in LAKE_URI and LANDING_URI",
    )


@cache
def connect_lake(uri: str) -> FileSystem:
    """Return the pyarrow file system of the lake at `uri`, one per process, as the process's own environment says."""
    return open_lake(uri).filesystem()[0]
