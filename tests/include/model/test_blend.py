import hashlib
import os
import subprocess
import sys

import numpy as np

from include.features import TrainingSet
from include.model import Recommender, find_trainer
from include.settings import PROJECT
from tests.include.model.test_terms import make_shop
from tests.include.model.worlds import make_policy, make_world, with_weights

SMALL = {"lightfm_hybrid": {"dimensions": 8, "learning_rate": 0.1, "epochs": 4}, "ials": {"dimensions": 8}}


def fit(shop: TrainingSet, **changes: object) -> dict[str, Recommender]:
    return find_trainer("blend").fit(shop, make_policy(trainer="blend", members=SMALL, **changes))


def test_all_periods_share_the_terms_that_were_learned() -> None:
    fitted = fit(make_shop())
    assert set(fitted) == {"before", "all"}
    assert fitted["before"].terms == fitted["all"].terms
    assert set(fitted["all"].members) == set(fitted["all"].terms.members)


def test_the_holdout_does_not_change_what_is_learned() -> None:
    world = make_shop()
    other = with_weights(world, all=world.interactions.weights["all"][::-1].copy())
    assert fit(world)["before"].terms == fit(other)["before"].terms


def test_a_member_that_weighs_nothing_is_left_out() -> None:
    terms = {"members": {"lightfm_hybrid": 0.0, "ials": 1.0}}
    fitted = fit(make_world(), learn=False, terms=terms)["all"]
    assert set(fitted.members) == {"lightfm_hybrid", "ials"}  # as the policy says
    learned = fit(make_shop(), terms=terms)["all"].terms.members
    assert all(learned.values())


def test_without_days_to_learn_from_the_terms_are_the_policys() -> None:
    terms = {"popularity": 0.25, "repurchase": 1.5, "members": {"ials": 2.0}}
    fitted = fit(make_world(), terms=terms)["all"].terms
    assert (fitted.popularity, fitted.repurchase) == (0.25, 1.5)
    assert fitted.members == {"lightfm_hybrid": 1.0, "ials": 2.0}


def test_one_member_is_a_blend_too() -> None:
    policy = make_policy(trainer="blend", members={"lightfm_hybrid": None, "ials": {"dimensions": 8}})
    fitted = find_trainer("blend").fit(make_world(), policy)["all"]
    assert list(fitted.members) == ["ials"]
    users, items = fitted.factors(make_world().at("all"))
    assert users.vectors.shape[1] == items.vectors.shape[1] == 9 and np.isfinite(users.vectors).all()


def fingerprint() -> str:
    """Return a hash of all that decides the lists of a small shop."""
    shop = make_shop()
    fitted = fit(shop)["all"]
    factors = [array.tobytes() for side in fitted.factors(shop.at("all")) for array in (side.vectors, side.biases)]
    return hashlib.sha256(repr(fitted.terms).encode() + b"".join(factors)).hexdigest()


def test_another_number_of_threads_and_another_processor_s_blas_make_the_same_lists() -> None:
    code = "from tests.include.model.test_blend import fingerprint; print(fingerprint())"
    environment = {**os.environ, "OPENBLAS_NUM_THREADS": "1", "OPENBLAS_CORETYPE": "Nehalem"}
    done = subprocess.run([sys.executable, "-c", code], cwd=PROJECT, env=environment, capture_output=True, text=True)
    assert done.stdout.strip() == fingerprint(), done.stderr
