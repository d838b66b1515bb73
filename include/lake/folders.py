"""Folders that appear at once: written in staging, moved into place, committed by a manifest."""

from __future__ import annotations

import logging
import re
import uuid
from collections.abc import Collection, Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from include.errors import LakeError, MissingArtifactError
from include.lake.manifest import MANIFEST, FileEntry, Manifest, find_manifest, load_manifest
from include.lake.parquet import rows_tag
from include.lake.store import FileInfo, Lake

logger = logging.getLogger(__name__)

STAGING = "_staging"
PARQUET = ".parquet"
SPARK_PART = re.compile(r"^(part-\d+)-[0-9a-f-]{36}")


def staging_folder(what: str) -> str:
    """Return a folder that no other run writes to; delete it when done."""
    return f"{STAGING}/{what}-{uuid.uuid4().hex}"


def delete_staging(lake: Lake, what: str) -> None:
    """Delete what runs that were killed left in the folders of `what`."""
    for folder in {"/".join(info.path.split("/")[:2]) for info in lake.list_files(STAGING)}:
        if re.fullmatch(rf"{STAGING}/{re.escape(what)}-[0-9a-f]{{32}}", folder):
            lake.delete(folder)


@contextmanager
def staging(lake: Lake, what: str) -> Iterator[str]:
    """Give a folder that no other run writes to, and delete it however the `with` ends."""
    staged = staging_folder(what)
    try:
        yield staged
    finally:
        lake.delete(staged)


def commit_folder(
    lake: Lake,
    staged: str,
    folder: str,
    *,
    files: Collection[str],
    fingerprint: str,
    counts: Mapping[str, int] | None = None,
    inputs: Mapping[str, str] | None = None,
    details: Mapping[str, Any] | None = None,
) -> Manifest:
    """Make the files below `staged` the whole content of `folder`, at once.

    Files are named after their content, so that committing equal content again changes
    nothing and a reader of the old manifest never opens a new file under an old name.

    Parameters
    ----------
    staged, folder
        Paths relative to the lake's root.
    files
        The files that belong, relative to `staged`. Others there, such as those of killed attempts, are left behind,
        and a listing that lags behind loses none.
    fingerprint, counts, inputs, details
        See `Manifest`.

    Raises
    ------
    MissingArtifactError
        When one of `files` is not there.
    LakeError
        When somebody else committed other content to the folder since this commit began; theirs stays.
    """
    version, before = lake.version(f"{folder}/{MANIFEST}"), lake.list_files(folder)
    entries = []
    for relative in sorted(files):
        path = f"{staged}/{relative}"
        size = lake.size(path)
        tag = rows_tag(lake, path) if path.endswith(PARQUET) else lake.content_tag(path)
        target = _name_by_content(relative, tag)
        lake.move(path, f"{folder}/{target}")
        entries.append(FileEntry(path=target, size=size, tag=tag))
    manifest = Manifest(
        fingerprint=fingerprint,
        files=tuple(entries),
        counts=dict(counts or {}),
        inputs=dict(inputs or {}),
        details=dict(details or {}),
    )
    if lake.write_if_unchanged(f"{folder}/{MANIFEST}", manifest.model_dump_json(indent=1).encode(), version):
        _delete_leftovers(lake, before, folder, manifest)
    elif find_manifest(lake, folder) != manifest:
        raise LakeError(
            f"another run committed {lake.uri_of(folder)} in the meantime",
            remedy="let one run at a time write that folder, then clear the task",
        )
    return manifest


def open_folder(lake: Lake, folder: str) -> Manifest:
    """Return the manifest of `folder` after checking that each file is there in full size.

    Raises
    ------
    MissingArtifactError
        When the folder was never finished, or a file is missing or cut off.
    """
    manifest = load_manifest(lake, folder)
    sizes = {info.path: info.size for info in lake.list_files(folder)}
    for entry in manifest.files:
        path = f"{folder}/{entry.path}"
        # A listing may lag behind, the question for one file may not
        seen = sizes[path] if sizes.get(path) == entry.size else _size(lake, path)
        if seen != entry.size:
            raise MissingArtifactError(
                f"{lake.uri_of(folder)}/{entry.path} has {seen} bytes, its manifest says {entry.size}",
                remedy="delete the folder, clear the task that writes it, and what follows",
            )
    return manifest


def find_complete(lake: Lake, folder: str) -> Manifest | None:
    """Return the manifest of `folder` when it can be reused, None when it has to be made (again)."""
    manifest = find_manifest(lake, folder)
    if manifest is None:
        return None
    try:
        open_folder(lake, folder)
    except MissingArtifactError as error:
        logger.warning("%s is damaged and will be made again: %s", folder, error.problem)
        return None
    logger.info("%s is committed and complete: reused", folder)
    return manifest


def _size(lake: Lake, path: str) -> int | None:
    return lake.size(path) if lake.exists(path) else None


def _name_by_content(relative: str, tag: str) -> str:
    """Return `a/part-00000-<tag>.parquet` for Spark's `a/part-00000-<uuid>.c000.zstd.parquet`."""
    parent, _, name = relative.rpartition("/")
    stem, dot, suffix = name.rpartition(".")
    part = SPARK_PART.match(name)
    renamed = f"{part.group(1) if part else stem or suffix}-{tag[:12]}{dot}{suffix if dot else ''}"
    return f"{parent}/{renamed}" if parent else renamed


def _delete_leftovers(lake: Lake, before: list[FileInfo], folder: str, manifest: Manifest) -> None:
    """Delete what lay there before the commit and is no longer listed; what came since may be another commit's."""
    keep = {f"{folder}/{entry.path}" for entry in manifest.files} | {f"{folder}/{MANIFEST}"}
    for info in before:
        if info.path not in keep:
            logger.debug("deleting %s, which the manifest no longer lists", info.path)
            lake.delete(info.path)
