from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from include.ranking import compiled
from include.settings import PROJECT

PROGRAM = "from include.ranking import compile_kernel; print(compile_kernel())"


def run(folder: Path) -> subprocess.CompletedProcess[str]:
    environment = {**os.environ, "NUMBA_CACHE_DIR": str(folder)}
    return subprocess.run([sys.executable, "-c", PROGRAM], cwd=PROJECT, env=environment, capture_output=True, text=True)


def test_the_kernel_is_compiled_once(tmp_path: Path) -> None:
    changed = []
    for _ in range(2):
        done = run(tmp_path)
        assert done.returncode == 0, done.stderr
        folder = Path(done.stdout.strip())
        assert folder.parent == tmp_path
        changed.append({file.name: file.stat().st_mtime_ns for file in folder.rglob("*.nbc")})
    assert changed[0]
    assert changed[0] == changed[1]


def test_where_nothing_can_be_written_it_is_compiled_each_time(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("not a folder")
    done = run(tmp_path / "file" / "kernel")
    assert done.returncode == 0, done.stderr
    assert done.stdout.strip() == "None"
    assert "cannot be kept" in done.stderr


def test_other_source_has_another_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    before = compiled.source_fingerprint()
    changed = tmp_path / "simd.py"
    changed.write_text("other")
    monkeypatch.setattr(compiled.simd, "__file__", str(changed))
    assert compiled.source_fingerprint() != before
