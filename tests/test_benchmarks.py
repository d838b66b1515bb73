from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from scipy import sparse

from include.evaluation.metrics import measure_users
from tests.benchmarks import training
from tests.benchmarks.__main__ import main
from tests.benchmarks.quality import summary
from tests.benchmarks.quality_lists import VIEWS, Window, measure
from tests.benchmarks.quality_report import write_quality


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


def test_training_is_measured() -> None:
    figures = training.run("quick")
    assert figures["training_ials_s"] > 0 and figures["training_lightfm_12_epochs_s"] > 0
    assert figures["training_blend_s"] > 0


def make_window(seed: int = 3) -> Window:
    random = np.random.default_rng(seed)
    history, new, repeats = (sparse.csr_matrix(random.random((60, 40)) < share) for share in (0.2, 0.1, 0.1))
    bought = history.astype(np.float32)
    unseen = (new - new.multiply(history)).astype(bool)
    unseen.eliminate_zeros()
    return Window(bought, bought, unseen, (unseen + repeats.multiply(history)).astype(bool))


def test_quality_is_measured_as_the_evaluation_does() -> None:
    window = make_window()
    scores = np.random.default_rng(4).random((60, 40)).astype(np.float32)
    for view in VIEWS:
        users, relevant = window.users(view), getattr(window, view)
        ranked = np.where(window.bought.toarray() > 0, -np.inf, scores) if view == "unseen" else scores
        lists = np.argsort(-ranked, axis=1)[:, :20].astype(np.int32)[users]
        expected = [
            measure_users(lists, relevant[users])["recall"],
            measure_users(lists[:, :10].copy(), relevant[users])["ndcg"],
        ]
        np.testing.assert_allclose(measure(window, view, lambda rows: scores[rows]), expected)


def test_the_figures_of_quality_hold_intervals_and_their_section_replaces_itself(tmp_path: Path) -> None:
    window = make_window()
    better = {view: getattr(window, view).toarray().astype(np.float32) for view in VIEWS}
    nights = {
        night: {
            "nightshelf": {view: measure(window, view, lambda rows, v=view: better[v][rows]) for view in VIEWS},
            "ease": {view: measure(window, view, lambda rows: np.zeros((len(rows), 40))) for view in VIEWS},
        }
        for night in ("2011-11-08", "2011-12-09")
    }
    figures = {"dataset": "shop", **summary(nights)}
    for view in VIEWS:
        ours, ease = figures[view]["nightshelf"], figures[view]["ease"]
        assert ours["recall@20"] == ours["ndcg@10"] == 1.0
        assert ease["ci"][0] <= ease["recall@20"] <= ease["ci"][1]
        assert ease["behind_nightshelf_ci"][0] > 0
        assert set(ease["nights"]) == {"2011-11-08", "2011-12-09"}
    (tmp_path / "benchmarks.md").write_text("# Benchmarks\n\nSpeed.\n")
    for _ in range(2):
        write_quality(figures, tmp_path)
    page = (tmp_path / "benchmarks.md").read_text()
    assert page.startswith("# Benchmarks\n\nSpeed.\n") and page.count("## Quality: shop") == 1
    assert "| **Nightshelf** | 1.000 / 1.000 (1.000 to 1.000) |" in page
    assert (tmp_path / "quality-shop.svg").read_text().startswith("<?xml")
