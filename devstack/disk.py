"""Room on the disk of a home: enough to begin, and not used up in mid-night."""

from __future__ import annotations

import shutil
from pathlib import Path

from include.errors import StackError

NEEDED_BYTES = 2 << 30
FULL_BYTES = 32 << 20  # PostgreSQL writes its log in files of 16 MiB


class DiskFullError(StackError):
    """There is no room left for what runs."""


def check_room(place: Path) -> None:
    """Check that a night has room.

    Raises
    ------
    StackError
        When less than `NEEDED_BYTES` are free.
    """
    free = _free_bytes(place)
    if free < NEEDED_BYTES:
        raise StackError(
            f"{place} has {free / 2**30:.1f} GiB free, the stack needs {NEEDED_BYTES / 2**30:.0f} GiB",
            remedy="make room there or set NIGHTSHELF_HOME to a folder on a bigger disk",
        )


def check_not_full(place: Path) -> None:
    """Check that what runs can go on writing; without room Airflow's processes hang rather than fail.

    Raises
    ------
    DiskFullError
        When less than `FULL_BYTES` are free.
    """
    free = _free_bytes(place)
    if free < FULL_BYTES:
        raise DiskFullError(
            f"the disk of {place} is full, {free / 2**20:.0f} MiB are free",
            remedy="make room there, then run make nightly again: readers keep the last whole batch meanwhile",
        )


def _free_bytes(place: Path) -> int:
    """Return what is free where `place` is, or would be."""
    return shutil.disk_usage(next(folder for folder in (place, *place.parents) if folder.is_dir())).free
