"""Try the gate on nights with good and bad challengers of generated shops.

    python -m studies.gate --nights 200 --out figures.json

Each shop has a champion of the night before, four good challengers (the recipe on tonight's data, other seeds) and four
bad ones: trained on shuffled labels, on half the data, with another shop's feature file, and popularity in disguise.
The code on trial is what the jobs evaluate and gate use. The same seed gives the same figures.
"""

from __future__ import annotations

import argparse
import json
import logging
import sys
from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from include.evaluation.gate import Verdict, judge
from include.evaluation.report import CHALLENGER, CHAMPION, POPULARITY
from include.evaluation.training_data import compare_data
from include.features import TrainingSet
from include.model import Recommender, find_trainer
from include.model_policy import IalsPolicy
from include.night.judging import Court, compare_models, convene, inspect
from include.policy import Policy, load_policy
from include.settings import Settings
from studies import command
from studies.gate_shop import GateShop, Purchases, make_shop, shuffled, training_set

logger = logging.getLogger(__name__)

GOOD = "good"
BAD = ("shuffled labels", "half the data", "wrong feature file", "popularity in disguise")
GOOD_A_SHOP = 4


def arguments() -> argparse.ArgumentParser:
    """Return the command line."""
    parser = command.parser(__doc__)
    parser.add_argument("--seed", type=int, default=1, help="another seed is another set of shops; default 1")
    parser.add_argument("--nights", type=int, default=200, help="nights with a bad challenger; default 200")
    parser.add_argument("--out", type=Path, help="JSON file for the figures")
    return parser


def run(settings: Settings, options: argparse.Namespace) -> dict[str, Any]:
    """Return, by kind of challenger, how many were judged and promoted, and what refused the others."""
    figures = study(options.seed, options.nights)
    if options.out:
        options.out.write_text(json.dumps(figures, indent=1) + "\n")
    return figures


def study(seed: int, nights: int) -> dict[str, Any]:
    """Judge as many bad challengers as `nights`, and as many good ones."""
    judged, promoted = Counter[str](), Counter[str]()
    refusals: dict[str, Counter[str]] = {}
    for number in range(-(-nights // len(BAD))):
        for kind, verdict in judge_shop(make_shop(1000 * seed + number), seed=number):
            judged[kind] += 1
            promoted[kind] += verdict.kind == "promote"
            failed = [check.name for check in verdict.checks if not check.holds]
            refusals.setdefault(kind, Counter()).update(failed[:1])
        logger.info("shop %d: promoted %s of %s", number, dict(promoted), dict(judged))
    return {
        kind: {"judged": judged[kind], "promoted": promoted[kind], "refused_by": dict(refusals[kind])}
        for kind in (GOOD, *BAD)
    }


def judge_shop(shop: GateShop, seed: int) -> Iterator[tuple[str, Verdict]]:
    """Yield the verdict on each challenger of a shop, by its kind."""
    random = np.random.default_rng(seed)
    policy = load_policy({"ranking": {"seen": "never"}})
    tonight = training_set(shop, shop.purchases)
    court = convene(tonight, policy)
    yesterday = training_set(shop, shop.purchases.some(shop.purchases.ages >= 1), since=1)
    champion = _fit(yesterday, seed=seed)
    for number in range(GOOD_A_SHOP):
        models = _fit(tonight, seed=100 + seed + number), champion
        yield GOOD, _verdict(court, policy, (tonight, yesterday), models)
    half = shop.purchases.some(random.random(len(shop.purchases.users)) < 0.5)
    wrong: dict[str, tuple[Purchases, Any]] = {
        BAD[0]: (shuffled(shop.purchases, random), None),
        BAD[1]: (half, None),
        BAD[2]: (shop.purchases, random.permutation(shop.categories)),
    }
    for kind, (purchases, categories) in wrong.items():
        data = training_set(shop, purchases, categories)
        yield kind, _verdict(court, policy, (data, yesterday), (_fit(data, seed=200 + seed), champion))
    yield BAD[3], _verdict(court, policy, (tonight, yesterday), (_disguised(tonight, random), champion))


def _fit(data: TrainingSet, seed: int) -> Recommender:
    policy = IalsPolicy(trainer="ials", dimensions=16, epochs=8, seed=seed)
    return find_trainer("ials").fit(data, policy, periods=("before",))["before"]


def _disguised(data: TrainingSet, random: np.random.Generator) -> Recommender:
    """Return a model whose tastes are noise under popularity: everybody's list is a little different."""
    model = _fit(data, seed=1)
    (name, member) = next(iter(model.members.items()))
    noise = random.normal(size=member.item.embeddings.shape).astype(np.float32)
    hidden = replace(member, item=replace(member.item, embeddings=noise))
    return Recommender({name: hidden}, replace(model.terms, members={name: 0.05}, popularity=1.0))


def _verdict(
    court: Court, policy: Policy, data: tuple[TrainingSet, TrainingSet], models: tuple[Recommender, Recommender]
) -> Verdict:
    """Return the verdict on a challenger beside a champion, each with the data that it was trained on."""
    challenger, champion = models
    entrants = {
        POPULARITY: (POPULARITY, Recommender.popular()),
        CHALLENGER: ("2", challenger),
        CHAMPION: ("1", champion),
    }
    sanity = inspect(court.training_set, challenger, champion, policy) | compare_data(*data)
    report = {"k": policy.evaluation.cutoff, "sanity": sanity, **compare_models(court, entrants)}
    return judge(policy.gate, report)


if __name__ == "__main__":
    sys.exit(command.main(arguments(), run))
