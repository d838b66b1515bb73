"""The account that PostgreSQL runs as: ourselves, or somebody else when we are root.

PostgreSQL refuses to run as root. Then it runs as `postgres`, or as `nobody` where there is no such
account, and its folders must be reachable for that account.
"""

from __future__ import annotations

import logging
import os
import pwd
import shutil
import subprocess
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from include.errors import StackError

logger = logging.getLogger(__name__)

ACCOUNTS = ("postgres", "nobody")


@dataclass(frozen=True)
class Account:
    """A user of this machine that can run a server."""

    uid: int
    gid: int
    other: bool  # than the one that this process runs as

    def run(self, command: Sequence[str | Path], *, timeout: float = 120) -> subprocess.CompletedProcess[str]:
        """Run a program as this account, in `/`, with nothing of our environment but the path.

        The variables PGDATA, PGPORT and their like of the caller would change what the programs do.
        """
        environment = {"PATH": "/usr/local/bin:/usr/bin:/bin", "LC_ALL": "C", "TZ": "UTC"}
        identity: dict[str, object] = {"user": self.uid, "group": self.gid, "extra_groups": []} if self.other else {}
        try:
            return subprocess.run(  # type: ignore[call-overload, no-any-return]
                [str(part) for part in command], cwd="/", env=environment, umask=0o077, text=True,
                stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                timeout=timeout, check=False, **identity,
            )  # fmt: skip
        except (OSError, subprocess.TimeoutExpired) as error:
            raise StackError(
                f"{command[0]} cannot be run as uid {self.uid}: {error}",
                remedy="run as an ordinary user, or let this account's user become that uid",
            ) from error

    def can_enter(self, folder: Path) -> bool:
        """Tell whether this account can reach `folder` through all folders above it."""
        return self.run(["/bin/sh", "-c", 'cd "$1"', "sh", folder]).returncode == 0

    def can_run(self, program: Path) -> bool:
        """Tell whether this account can read and run `program`."""
        return self.run(["/bin/sh", "-c", '"$1" --version', "sh", program]).returncode == 0

    def private_folder(self, folder: Path) -> Path:
        """Make `folder` unless it is there; nobody but this account (and root) can look inside.

        Raises
        ------
        StackError
            When it is there and belongs to somebody else, or cannot be made.
        """
        try:
            folder.parent.mkdir(parents=True, exist_ok=True)
            folder.mkdir(mode=0o700, exist_ok=True)
            if self.other:
                os.chown(folder, self.uid, self.gid)
            elif folder.stat().st_uid != self.uid:
                raise StackError(f"{folder} belongs to another account", remedy="choose another NIGHTSHELF_HOME")
            folder.chmod(0o700)
        except OSError as error:
            raise StackError(f"{folder}: {error.strerror}", remedy="choose a writable NIGHTSHELF_HOME") from error
        return folder


def server_account() -> Account:
    """Return the account that a server started by this process runs as.

    Raises
    ------
    StackError
        When this process is root and no other account is there.
    """
    if os.geteuid() != 0:
        return Account(os.geteuid(), os.getegid(), other=False)
    for name in ACCOUNTS:
        try:
            entry = pwd.getpwnam(name)
        except KeyError:
            continue
        return Account(entry.pw_uid, entry.pw_gid, other=True)
    raise StackError(
        f"PostgreSQL refuses to run as root and none of the accounts {', '.join(ACCOUNTS)} is there",
        remedy="run as an ordinary user, or add one: useradd --system postgres",
    )


def copy_programs(account: Account, folder: Path, root: Path) -> Path:
    """Copy the installation around `folder` below `root`, where `account` can run it; return the copied folder.

    A virtual environment below a home of mode 0700 is closed to every other account. The
    libraries that a wheel keeps beside its package (`<package>.libs`) come along.
    """
    installation = folder.parent
    package = installation.parent
    goal = root / "programs" / package.name / installation.name
    if not (goal / folder.name / "postgres").is_file():
        logger.info("copying PostgreSQL's programs from %s, which uid %d cannot read", installation, account.uid)
        staged = goal.with_name(f"{goal.name}.new")
        shutil.rmtree(staged, ignore_errors=True)
        shutil.copytree(installation, staged, symlinks=True)
        libraries = package.with_name(f"{package.name}.libs")
        if libraries.is_dir():
            shutil.copytree(libraries, goal.parent.with_name(libraries.name), symlinks=True, dirs_exist_ok=True)
        staged.rename(goal)
        for path in (root / "programs", *(root / "programs").rglob("*")):
            os.chown(path, account.uid, account.gid, follow_symlinks=False)
    return goal / folder.name
