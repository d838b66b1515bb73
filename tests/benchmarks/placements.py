"""What four placements cost, through Spark to Parquet, against home alone: random factors, all in turn."""

from __future__ import annotations

import os
import tempfile
import time
from dataclasses import replace
from pathlib import Path
from statistics import median
from typing import NamedTuple

import numpy as np
from pyarrow.fs import LocalFileSystem

from include.ranking import Catalogue, Profile, UserSlice
from include.ranking.distribute import Target, write_lists
from include.ranking.placements import Placement
from include.settings import load_settings
from include.spark.session import spark_session
from tests.benchmarks.spark_scoring import make_case

CATEGORIES = 200


class Scale(NamedTuple):
    """Users, items, and how many times both are measured."""

    users: int
    items: int
    turns: int


SCALES = {"quick": Scale(2_000, 1_000, 1), "full": Scale(100_000, 20_000, 3)}


def run(scale: str) -> dict[str, float]:
    """Return the seconds of home, email, category and cart, and of home alone, medians of the turns."""
    size, cores = SCALES[scale], len(os.sched_getaffinity(0))
    one, users = make_case(size.users, size.items)
    numbers = (np.arange(size.items) % CATEGORIES).astype(np.int32)
    one = replace(one, rules=replace(one.rules, categories=numbers), _packs={})
    four = replace(one, placements=three_more(one))
    with tempfile.TemporaryDirectory() as home:
        os.environ.setdefault("NUMBA_CACHE_DIR", str(Path(home, "kernel")))
        settings = load_settings({"NIGHTSHELF_HOME": home, "SPARK_MASTER": f"local[{cores}]"})
        with spark_session("benchmark", settings) as spark:

            def seconds(catalogue: Catalogue, people: UserSlice) -> float:
                with tempfile.TemporaryDirectory(dir=home) as folder:
                    target = Target(LocalFileSystem, f"{folder}/home", f"{folder}/placements")
                    for each in target[1:]:
                        Path(each).mkdir()
                    started = time.perf_counter()
                    write_lists(spark, catalogue, people, target)
                    return time.perf_counter() - started

            for catalogue in (one, four):
                seconds(catalogue, users.rows(slice(0, size.users // 8)))
            turns = [(seconds(one, users), seconds(four, users)) for _ in range(size.turns)]
    return {
        "placements_one_seconds": median(alone for alone, _ in turns),
        "placements_four_seconds": median(all for _, all in turns),
        "placements_four_over_one": median(all / alone for alone, all in turns),
    }


def three_more(catalogue: Catalogue) -> tuple[Placement, ...]:
    """Return a short mixed list, one of cheap items and one of favourite categories; seen as at home."""
    n_items = len(catalogue.item_ids)
    nothing = np.zeros(n_items, np.float32)
    cheap = Profile(np.random.default_rng(2).random(n_items) < 0.5, np.empty(0, np.int32))
    boosted = nothing.copy()
    boosted[:: 2 * CATEGORIES] = 0.2
    rules = catalogue.rules
    return (
        Placement("email", replace(rules, top_n=10, cap=2), nothing, 0, None, "popular"),
        Placement("cart", replace(rules, top_n=12, common=cheap), boosted, 0, None, "popular"),
        Placement("category", replace(rules, top_n=50, cap=10), nothing, 5, None, "home"),
    )
