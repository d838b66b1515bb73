"""Exports: complete or not there, whole or what has changed, and the same however often they run."""

from __future__ import annotations

import csv
import datetime as dt
import hashlib
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from include.errors import ConfigurationError, LakeError, MissingArtifactError
from include.exports import Exported, Format, export
from include.exports import files as exported_files
from include.lake import Lake, LocalLake
from include.serving.batch import Batch
from tests.batches import DAY, write_batch


@pytest.fixture
def target(tmp_path: Any) -> Lake:
    return LocalLake(str(tmp_path / "mail"))


def night(lake: Lake, number: int, **changes: Any) -> Batch:
    return write_batch(lake, DAY + dt.timedelta(days=number), **changes)


def rows(target: Lake, made: Exported, part: str = "files") -> list[dict[str, Any]]:
    """Return what the files hold, after checking them against the manifest."""
    found: list[dict[str, Any]] = []
    for file in made.manifest[part]:
        data = target.read_bytes(f"{made.folder}/{file['path']}")
        assert (len(data), hashlib.sha256(data).hexdigest()) == (file["bytes"], file["sha256"])
        if file["path"].endswith(".csv"):
            read: list[dict[str, Any]] = list(csv.DictReader(data.decode().splitlines()))
        else:
            read = pq.read_table(pa.BufferReader(data)).to_pylist()
        assert len(read) == file["rows"]
        found += read
    return found


def test_a_whole_export_is_every_entry_with_what_people_see(lake: Lake, target: Lake) -> None:
    batch = night(lake, 0)
    made = export(batch, "recommendations", target, "parquet", changed=False)
    found = rows(target, made)
    assert made.folder == "recommendations/parquet/000001"
    manifest = {name: made.manifest[name] for name in ("batch_id", "checksum", "scope", "since", "lists", "rows")}
    assert manifest == {
        "batch_id": batch.batch_id, "checksum": batch.checksum, "scope": "whole", "since": None, "lists": 40,
        "rows": 174,
    }  # fmt: skip
    assert found[5] == {
        "user_id": "u0001", "segment": "north", "rank": 1, "item_id": "i01", "title": 'Thing "1", new',
        "category": "c1", "score": pytest.approx(1.5 + 1 / 7), "reason": "because_of_item", "reason_item_id": "i01",
    }  # fmt: skip
    assert [row["rank"] for row in found[:12]] == [1, 2, 3, 4, 5, 1, 2, 3, 4, 5, 1, 2]


def test_csv_is_quoted_as_programs_expect(lake: Lake, target: Lake) -> None:
    made = export(night(lake, 0), "recommendations", target, "csv", changed=False)
    found = rows(target, made)
    assert len(found) == 174
    assert (found[0]["segment"], found[0]["title"], found[0]["reason_item_id"]) == (
        'south, "far"',
        'Thing "0", new',
        "",
    )


@pytest.mark.parametrize("form", ["parquet", "csv"])
def test_other_kinds_have_their_own_columns(lake: Lake, target: Lake, form: Format) -> None:
    batch = night(lake, 0)
    similar = rows(target, export(batch, "similar_items", target, form, changed=False))
    assert list(similar[0])[:4] == ["item_id", "rank", "similar_item_id", "title"]
    audience = rows(target, export(batch, "audience", target, form, changed=False))
    assert list(audience[0])[:4] == ["value", "subject", "rank", "user_id"]
    assert "title" not in audience[0]


def test_changes_are_other_lists_and_lists_that_are_gone(lake: Lake, target: Lake) -> None:
    export(night(lake, 0), "recommendations", target, "csv", changed=True)
    second = night(lake, 1, lengths=(5, 5, 4), users=39)
    made = export(second, "recommendations", target, "csv", changed=True)
    assert (made.manifest["scope"], made.manifest["since"]) == ("changed", f"{DAY}-{0:012x}")
    assert {row["user_id"] for row in rows(target, made)} == {f"u{user:04d}" for user in range(2, 39, 3)}
    assert made.manifest["lists"] == 13
    assert rows(target, made, "removed_files") == [{"user_id": "u0039", "segment": 'south, "far"'}]
    third = night(lake, 2, lengths=(5, 5, 0), users=39)
    emptied = export(third, "recommendations", target, "csv", changed=True)
    assert rows(target, emptied) == []
    assert {row["user_id"] for row in rows(target, emptied, "removed_files")} == {
        f"u{user:04d}" for user in range(2, 39, 3)
    }


