"""The contract of `Lake`, which every backend keeps."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from include.errors import ConfigurationError, LakeError, MissingArtifactError
from include.lake import FileInfo, Lake, open_lake
from tests.include.lake.backends import LOCAL


def test_what_was_written_is_read(lake: Lake) -> None:
    lake.write_bytes("a/b/c.bin", b"\x00one")
    assert lake.read_bytes("a/b/c.bin") == b"\x00one"
    assert lake.exists("a/b/c.bin")


def test_a_folder_is_no_file(lake: Lake) -> None:
    lake.write_bytes("a/b.bin", b"")
    assert not lake.exists("a")


def test_writing_again_replaces(lake: Lake) -> None:
    lake.write_bytes("a.bin", b"a longer first content")
    lake.write_bytes("a.bin", b"new")
    assert lake.read_bytes("a.bin") == b"new"


@pytest.mark.parametrize("read", ["read_bytes", "content_tag"])
def test_reading_what_is_not_there_names_it(lake: Lake, read: str) -> None:
    with pytest.raises(MissingArtifactError, match=r"no/such\.file does not exist"):
        getattr(lake, read)("no/such.file")


def test_moving_what_is_not_there_names_it(lake: Lake) -> None:
    with pytest.raises(MissingArtifactError, match=r"no\.file"):
        lake.move("no.file", "other.file")


def test_a_move_replaces_the_target(lake: Lake) -> None:
    lake.write_bytes("from/x", b"new")
    lake.write_bytes("to/x", b"old")
    lake.move("from/x", "to/x")
    assert lake.read_bytes("to/x") == b"new"
    assert not lake.exists("from/x")


def test_files_are_listed_at_any_depth_by_path_with_their_size(lake: Lake) -> None:
    for path, size in (("t/b/2", 2), ("t/a", 1), ("t/b/1", 3), ("other/x", 4)):
        lake.write_bytes(path, b"x" * size)
    assert lake.list_files("t") == [FileInfo("t/a", 1), FileInfo("t/b/1", 3), FileInfo("t/b/2", 2)]


def test_nothing_there_lists_nothing(lake: Lake) -> None:
    assert lake.list_files("nowhere") == []


def test_deleting_takes_everything_below_and_is_no_error_twice(lake: Lake) -> None:
    lake.write_bytes("t/a/x", b"")
    lake.write_bytes("t/y", b"")
    lake.delete("t/y")
    lake.delete("t/a")
    lake.delete("t/a")
    lake.delete("t/y")
    assert lake.list_files("t") == []


def test_the_tag_follows_the_content(lake: Lake) -> None:
    for path, data in (("a", b"same"), ("b", b"same"), ("c", b"other")):
        lake.write_bytes(path, data)
    assert lake.content_tag("a") == lake.content_tag("b") != lake.content_tag("c")
    assert int(lake.content_tag("a"), 16) >= 0


def test_a_file_is_replaced_only_as_the_version_that_was_seen(lake: Lake) -> None:
    assert lake.version("t/x") is None
    assert lake.write_if_unchanged("t/x", b"first", None)
    assert not lake.write_if_unchanged("t/x", b"late", None)
    seen = lake.version("t/x")
    assert lake.write_if_unchanged("t/x", b"second", seen)
    assert not lake.write_if_unchanged("t/x", b"late", seen)
    assert lake.read_bytes("t/x") == b"second"
    seen = lake.version("t/x")
    lake.delete("t/x")
    assert not lake.write_if_unchanged("t/x", b"late", seen)
    assert not lake.exists("t/x")


def test_a_race_to_replace_has_one_winner(lake: Lake) -> None:
    racers = 16
    lake.write_bytes("x", b"old")
    for race in range(5):
        seen, start = lake.version("x"), threading.Barrier(racers)

        def put(racer: int, race: int = race, seen: str | None = seen, start: threading.Barrier = start) -> bool:
            start.wait()
            return lake.write_if_unchanged("x", f"{race} {racer}".encode(), seen)

        with ThreadPoolExecutor(racers) as pool:
            won = list(pool.map(put, range(racers)))
        assert won.count(True) == 1
        assert lake.read_bytes("x") == f"{race} {won.index(True)}".encode()
    assert [info.path for info in lake.list_files("")] == ["x"], "the losers left files behind"


def test_a_race_for_one_path_has_one_winner(lake: Lake) -> None:
    racers = 16
    for race in range(5):
        start = threading.Barrier(racers)

        def put(racer: int, race: int = race, start: threading.Barrier = start) -> bool:
            start.wait()
            return lake.write_if_unchanged(f"race/{race}", str(racer).encode(), None)

        with ThreadPoolExecutor(racers) as pool:
            won = list(pool.map(put, range(racers)))
        assert won.count(True) == 1
        assert lake.read_bytes(f"race/{race}") == str(won.index(True)).encode()
    assert len(lake.list_files("race")) == 5, "the losers left files behind"


def test_readers_see_the_old_or_the_new_content_never_a_part(lake: Lake) -> None:
    contents = [bytes([letter]) * 300_000 for letter in b"ab"]
    lake.write_bytes("x", contents[0])
    done = threading.Event()

    def write() -> None:
        for number in range(30):
            lake.write_bytes("x", contents[number % 2])
        done.set()

    with ThreadPoolExecutor(1) as pool:
        writing = pool.submit(write)
        seen = set()
        while not done.is_set() and not writing.done():
            seen.add(lake.read_bytes("x"))
        writing.result()
    assert seen <= set(contents)
    assert lake.list_files("") == [FileInfo("x", 300_000)]


def test_pyarrow_reads_what_the_lake_stores(lake: Lake) -> None:
    filesystem, root = lake.filesystem()
    lake.write_bytes("t/here", b"")
    pq.write_table(pa.table({"n": [1, 2]}), f"{root}/t/x.parquet", filesystem=filesystem)
    assert lake.exists("t/x.parquet")
    assert pq.read_table(f"{root}/t/x.parquet", filesystem=filesystem)["n"].to_pylist() == [1, 2]


@pytest.mark.spark
@pytest.mark.parametrize("backend", LOCAL)
def test_spark_finds_the_same_files(backend: str, tmp_path: Path, spark) -> None:  # type: ignore[no-untyped-def]
    lake = LOCAL[backend](tmp_path)
    spark.range(3).coalesce(1).write.parquet(lake.uri_of("written by spark"))
    assert lake.exists("written by spark/_SUCCESS")
    assert spark.read.parquet(lake.uri_of("written by spark")).count() == 3


def test_the_root_opens_again_by_its_uri(lake: Lake) -> None:
    lake.write_bytes("x", b"1")
    assert open_lake(lake.uri).read_bytes("x") == b"1"
    assert not lake.uri.endswith("/")


@pytest.mark.parametrize("uri", ["", "/plain/path", "ftp://host/x", "file:", "s3://", "s3:///x", "s3://bucket/x?y"])
def test_other_schemes_are_refused_with_a_remedy(uri: str) -> None:
    with pytest.raises(ConfigurationError, match="LAKE_URI"):
        open_lake(uri)


def test_a_storage_that_refuses_is_a_lake_error(tmp_path: Path) -> None:
    lake = open_lake(tmp_path.as_uri())
    lake.write_bytes("x", b"a file")
    with pytest.raises(LakeError, match="check the path"):
        lake.write_bytes("x/y", b"below a file")
