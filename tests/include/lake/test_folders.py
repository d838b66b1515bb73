"""Folders appear at once, whatever was there and wherever a run was killed."""

from __future__ import annotations

import contextlib
import tempfile
import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from include.errors import LakeError, MissingArtifactError
from include.lake import (
    MANIFEST,
    Lake,
    commit_folder,
    find_complete,
    find_manifest,
    load_manifest,
    open_folder,
    staging,
    staging_folder,
)
from tests.commits import commit_all
from tests.include.lake.backends import BACKENDS

NAMES = st.from_regex(r"[a-z0-9]{1,5}(/[a-z0-9]{1,5})?\.(parquet|json|npz)", fullmatch=True)
FILES = st.dictionaries(NAMES, st.binary(max_size=20), max_size=6)


def stage(lake: Lake, files: dict[str, bytes]) -> str:
    staged = staging_folder("test")
    for name, data in files.items():
        lake.write_bytes(f"{staged}/{name}", data)
    return staged


def content(lake: Lake, folder: str) -> dict[str, bytes]:
    """What a reader gets who trusts the manifest."""
    return {path: lake.read_bytes(f"{folder}/{path}") for path in open_folder(lake, folder).paths()}


def test_staging_folders_are_never_shared() -> None:
    assert len({staging_folder("events") for _ in range(100)}) == 100


def test_what_is_committed_is_what_is_read(lake: Lake) -> None:
    manifest = commit_all(
        lake,
        stage(lake, {"a.parquet": b"1", "sub/b.npz": b"22"}),
        "t/D",
        fingerprint="f",
        counts={"rows": 3},
        inputs={"events": "e"},
        details={"run_date": "2026-01-01"},
    )
    assert sorted(content(lake, "t/D").values()) == [b"1", b"22"]
    assert load_manifest(lake, "t/D") == manifest
    assert (manifest.fingerprint, manifest.counts, manifest.inputs) == ("f", {"rows": 3}, {"events": "e"})
    assert [path.startswith("sub/b-") for path in manifest.paths("sub")] == [True]


def test_sparks_random_names_do_not_matter(lake: Lake) -> None:
    first = stage(lake, {"part-00000-11111111-2222-3333-4444-555555555555.c000.zstd.parquet": b"rows"})
    second = stage(lake, {"part-00000-aaaaaaaa-bbbb-cccc-dddd-eeeeeeeeeeee.c000.zstd.parquet": b"rows"})
    manifests = [commit_all(lake, staged, "t/D", fingerprint="f") for staged in (first, second)]
    assert manifests[0] == manifests[1]
    assert manifests[0].paths()[0].startswith("part-00000-")


def test_files_that_were_not_asked_for_stay_behind(lake: Lake) -> None:
    staged = stage(lake, {"lists/a.json": b"1", "lists/killed.json": b"2", "items/b.json": b"3"})
    commit_folder(lake, staged, "t/D", fingerprint="f", files=["lists/a.json", "items/b.json"])
    assert sorted(content(lake, "t/D").values()) == [b"1", b"3"]
    assert not any("killed" in info.path for info in lake.list_files("t/D"))


def test_an_empty_folder_is_committed_too(lake: Lake) -> None:
    commit_all(lake, staging_folder("nothing"), "t/D", fingerprint="f")
    assert content(lake, "t/D") == {}


def test_without_a_manifest_a_folder_does_not_exist(lake: Lake) -> None:
    lake.write_bytes("t/D/part-0.parquet", b"half")
    assert find_manifest(lake, "t/D") is None
    with pytest.raises(MissingArtifactError, match="never finished"):
        open_folder(lake, "t/D")


@pytest.mark.parametrize("damage", ["missing", "short"])
def test_damage_is_named(lake: Lake, damage: str) -> None:
    manifest = commit_all(lake, stage(lake, {"x.parquet": b"12345"}), "t/D", fingerprint="f")
    path = f"t/D/{manifest.paths()[0]}"
    lake.delete(path)
    if damage == "short":
        lake.write_bytes(path, b"123")
    seen = {"missing": "None", "short": "3"}[damage]
    with pytest.raises(MissingArtifactError, match=f"{seen} bytes, its manifest says 5"):
        open_folder(lake, "t/D")


def test_only_what_is_whole_can_be_reused(lake: Lake) -> None:
    assert find_complete(lake, "t/D") is None
    manifest = commit_all(lake, stage(lake, {"x.parquet": b"12345"}), "t/D", fingerprint="f")
    assert find_complete(lake, "t/D") == manifest
    lake.write_bytes(f"t/D/{manifest.paths()[0]}", b"123")
    assert find_complete(lake, "t/D") is None


@settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(old=FILES, new=FILES)
@pytest.mark.parametrize("backend", BACKENDS)
def test_a_commit_replaces_the_whole_folder(backend: str, old: dict[str, bytes], new: dict[str, bytes]) -> None:
    with tempfile.TemporaryDirectory() as folder:
        lake = BACKENDS[backend](Path(folder))
        for files in (old, new):
            manifest = commit_all(lake, stage(lake, files), "t/D", fingerprint="f")
            assert sorted(content(lake, "t/D").values()) == sorted(files.values())
            assert len(set(manifest.paths())) == len(files), "two files under one name"
        kept = {info.path for info in lake.list_files("t/D")}
        assert kept == {f"t/D/{path}" for path in manifest.paths()} | {f"t/D/{MANIFEST}"}


