"""Whether what Spark wrote to S3 was committed as it must be there."""

from __future__ import annotations

import json

from include.columns import SUCCESS_MARKER
from include.errors import ConfigurationError
from include.lake.s3 import S3Lake
from include.lake.store import Lake

WANTED = "magic"


def check_committer(lake: Lake, folder: str) -> None:
    """Make sure that Spark wrote `folder` with the magic committer where the lake lies on S3.

    Without its jar or its settings Spark falls back to renaming in silence, which on S3 is a copy
    that can be seen half done; its `_SUCCESS` is empty then, the committer's own is JSON.

    Raises
    ------
    ConfigurationError
        When another committer wrote the folder.
    MissingArtifactError
        When Spark has not finished it.
    """
    if not isinstance(lake, S3Lake):
        return
    content = lake.read_bytes(f"{folder}/{SUCCESS_MARKER}")
    try:
        found = str(json.loads(content).get("committer", "another committer"))
    except (ValueError, AttributeError):
        found = "a committer that renames"
    if found != WANTED:
        raise ConfigurationError(
            f"Spark wrote {lake.uri_of(folder)} with {found}, not with the {WANTED} committer",
            remedy="run make jars, and let no option of Spark name another committer",
        )
