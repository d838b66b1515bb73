"""Who runs the server, and what that account can reach."""

import os
from pathlib import Path

import pytest

from devstack import accounts
from devstack.accounts import Account, copy_programs, server_account
from include.errors import StackError

as_root = pytest.mark.skipif(os.geteuid() != 0, reason="only root can act as another account")
OURSELVES = Account(os.geteuid(), os.getegid(), other=False)


def test_the_server_never_runs_as_root() -> None:
    account = server_account()
    assert account.uid != 0
    assert account.other == (os.geteuid() == 0)


@as_root
def test_root_without_another_account_is_told_to_make_one(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(accounts, "ACCOUNTS", ("no_such_account",))
    with pytest.raises(StackError, match="useradd --system postgres"):
        server_account()


@as_root
def test_a_folder_below_a_closed_one_cannot_be_entered(tmp_path: Path) -> None:
    closed = tmp_path / "closed"
    (closed / "below").mkdir(parents=True)
    closed.chmod(0o700)
    assert not server_account().can_enter(closed / "below")
    assert server_account().can_enter(Path("/usr"))


def test_programs_run_in_a_clean_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PGDATA", "/somewhere/else")
    done = server_account().run(["/bin/sh", "-c", 'echo "$(id -u) $PWD [$PGDATA]"'])
    assert done.stdout == f"{server_account().uid} / []\n"


def test_a_program_that_cannot_be_run_is_named() -> None:
    with pytest.raises(StackError, match="/no/such/program cannot be run as uid"):
        OURSELVES.run(["/no/such/program"])


def test_a_private_folder_is_closed_to_others(tmp_path: Path) -> None:
    folder = server_account().private_folder(tmp_path / "a" / "b")
    assert (folder.stat().st_mode & 0o777, folder.stat().st_uid) == (0o700, server_account().uid)


def test_copied_programs_keep_their_libraries_beside_the_package(tmp_path: Path) -> None:
    folder = tmp_path / "site-packages" / "wheel" / "install" / "bin"
    folder.mkdir(parents=True)
    (folder / "postgres").write_text("program")
    libraries = tmp_path / "site-packages" / "wheel.libs"
    libraries.mkdir()
    (libraries / "libpq.so").write_text("library")
    root = tmp_path / "root"
    root.mkdir()
    for _ in range(2):
        copied = copy_programs(server_account(), folder, root)
    assert copied == root / "programs" / "wheel" / "install" / "bin"
    assert (copied / "postgres").read_text() == "program"
    assert (root / "programs" / "wheel.libs" / "libpq.so").stat().st_uid == server_account().uid