@settings(max_examples=30, deadline=None)
@given(files=FILES)
def test_equal_content_is_an_equal_manifest(files: dict[str, bytes]) -> None:
    with tempfile.TemporaryDirectory() as folder:
        lake = BACKENDS["local"](Path(folder))
        once = commit_all(lake, stage(lake, files), "t/D", fingerprint="f")
        again = commit_all(lake, stage(lake, dict(reversed(files.items()))), "t/D", fingerprint="f")
        assert once == again


class KilledError(Exception):
    """Stands for SIGKILL."""


class Dying:
    """A lake whose process is killed at its n-th change."""

    def __init__(self, lake: Lake, steps: int) -> None:
        self._lake, self._steps = lake, steps

    def __getattr__(self, name: str) -> Any:
        method = getattr(self._lake, name)
        if name not in ("move", "write_bytes", "write_if_unchanged", "delete"):
            return method

        def change(*arguments: Any) -> Any:
            if self._steps == 0:
                raise KilledError
            self._steps -= 1
            return method(*arguments)

        return change


@settings(max_examples=60, deadline=None)
@given(old=FILES, new=FILES, steps=st.integers(0, 8))
def test_killed_anywhere_a_reader_sees_the_old_or_the_new(
    old: dict[str, bytes], new: dict[str, bytes], steps: int
) -> None:
    with tempfile.TemporaryDirectory() as folder:
        lake = BACKENDS["local"](Path(folder))
        commit_all(lake, stage(lake, old), "t/D", fingerprint="old")
        staged = stage(lake, new)
        with contextlib.suppress(KilledError):
            commit_all(Dying(lake, steps), staged, "t/D", fingerprint="new")  # type: ignore[arg-type]
        expected = {"old": old, "new": new}[load_manifest(lake, "t/D").fingerprint]
        assert sorted(content(lake, "t/D").values()) == sorted(expected.values())
        commit_all(lake, stage(lake, new), "t/D", fingerprint="new")
        assert sorted(content(lake, "t/D").values()) == sorted(new.values())
        assert len(lake.list_files("t/D")) == len(new) + 1, "leftovers of the killed run"


def test_a_storage_that_fails_leaves_the_old_folder(lake: Lake) -> None:
    class Full(Dying):
        def __getattr__(self, name: str) -> Any:
            if name == "write_if_unchanged":
                raise LakeError("no space left", remedy="free space")
            return getattr(self._lake, name)

    commit_all(lake, stage(lake, {"x.parquet": b"old"}), "t/D", fingerprint="old")
    with pytest.raises(LakeError):
        commit_all(Full(lake, 0), stage(lake, {"x.parquet": b"new"}), "t/D", fingerprint="new")  # type: ignore[arg-type]
    assert list(content(lake, "t/D").values()) == [b"old"]


def test_one_file_is_a_folder_and_leaves_no_staging(lake: Lake) -> None:
    with staging(lake, "reports") as staged:
        lake.write_bytes(f"{staged}/page.html", b"x")
        lake.write_bytes(f"{staged}/left behind", b"y")
        manifest = commit_folder(lake, staged, "reports/a", files=["page.html"], fingerprint="f", inputs={"b": "c"})
    assert load_manifest(lake, "reports/a") == manifest
    (path,) = manifest.paths()
    assert lake.read_bytes(f"reports/a/{path}") == b"x"
    assert lake.list_files("_staging") == []


def test_of_two_commits_at_once_one_wins_and_is_whole(lake: Lake) -> None:
    class Interrupted(Dying):
        """Another run commits the folder while this one moves its files."""

        def __getattr__(self, name: str) -> Any:
            if name == "write_if_unchanged":
                commit_all(self._lake, stage(self._lake, {"x.parquet": b"theirs"}), "t/D", fingerprint="theirs")
            return getattr(self._lake, name)

    commit_all(lake, stage(lake, {"x.parquet": b"old"}), "t/D", fingerprint="old")
    with pytest.raises(LakeError, match="another run committed"):
        commit_all(Interrupted(lake, 0), stage(lake, {"x.parquet": b"ours"}), "t/D", fingerprint="ours")  # type: ignore[arg-type]
    assert list(content(lake, "t/D").values()) == [b"theirs"]


def test_a_race_of_commits_leaves_one_of_them_whole(lake: Lake) -> None:
    racers = 6
    for race in range(3):
        start = threading.Barrier(racers)
        staged = [stage(lake, {"x.parquet": f"{race} {racer}".encode()}) for racer in range(racers)]

        def commit(racer: int, staged: list[str] = staged, start: threading.Barrier = start) -> bool:
            start.wait()
            with contextlib.suppress(LakeError):
                commit_all(lake, staged[racer], "t/D", fingerprint=f"{racer}")
                return True
            return False

        with ThreadPoolExecutor(racers) as pool:
            won = list(pool.map(commit, range(racers)))
        racer = int(load_manifest(lake, "t/D").fingerprint)
        assert won[racer]
        assert list(content(lake, "t/D").values()) == [f"{race} {racer}".encode()]


def test_two_equal_commits_at_once_are_both_good(lake: Lake) -> None:
    class Interrupted(Dying):
        def __getattr__(self, name: str) -> Any:
            if name == "write_if_unchanged":
                commit_all(self._lake, stage(self._lake, {"x.parquet": b"same"}), "t/D", fingerprint="f")
            return getattr(self._lake, name)

    ours = commit_all(Interrupted(lake, 0), stage(lake, {"x.parquet": b"same"}), "t/D", fingerprint="f")  # type: ignore[arg-type]
    assert load_manifest(lake, "t/D") == ours
    assert list(content(lake, "t/D").values()) == [b"same"]
