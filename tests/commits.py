"""Commit all files of a staging folder."""

from __future__ import annotations

from typing import Any

from include.lake import Lake, Manifest, commit_folder


def commit_all(lake: Lake, staged: str, folder: str, **said: Any) -> Manifest:
    """Make all files below `staged` the content of `folder`."""
    files = [info.path.removeprefix(f"{staged}/") for info in lake.list_files(staged)]
    return commit_folder(lake, staged, folder, files=files, **said)
