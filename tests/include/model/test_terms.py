"""The terms of a blend are those that would have served best, and never see the holdout."""

from dataclasses import replace

import numpy as np
import pytest

from include.features import TrainingSet
from include.model import Recommender, Terms, find_trainer
from include.model import terms as learning
from include.model.terms import Targets, learn_terms
from tests.include.model.worlds import make_policy
from tests.training_sets import Pair, make_training_set

N_USERS, N_ITEMS = 80, 40


def make_shop(*, repeats: bool = False, newcomers: int = 0, segment: str = "left") -> TrainingSet:
    """Return two tastes; after the early period users buy more of theirs, or the same again."""
    random = np.random.default_rng(2)
    pairs, users, features = [], {}, []
    for n in range(N_USERS + newcomers):
        left, new = n % 2 == 0, n >= N_USERS
        name = f"{n:03}"
        users[name] = "everybody"
        features.append((name, f"segment:{'left' if left else 'right'}"))
        own = random.permutation(np.arange(N_ITEMS // 2) + (0 if left else N_ITEMS // 2))
        for place, item in enumerate(own[:10]):
            early = place < 6 and not new
            later = (place < 3) if repeats and early else not early
            pairs.append(
                Pair(
                    name, f"{item:02}", 1.0, 1.0, 1, 0,
                    weight_early=float(early), n_early=int(early), n_after_early=int(later),
                )
            )  # fmt: skip
    return make_training_set(
        pairs, users=users, user_features=features,
        item_features=[(f"{i:02}", f"category:{'left' if i < N_ITEMS // 2 else 'right'}") for i in range(N_ITEMS)],
    )  # fmt: skip


def learn(shop: TrainingSet, terms: Terms) -> Terms:
    policy = make_policy(trainer="ials", dimensions=8)
    model = find_trainer("ials").fit(shop, policy, periods=("early",))["early"]
    targets = Targets(shop.targets("early"), shop.targets("early", repeats=True))
    learned = learn_terms(replace(model, terms=terms), shop.at("early"), targets)
    for name, tried in learned.tried.items():
        best = max(quality for _, quality in tried)
        chosen = learned.terms.members.get(name, getattr(learned.terms, name, None))
        assert dict(tried)[chosen] >= best - learning.LEAST_GAIN, name
    return learned.terms


def test_taste_gets_its_weight_where_popularity_says_nothing() -> None:
    learned = learn(make_shop(), Terms({"ials": 0.25}, popularity=2.0))
    assert learned.members["ials"] > learned.popularity


def test_repurchase_gets_a_weight_where_people_buy_the_same_again() -> None:
    start = Terms({"ials": 1.0}, popularity=0.5)
    assert learn(make_shop(repeats=True), start).repurchase > learn(make_shop(), start).repurchase == 0.0


def test_features_serve_newcomers_only_where_they_surely_beat_their_segments_popularity() -> None:
    start = Terms({"ials": 1.0}, popularity=0.5)
    assert learn(make_shop(newcomers=60), start).cold.get("ials", 0) > 0
    assert learn(make_shop(newcomers=10), start).cold == {}


def test_too_few_users_leave_the_terms_as_they_are(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(learning, "FEWEST_USERS", N_USERS + 1)
    start = Terms({"ials": 0.25}, popularity=2.0)
    assert learn(make_shop(), start) == start


def test_the_quality_of_candidates_is_that_of_whole_lists(monkeypatch: pytest.MonkeyPatch) -> None:
    shop = make_shop(repeats=True)
    model = find_trainer("ials").fit(shop, make_policy(trainer="ials", dimensions=8), periods=("early",))["early"]
    targets = Targets(shop.targets("early"), shop.targets("early", repeats=True))
    snapshot, terms = shop.at("early"), Terms({"ials": 1.0}, popularity=0.5, repurchase=2.0)
    found = []
    for most in (25, N_ITEMS):
        monkeypatch.setattr(learning, "CANDIDATES", most)
        found.append(learning._Field.of(model, snapshot, targets).quality(terms))
    assert found[0] == pytest.approx(found[1], abs=0.01)
    vectors, items = Recommender(model.members, terms).factors(snapshot)
    scores = vectors.vectors @ items.vectors.T + items.biases + Recommender({}, terms).own_items(snapshot).toarray()
    hits, counts = targets.all.toarray(), np.diff(targets.all.indptr)
    whole = learning._metric(scores, hits, counts)[counts > 0].mean()
    fresh = np.where(snapshot.bought.toarray() > 0, -np.inf, scores)
    counts = np.diff(targets.new.indptr)
    new = learning._metric(fresh, targets.new.toarray(), counts)[counts > 0].mean()
    assert found[1] == pytest.approx((whole + new) / 2, abs=1e-6)
