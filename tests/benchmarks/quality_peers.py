"""One peer of the quality benchmark, tuned and measured, in a process and an environment of its own.

    python quality_peers.py <peer> <folder>

Reads `early.npz` (to tune on), `before.npz` (to measure on) and, where there are any, `item_features.npz`; writes
`<peer>.npz` with each user's metrics by view, and the chosen settings as JSON to stdout. Everyone gets the same decayed
weights.
"""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Callable
from itertools import product
from pathlib import Path
from typing import Any

import numpy as np
from scipy import sparse

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))
from tests.benchmarks.quality_lists import VIEWS, Scores, Window, measure, quality

Fit = Callable[..., Scores]
MOST_ITEMS_EASE = 10_000
"""EASE inverts a dense matrix of all items."""


def grid(**values: list[Any]) -> list[dict[str, Any]]:
    """Return every combination of the values."""
    return [dict(zip(values, chosen, strict=True)) for chosen in product(*values.values())]


def factors(users: Any, items: Any) -> Scores:
    """Return the scores of vectors."""
    return lambda rows: users[rows] @ items.T


def bm25(history: Any, features: Any, **settings: Any) -> Scores:
    from implicit.nearest_neighbours import BM25Recommender

    model = BM25Recommender(**settings, num_threads=2)
    model.fit(history, show_progress=False)
    return lambda rows: (history[rows] @ model.similarity).toarray()


def ease(history: Any, features: Any, regularization: float) -> Scores:
    """Steck 2019, arXiv:1905.03375."""
    gram = (history.T @ history).toarray().astype(np.float32)
    gram[np.diag_indices_from(gram)] += regularization
    inverse = np.linalg.inv(gram)
    weights = inverse / -np.diag(inverse)
    np.fill_diagonal(weights, 0)
    weights = weights.astype(np.float32)
    return lambda rows: history[rows] @ weights


def als(history: Any, features: Any, **settings: Any) -> Scores:
    from implicit.als import AlternatingLeastSquares

    model = AlternatingLeastSquares(factors=64, random_state=1, num_threads=2, **settings)
    model.fit(history, show_progress=False)
    return factors(model.user_factors, model.item_factors)


def bpr(history: Any, features: Any, **settings: Any) -> Scores:
    from implicit.bpr import BayesianPersonalizedRanking

    model = BayesianPersonalizedRanking(factors=64, random_state=1, num_threads=2, **settings)
    model.fit(history, show_progress=False)
    return factors(model.user_factors, model.item_factors)


def irspack(history: Any, features: Any, item_features: float, **settings: Any) -> Scores:
    from irspack import IALSRecommender

    own: dict[str, Any] = {}
    if item_features and features is not None:
        own = {"item_features": features, "lambda_item_feature": item_features}
    model = IALSRecommender(history, n_components=64, nu=1.0, random_seed=1, n_threads=2, **settings, **own)
    model.learn()
    return factors(model.get_user_embedding(), model.get_item_embedding())


# Around what won in a wider search on Online Retail.
PEERS: dict[str, tuple[Fit, list[dict[str, Any]]]] = {
    "bm25": (bm25, grid(K=[400, 1600], K1=[0.5, 1.2], B=[0.4])),
    "ease": (ease, grid(regularization=[30.0, 100.0])),
    "als": (als, grid(regularization=[0.1], alpha=[1.0, 4.0, 16.0])),
    "bpr": (bpr, grid(learning_rate=[0.05], regularization=[0.003, 0.03], iterations=[50])),
    "irspack_ials": (irspack, grid(alpha0=[0.1], reg=[0.003, 0.01], item_features=[0.0, 10.0])),
}


def main(name: str, folder: Path) -> None:
    """Tune, fit, measure."""
    early, before = (Window.load(folder / f"{period}.npz") for period in ("early", "before"))
    file = folder / "item_features.npz"
    features = sparse.load_npz(file) if file.is_file() else None
    fit, settings = PEERS[name]
    if name == "ease" and early.history.shape[1] > MOST_ITEMS_EASE:
        sys.exit(f"{early.history.shape[1]} items are too many for EASE")
    found = [quality(early, fit(early.history, features, **each)) for each in settings]
    best = int(np.argmax(found))
    chosen = settings[best]
    started = time.monotonic()
    scores = fit(before.history, features, **chosen)
    seconds = time.monotonic() - started
    np.savez(folder / f"{name}.npz", **{view: measure(before, view, scores) for view in VIEWS})
    sys.stdout.write("\n" + json.dumps({"settings": chosen, "validation": found[best], "fit_seconds": seconds}))


if __name__ == "__main__":
    main(sys.argv[1], Path(sys.argv[2]))
