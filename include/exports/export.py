"""One export after the other: numbered folders, each committed by its manifest.

`<target>/<list>/<format>/000012/`: files of flat rows and `manifest.json`, which is written last, so that a folder
without one is not there yet. Who takes the exports in the order of their numbers has what the shop shows: a whole
one replaces everything, one of changes replaces the lists that it holds and deletes those that it names as removed.
"""

from __future__ import annotations

import json
import logging
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pyarrow as pa

from include.errors import LakeError, MissingArtifactError
from include.exports.changes import ExportedLists, filled
from include.exports.files import File, Format, write_files
from include.exports.rows import flat_rows
from include.lake import Lake, staging
from include.serving.batch import Batch, KindLists, open_batch

logger = logging.getLogger(__name__)

MANIFEST = "manifest.json"


@dataclass(frozen=True)
class Exported:
    """One export: its folder relative to the target, and its manifest."""

    folder: str
    manifest: dict[str, Any]


def export(batch: Batch, name: str, target: Lake, form: Format, *, changed: bool) -> Exported:
    """Export a batch's lists of one kind, unless the last export is already of this batch.

    Parameters
    ----------
    changed
        Only lists whose members or order differ from the batch of the last export, and which are gone since. Without
        such an export, or when its batch is not in the lake any more, everything.

    Raises
    ------
    MissingArtifactError
        When the batch has no such lists.
    LakeError
        When another export got the same number.
    """
    lists = batch.of(name)
    if name not in [one.kind.name for one in batch.kinds]:
        raise MissingArtifactError(
            f"batch {batch.batch_id} has no lists {name}", remedy="take a later batch, or one of its lists"
        )
    above = f"{name}/{form}"
    last = _last(target, above)
    if last and last.manifest["batch_id"] == batch.batch_id and (changed or last.manifest["scope"] == "whole"):
        logger.info("%s is of this batch already", target.uri_of(last.folder))
        return last
    before = _lists_before(batch, last) if changed and last else None
    number = int(last.folder.rpartition("/")[2]) + 1 if last else 1
    folder = f"{above}/{number:06d}"
    version = target.version(f"{folder}/{MANIFEST}")  # of a damaged one
    with staging(target, "export") as staged:
        files, removed, count = _write(lists, before, target, staged, form)
        manifest = {
            "list": name,
            "number": number,
            "batch_id": batch.batch_id,
            "run_date": batch.run_date.isoformat(),
            "checksum": batch.checksum,
            "scope": "changed" if before else "whole",
            "since": before.batch.batch_id if before else None,
            "format": form,
            "lists": count,
            "rows": sum(file.rows for file in files),
            "removed": sum(file.rows for file in removed),
            "files": [file.described() for file in files],
            "removed_files": [file.described() for file in removed],
        }
        _commit(target, staged, folder, [*files, *removed], manifest, version)
    return Exported(folder, manifest)


def _last(target: Lake, above: str) -> Exported | None:
    """Return the export with the highest number whose files are all there."""
    stored = {info.path: info.size for info in target.list_files(above)}
    for path in sorted((path for path in stored if path.endswith(f"/{MANIFEST}")), reverse=True):
        folder, manifest = path.rpartition("/")[0], json.loads(target.read_bytes(path))
        files = [*manifest["files"], *manifest["removed_files"]]
        if all(stored.get(f"{folder}/{file['path']}") == file["bytes"] for file in files):
            return Exported(folder, manifest)
        logger.warning("%s is damaged and is passed over", target.uri_of(folder))
    return None


def _lists_before(batch: Batch, last: Exported) -> KindLists | None:
    before = last.manifest["batch_id"]
    try:
        return open_batch(batch.lake, f"{batch.folder.rpartition('/')[0]}/{before}").of(last.manifest["list"])
    except MissingArtifactError:
        logger.warning("batch %s of the last export is not in the lake any more: everything is exported", before)
        return None


def _write(
    lists: KindLists, before: KindLists | None, target: Lake, staged: str, form: Format
) -> tuple[list[File], list[File], int]:
    """Return the files of entries and of the keys that are gone, and the number of lists."""
    known = ExportedLists(before) if before else None
    flatten = flat_rows(lists.kind, lists.batch.items())
    count = 0

    def changed() -> Iterator[pa.Table]:
        nonlocal count
        for some in lists.read():
            there = filled(lists, some)
            chosen = there.filter(pa.array(known.differ(lists, some))) if known else there
            count += chosen.num_rows
            yield flatten(chosen)

    def gone() -> Iterator[pa.Table]:
        now = ExportedLists(lists)
        for some in before.read() if before else ():
            there = filled(lists, some).filter(pa.array(now.lack(lists, some)))
            yield pa.table({name: there[name] for name in (lists.kind.key, lists.kind.scope)})

    files = write_files(target, staged, lists.kind.name, form, changed())
    removed = write_files(target, staged, "removed", form, gone()) if before else []
    return files, removed, count


def _commit(
    target: Lake, staged: str, folder: str, files: list[File], manifest: dict[str, Any], version: str | None
) -> None:
    """Move the files, whose names carry their content's digest, then write the manifest; delete what is not in it."""
    leftovers = {info.path for info in target.list_files(folder)} - {f"{folder}/{MANIFEST}"}
    for file in files:
        target.move(f"{staged}/{file.written}", f"{folder}/{file.path}")
    text = json.dumps(manifest, indent=1) + "\n"
    if not target.write_if_unchanged(f"{folder}/{MANIFEST}", text.encode(), version):
        raise LakeError(
            f"another export became {target.uri_of(folder)} in the meantime", remedy="clear the task when it has ended"
        )
    for path in leftovers - {f"{folder}/{file.path}" for file in files}:
        target.delete(path)
