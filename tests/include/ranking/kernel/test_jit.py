from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from include.ranking.kernel import jit
from include.settings import PROJECT
from tests.include.ranking.made import expected_digest, make_night

PROGRAM = "from include.ranking import compile_kernel; print(compile_kernel())"


def run(folder: Path, program: str = PROGRAM, **changes: str) -> subprocess.CompletedProcess[str]:
    environment = {**os.environ, "NUMBA_CACHE_DIR": str(folder), **changes}
    return subprocess.run([sys.executable, "-c", program], cwd=PROJECT, env=environment, capture_output=True, text=True)


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
    before = jit.source_fingerprint()
    shutil.copytree(Path(jit.__file__).parent, tmp_path / "kernel")
    monkeypatch.setattr(jit, "__file__", str(tmp_path / "kernel" / "jit.py"))
    assert jit.source_fingerprint() == before
    (tmp_path / "kernel" / "simd.py").write_text("other")
    assert jit.source_fingerprint() != before


ABSENT = "import sys; sys.modules['numba'] = None"
REFUSED = """
from include.ranking.kernel import compiled
def refuse():
    raise RuntimeError("LLVM IR parsing error")
compiled.try_out = refuse
"""


@pytest.mark.parametrize(
    ("before", "reason"), [(ABSENT, "numba"), (REFUSED, "LLVM IR parsing error"), ("", "NUMBA_DISABLE_JIT is set")]
)
def test_where_it_does_not_compile_numpy_ranks_and_the_log_says_so_once(
    tmp_path: Path, before: str, reason: str
) -> None:
    program = f"""
import logging, sys
logging.basicConfig(stream=sys.stderr)
{before}
from tests.include.ranking.made import expected_digest, make_night
print(expected_digest(*make_night(60)))
"""
    done = run(tmp_path, program, **({} if before else {"NUMBA_DISABLE_JIT": "1"}))
    assert done.returncode == 0, done.stderr
    assert int(done.stdout) == expected_digest(*make_night(60))
    assert done.stderr.count("numpy ranks instead") == 1
    assert reason in done.stderr
