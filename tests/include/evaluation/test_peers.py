"""The metrics against ranx, an implementation of others."""

from __future__ import annotations

import numpy as np
import pytest
from numba.core import config
from scipy import sparse

from include.evaluation.metrics import measure_users
from include.model.factors import Factors
from include.ranking import top_n
from include.types import NOTHING

K = 7
PEERS = {
    "recall_all": "recall", "precision": "precision", "ndcg": "ndcg", "map": "map", "mrr": "mrr",
    "hit_rate": "hit_rate",
}  # fmt: skip


@pytest.mark.parametrize("seed", range(4))
def test_each_metric_agrees_with_ranx_on_random_lists(seed: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """Scores have many ties, some lists are short or empty, some users have nothing relevant and are left out."""
    random = np.random.default_rng(seed)
    n_users, n_items = 60, 25
    relevant = sparse.csr_matrix(random.random((n_users, n_items)) < random.choice([0.0, 0.05, 0.4], (n_users, 1)))
    users = Factors(random.integers(-1, 2, (n_users, 2)).astype("f"), np.zeros(n_users, "f"), np.ones(n_users, bool))
    items = Factors(random.integers(-1, 2, (n_items, 2)).astype("f"), np.zeros(n_items, "f"), np.ones(n_items, bool))
    seen = sparse.csr_matrix(random.random((n_users, n_items)) < random.choice([0.1, 0.8, 1.0], (n_users, 1)))
    lists = top_n(users, items, K, exclude=seen).items
    chosen = np.flatnonzero(np.diff(relevant.indptr))
    assert 0 < len(chosen) < n_users and (lists == NOTHING).any()
    ours = measure_users(lists[chosen], relevant[chosen])

    monkeypatch.setattr(config, "DISABLE_JIT", 1)  # compiling ranx takes minutes
    from ranx import Qrels, Run, evaluate

    qrels = Qrels({f"u{user}": {f"i{item}": 1 for item in relevant[user].indices} for user in chosen})
    run = Run({
        f"u{user}": {f"i{item}": float(K - place) for place, item in enumerate(lists[user]) if item != NOTHING}
        or {"nothing": 1.0}
        for user in chosen
    })  # fmt: skip
    evaluate(qrels, run, [f"{name}@{K}" for name in PEERS.values()] + [f"hits@{K}"], make_comparable=True)
    for name, peer in PEERS.items():
        theirs = np.array([run.scores[f"{peer}@{K}"][f"u{user}"] for user in chosen])
        np.testing.assert_allclose(ours[name], theirs, atol=1e-12, err_msg=name)
    hits = np.array([run.scores[f"hits@{K}"][f"u{user}"] for user in chosen])
    np.testing.assert_allclose(ours["recall"], hits / np.minimum(K, np.diff(relevant[chosen].indptr)))
