"""The manifest: which files a folder consists of, what they hold and what they came from.

A folder without a manifest does not exist for readers, and files that the manifest does
not list are leftovers of a run that was killed.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from typing import Any

from pydantic import BaseModel, ConfigDict, Field

from include.errors import MissingArtifactError
from include.lake.store import Lake

MANIFEST = "_manifest.json"


class FileEntry(BaseModel):
    """One file: its path relative to the folder, its size in bytes and its content tag."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    path: str
    size: int
    tag: str


class Manifest(BaseModel):
    """The commit record of one folder of the lake."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    fingerprint: str = Field(description="Names the inputs: equal inputs, equal fingerprint.")
    files: tuple[FileEntry, ...]
    counts: dict[str, int] = Field(default_factory=dict)
    inputs: dict[str, str] = Field(default_factory=dict, description="What was read: name to fingerprint.")
    details: dict[str, Any] = Field(default_factory=dict)

    def paths(self, subfolder: str = "") -> list[str]:
        """Return the files below `subfolder`, relative to the folder of the manifest."""
        prefix = f"{subfolder}/" if subfolder else ""
        return [entry.path for entry in self.files if entry.path.startswith(prefix)]


def fingerprint(parts: Mapping[str, object]) -> str:
    """Return 12 hex digits of the SHA-256 of `parts` as canonical JSON."""
    return hashlib.sha256(json.dumps(parts, sort_keys=True, default=str).encode()).hexdigest()[:12]


def find_manifest(lake: Lake, folder: str) -> Manifest | None:
    """Return the manifest of `folder`, or None when the folder was never committed."""
    try:
        return Manifest.model_validate_json(lake.read_bytes(f"{folder}/{MANIFEST}"))
    except MissingArtifactError:
        return None


def load_manifest(lake: Lake, folder: str) -> Manifest:
    """Return the manifest of `folder`.

    Raises
    ------
    MissingArtifactError
        When the folder was never committed.
    """
    manifest = find_manifest(lake, folder)
    if manifest is None:
        raise MissingArtifactError(
            f"{lake.uri_of(folder)} has no {MANIFEST}: it was never finished",
            remedy="clear the task that writes it, and what follows",
        )
    return manifest
