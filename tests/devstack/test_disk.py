from __future__ import annotations

from pathlib import Path

import pytest

from devstack import disk
from include.errors import StackError


def test_too_little_room_names_both_figures(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    disk.check_room(tmp_path)
    monkeypatch.setattr(disk, "NEEDED_BYTES", 1 << 60)
    with pytest.raises(StackError, match=r"GiB free, the stack needs 1073741824 GiB"):
        disk.check_room(tmp_path / "not" / "there")


def test_only_a_full_disk_is_full(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    disk.check_not_full(tmp_path)
    monkeypatch.setattr(disk, "FULL_BYTES", 1 << 60)
    with pytest.raises(StackError, match=r"is full, \d+ MiB are free"):
        disk.check_not_full(tmp_path)
