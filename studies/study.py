"""The whole study: shops of several seeds and seasons through every scenario."""

from __future__ import annotations

import logging
import math

from include.demo_shop import ShopConfig
from include.drift_policy import DriftPolicy
from include.monitoring.verdict import Kind
from studies.report import ShopRuns
from studies.run import QUIET_NIGHTS, SCENARIOS, STABLE, Scenario, open_shop

logger = logging.getLogger(__name__)

QUIET = Scenario(STABLE, QUIET_NIGHTS, frozenset({Kind.NOTHING}))
STABLE_NIGHTS_A_SHOP = QUIET_NIGHTS + SCENARIOS[0].nights


def study(seed: int, nights: int, policy: DriftPolicy, config: ShopConfig | None = None) -> list[ShopRuns]:
    """Return as many shops as have at least `nights` stable nights together, each through every scenario twice."""
    shops = []
    for number in range(math.ceil(nights / STABLE_NIGHTS_A_SHOP)):
        shops.append(run_shop(number, seed, policy, config))
        logger.info("shop %d of seed %d: done", number, seed)
    return shops


def run_shop(number: int, seed: int, policy: DriftPolicy, config: ShopConfig | None = None) -> ShopRuns:
    """Return one shop's runs; all scenarios begin from the same evening."""
    opened = open_shop(number, seed, policy, config)
    quiet = list(opened.run(QUIET, watched=True))
    watched = {one.name: list(opened.copy().run(one, watched=True)) for one in SCENARIOS}
    unwatched = {one.name: list(opened.copy().run(one, watched=False)) for one in SCENARIOS}
    return ShopRuns(number, quiet, watched, unwatched)