def test_after_a_rollback_changes_are_against_what_was_exported_last(lake: Lake, target: Lake) -> None:
    first, second = night(lake, 0), night(lake, 1, lengths=(5, 5, 4))
    for batch in (first, second, first):
        made = export(batch, "recommendations", target, "parquet", changed=True)
    assert (made.manifest["number"], made.manifest["since"]) == (3, second.batch_id)
    assert {len([row for row in rows(target, made) if row["user_id"] == "u0002"])} == {3}


def test_running_it_again_writes_nothing(lake: Lake, target: Lake) -> None:
    batch = night(lake, 0)
    made = export(batch, "recommendations", target, "parquet", changed=False)
    stored = target.list_files("recommendations")
    for changed in (False, True):
        assert export(batch, "recommendations", target, "parquet", changed=changed) == made
    assert target.list_files("recommendations") == stored


def test_without_the_last_batch_everything_is_exported_and_said_so(lake: Lake, target: Lake) -> None:
    first = night(lake, 0)
    export(first, "recommendations", target, "parquet", changed=True)
    lake.delete(first.folder)
    made = export(night(lake, 1), "recommendations", target, "parquet", changed=True)
    assert (made.manifest["scope"], made.manifest["rows"]) == ("whole", 174)


def test_a_damaged_export_is_made_again(lake: Lake, target: Lake) -> None:
    batch = night(lake, 0)
    made = export(batch, "recommendations", target, "parquet", changed=False)
    target.write_bytes(f"{made.folder}/{made.manifest['files'][0]['path']}", b"cut off")
    assert export(batch, "recommendations", target, "parquet", changed=False) == made
    assert len(rows(target, made)) == 174


def test_what_a_killed_run_left_does_not_count(lake: Lake, target: Lake, monkeypatch: pytest.MonkeyPatch) -> None:
    batch = night(lake, 0)

    def killed(*_: object) -> bool:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch, pytest.raises(KeyboardInterrupt):
        patch.setattr(target, "write_if_unchanged", killed)
        export(batch, "recommendations", target, "csv", changed=False)
    target.write_bytes("recommendations/csv/000001/half.csv", b"of another run")
    made = export(night(lake, 1), "recommendations", target, "csv", changed=False)
    names = {info.path for info in target.list_files("recommendations")}
    assert names == {f"{made.folder}/{name}" for name in ("manifest.json", made.manifest["files"][0]["path"])}


def test_of_two_exports_at_once_one_is_told(lake: Lake, target: Lake, monkeypatch: pytest.MonkeyPatch) -> None:
    first, second = night(lake, 0), night(lake, 1)
    plain = target.write_if_unchanged

    def meanwhile(path: str, data: bytes, version: str | None) -> bool:
        monkeypatch.undo()
        export(second, "recommendations", target, "csv", changed=False)
        return plain(path, data, version)

    monkeypatch.setattr(target, "write_if_unchanged", meanwhile)
    with pytest.raises(LakeError, match="another export became"):
        export(first, "recommendations", target, "csv", changed=False)
    made = export(second, "recommendations", target, "csv", changed=False)
    assert len(rows(target, made)) == 174


def test_long_lists_are_split_into_files(lake: Lake, target: Lake, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(exported_files, "MOST_ROWS", 1)
    made = export(night(lake, 0), "similar_items", target, "csv", changed=False)
    assert [file["path"].rpartition("-")[0] for file in made.manifest["files"]] == ["similar_items-00000"]
    assert made.manifest["rows"] == 24


def test_a_target_that_cannot_be_written_is_named(lake: Lake, tmp_path: Any) -> None:
    (tmp_path / "mail").write_text("a file, no folder")
    with pytest.raises(ConfigurationError, match=r"mail/.*cannot be written: .*Remedy: name a target"):
        export(night(lake, 0), "recommendations", LocalLake(str(tmp_path / "mail")), "csv", changed=False)


def test_a_batch_without_such_lists_is_named(lake: Lake, target: Lake) -> None:
    batch = night(lake, 0, details={"lists": {"recommendations": {"lists": 40}}})
    with pytest.raises(MissingArtifactError, match="has no lists similar_items"):
        export(batch, "similar_items", target, "csv", changed=False)
