"""The lake's disk is full: a small file system of its own lies over the folder of the lake."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import psutil

from devstack.game_day.faults.base import StackFault
from devstack.game_day.stage import Stage
from include.errors import StackError

ROOM = 64 << 10  # bytes that are left


def strike(stage: Stage) -> str:
    """Move the lake to a disk that it fills."""
    lake = stage.folder(stage.settings.lake_uri)
    aside = lake.with_name("lake-aside")
    lake.rename(aside)
    lake.mkdir()
    _mount("-t", "tmpfs", "-o", "size=1G", "tmpfs", str(lake))
    shutil.copytree(aside, lake, dirs_exist_ok=True)
    _mount("-o", f"remount,size={shutil.disk_usage(lake).used + ROOM}", str(lake))
    return stage.begin_night()


def mend(stage: Stage, run_id: str) -> None:
    """Make room and clear the task."""
    _mount("-o", "remount,size=1G", str(stage.folder(stage.settings.lake_uri)))
    stage.clear(run_id, "ingest")


def unmount(folder: Path) -> None:
    """Unmount what is mounted in `folder`, also while files of it are open."""
    for disk in psutil.disk_partitions(all=True):
        if Path(disk.mountpoint).is_relative_to(folder):
            subprocess.run(["umount", "--lazy", disk.mountpoint], check=True)


def _mount(*arguments: str) -> None:
    done = subprocess.run(["mount", *arguments], capture_output=True, text=True, check=False)
    if done.returncode:
        raise StackError(
            f"no file system can be mounted: {done.stderr.strip()}",
            remedy="run the game day as root, or leave this fault out with FAULTS",
        )


FAULT = StackFault("full_disk", strike, mend, "make room on the disk, clear `ingest` with *Downstream*")
