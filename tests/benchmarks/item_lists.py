"""What lists of items and of users cost: similar items over the bare matrix product, an item's audience.

All is random. Similar items are measured as the kernel is (`tests.benchmarks.kernel`), some rows of all the items. An
audience is the kernel turned round: the best of all users for one item.
"""

from __future__ import annotations

import os
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from statistics import median
from typing import NamedTuple

import numpy as np
from scipy import sparse

from include.model.factors import Factors
from include.ranking import compile_kernel
from include.ranking.kernel import pack_items, top_n
from include.ranking.similar import unit_vectors
from tests.benchmarks.kernel import product, product_blocks
from tests.benchmarks.shapes import World

DIMENSIONS, SIMILAR, MOST = 64, 50, 1000


class Scale(NamedTuple):
    """Items, and how many of them are ranked, of similar items; users of an audience; turns."""

    similar: int
    ranked: int
    audience: int
    turns: int


SCALES = {"quick": Scale(3_000, 500, 50_000, 1), "full": Scale(200_000, 10_000, 10_000_000, 3)}


def run(scale: str) -> dict[str, float]:
    """Return the share and the seconds, medians of the turns."""
    with tempfile.TemporaryDirectory() as home:
        os.environ.setdefault("NUMBA_CACHE_DIR", str(Path(home, "kernel")))
        compile_kernel()
        return similar(SCALES[scale]) | audience(SCALES[scale])


def similar(size: Scale) -> dict[str, float]:
    """Return the speed of similar items as a share of the bare product's, in each turn of the faster of two ways."""
    vectors = unit_vectors(normal(size.similar))
    some = vectors[: size.ranked]
    none = np.zeros(0, np.float32)
    world = World(some, none, vectors, none, np.zeros((0, 0), np.int32))
    itself = sparse.identity(size.similar, dtype=bool, format="csr")[: size.ranked]
    threads = len(os.sched_getaffinity(0))
    turns = []
    for _ in range(size.turns):
        ranked = seconds(lambda: top_n(bare(some), bare(vectors), SIMILAR, exclude=itself, threads=threads))
        turns.append(min(seconds(lambda way=way: way(world, threads)) for way in (product, product_blocks)) / ranked)
    return {"similar_items_share_of_product": median(turns)}


def audience(size: Scale) -> dict[str, float]:
    """Return the seconds of one item's audience, with the users packed, as they are for all items of a night."""
    threads = len(os.sched_getaffinity(0))
    users = np.random.default_rng(3).random((size.audience, DIMENSIONS), np.float32) - np.float32(0.5)
    began = time.perf_counter()
    packed = pack_items(bare(users))
    packing = time.perf_counter() - began
    times = [
        seconds(lambda item=item: top_n(bare(item[None]), packed, MOST, threads=threads))
        for item in normal(2 + 2 * size.turns)
    ]
    return {"audience_packing_seconds": packing, "audience_seconds": median(times[1:])}


def normal(rows: int) -> np.ndarray:
    return np.random.default_rng(1).standard_normal((rows, DIMENSIONS), np.float32)


def bare(vectors: np.ndarray) -> Factors:
    """Return vectors without biases."""
    return Factors(vectors, np.zeros(len(vectors), np.float32), np.ones(len(vectors), bool))


def seconds(run: Callable[[], object]) -> float:
    started = time.perf_counter()
    run()
    return time.perf_counter() - started
