"""An artifact is made once for its inputs, and read by its manifest."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable

import pyarrow as pa
import pytest

from include.errors import MissingArtifactError
from include.lake import (
    Artifact,
    Content,
    Lake,
    find_or_make,
    open_artifact,
    read_table,
    staging_folder,
    write_json,
    write_table,
)
from include.lake.manifest import fingerprint

DAY = dt.date(2026, 1, 31)
INPUTS = {"format": 2, "training_set": "t", "run_date": DAY, "model": None}
TABLE = pa.table({"user_id": ["a", "b", "c"], "n": [1, 2, 3]})


def report(lake: Lake, value: dict[str, object], **said: dict[str, int]) -> Callable[[str], Content]:
    def make(staged: str) -> Content:
        lake.write_bytes(f"{staged}/of a killed attempt", b"")
        return Content([write_json(lake, staged, "report.json", value)], **said)  # type: ignore[arg-type]

    return make


def never(staged: str) -> Content:
    raise AssertionError(f"made again in {staged}")


def files(lake: Lake) -> list[str]:
    return [info.path for info in lake.list_files("")]


def test_the_name_carries_kind_run_date_and_inputs(lake: Lake) -> None:
    made = find_or_make(lake, "reports", DAY, INPUTS, report(lake, {"a": 1}))
    assert made.folder == f"reports/2026-01-31-{fingerprint(INPUTS)}"
    assert made.name == f"2026-01-31-{made.manifest.fingerprint}"
    assert made.uri == lake.uri_of(made.folder)
    part = find_or_make(lake, "drift", DAY, INPUTS, report(lake, {"a": 1}), part="data")
    assert part.folder == f"drift/2026-01-31/data-{fingerprint(INPUTS)}"


def test_what_is_there_is_not_made_again(lake: Lake) -> None:
    made = find_or_make(lake, "reports", DAY, INPUTS, report(lake, {"a": 1}, counts={"rows": 3}))
    again = find_or_make(lake, "reports", DAY, dict(reversed(INPUTS.items())), never)
    assert again == made == open_artifact(lake, f"{made.folder}/")
    assert again.manifest.counts == {"rows": 3}
    assert again.read_json() == {"a": 1}


def test_other_inputs_are_another_artifact(lake: Lake) -> None:
    first = find_or_make(lake, "reports", DAY, INPUTS, report(lake, {"a": 1}))
    second = find_or_make(lake, "reports", DAY, {**INPUTS, "format": 3}, report(lake, {"a": 2}))
    assert (first.read_json(), second.read_json()) == ({"a": 1}, {"a": 2})


def test_what_is_damaged_is_made_again_under_the_same_name(lake: Lake) -> None:
    made = find_or_make(lake, "reports", DAY, INPUTS, report(lake, {"a": 1}))
    lake.write_bytes(made.paths()[0], b"{")
    with pytest.raises(MissingArtifactError, match="has 1 bytes"):
        open_artifact(lake, made.folder)
    assert find_or_make(lake, "reports", DAY, INPUTS, report(lake, {"a": 1})) == made
    assert made.read_json() == {"a": 1}


def test_staging_is_deleted_however_the_making_ends(lake: Lake) -> None:
    def fail(staged: str) -> Content:
        lake.write_bytes(f"{staged}/half", b"1")
        raise ValueError("no")

    with pytest.raises(ValueError, match="no"):
        find_or_make(lake, "reports", DAY, INPUTS, fail)
    assert files(lake) == []
    made = find_or_make(lake, "reports", DAY, INPUTS, report(lake, {"a": 1}))
    assert len(files(lake)) == 2, "the report and the manifest, nothing of the killed attempt"
    assert all(path.startswith(made.folder) for path in files(lake))


def tables(lake: Lake) -> Artifact:
    def make(staged: str) -> Content:
        paths = [write_table(lake, staged, name, table) for name, table in (("users", TABLE), ("items", TABLE[1:]))]
        return Content(paths, details={"run_date": "2026-01-31"})

    return find_or_make(lake, "sets", DAY, INPUTS, make)


def test_tables_are_read_by_the_manifest(lake: Lake) -> None:
    made = tables(lake)
    lake.write_bytes(f"{made.folder}/users/part-00009.parquet", b"of a killed attempt")
    assert made.read_table("users").equals(TABLE)
    assert made.read_table("items", ["n"]).equals(TABLE[1:].select(["n"]))
    assert made.read_table().num_rows == 5
    assert (made.detail("run_date"), made.run_date) == ("2026-01-31", DAY)


def test_batches_are_the_table_some_rows_at_a_time(lake: Lake) -> None:
    batches = list(tables(lake).read_batches("users", ["user_id"], rows=2))
    assert [batch.num_rows for batch in batches] == [2, 1]
    assert pa.Table.from_batches(batches).equals(TABLE.select(["user_id"]))


def test_what_is_not_listed_is_named(lake: Lake) -> None:
    made = tables(lake)
    with pytest.raises(MissingArtifactError, match="has no files of popularity"):
        made.read_table("popularity")
    with pytest.raises(MissingArtifactError, match="does not say checksum"):
        made.detail("checksum")
    assert list(made.read_batches("popularity")) == []


@pytest.mark.parametrize("text", ["", "[1]", "{"])
def test_what_is_no_json_object_is_named(lake: Lake, text: str) -> None:
    def make(staged: str) -> Content:
        lake.write_bytes(f"{staged}/report.json", text.encode())
        return Content(["report.json"])

    made = find_or_make(lake, "reports", DAY, INPUTS, make)
    with pytest.raises(MissingArtifactError, match=r"report-.*\.json holds no JSON object"):
        made.read_json()


def test_numbers_that_are_not_finite_are_refused_unless_allowed(lake: Lake) -> None:
    staged = staging_folder("test")
    with pytest.raises(ValueError, match="not JSON compliant"):
        write_json(lake, staged, "x.json", {"a": float("nan")})
    assert lake.read_bytes(f"{staged}/{write_json(lake, staged, 'x.json', {'a': float('inf')}, allow_nan=True)}")


def test_rows_of_several_files_follow_one_another(lake: Lake) -> None:
    staged = staging_folder("test")
    paths = [f"{staged}/{write_table(lake, staged, name, TABLE)}" for name in ("a", "b")]
    assert read_table(lake, paths, ["n"])["n"].to_pylist() == [1, 2, 3, 1, 2, 3]
