from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.benchmarks.__main__ import main


def test_the_kernel_is_measured_and_reported(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NIGHTSHELF_HOME", str(tmp_path / "home"))
    out = tmp_path / "figures.json"
    assert main(["--scale", "quick", "--parts", "kernel", "--out", str(out), "--docs", str(tmp_path)]) == 0
    figures = json.loads(out.read_text())
    assert figures["kernel_share_of_bound"] > 0
    (case,) = figures["kernel"].values()
    for name in ("kernel", "product", "product_blocks", "numpy", "lightfm"):
        median, lowest, highest = case["users_per_second"][name]
        assert 0 < lowest <= median <= highest
    page = (tmp_path / "benchmarks.md").read_text()
    assert "kernel, share of the matrix product" in page
    for peer in ("implicit", "faiss"):
        assert peer in page  # measured, or said to be absent
    assert (tmp_path / "benchmarks.svg").read_text().startswith("<?xml")

    # Another part later on finds the figures again
    out.unlink()
    assert main(["--scale", "quick", "--parts", "none", "--out", str(out)]) == 0
    assert json.loads(out.read_text()) == figures
