"""A peer that ranks on demand, in a process and an environment of its own.

    python peers.py implicit '<shape as JSON>' <threads>

Writes {"ready": version}, then for each line read ranks `slow` users and writes the seconds that it took.
implicit leaves seen items out itself; faiss fetches as many more as a user has seen, and they are dropped.
"""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))
from tests.benchmarks.shapes import Shape, World, make_world


def implicit(world: World, shape: Shape, threads: int) -> tuple[str, Callable[[], Any]]:
    """Return the version and a call of `topk`."""
    import implicit
    from implicit.cpu.topk import topk
    from scipy import sparse

    items, users = with_bias(world, shape.slow)
    seen = world.seen[: shape.slow]
    pointers = np.arange(0, seen.size + 1, shape.seen)
    left_out = sparse.csr_matrix((np.ones(seen.size), seen.ravel(), pointers), shape=(len(seen), shape.items))
    return implicit.__version__, lambda: topk(items, users, shape.n, filter_query_items=left_out, num_threads=threads)


def faiss(world: World, shape: Shape, threads: int) -> tuple[str, Callable[[], Any]]:
    """Return the version and a search of a flat index by inner product."""
    import faiss

    items, users = with_bias(world, shape.slow)
    faiss.omp_set_num_threads(threads)
    index = faiss.IndexFlatIP(items.shape[1])
    index.add(items)
    keys = np.arange(shape.slow)[:, None] * shape.items
    seen = np.sort((keys + world.seen[: shape.slow]).ravel())

    def search() -> Any:
        _, found = index.search(users, shape.n + shape.seen)
        place = np.searchsorted(seen, keys + found)
        keep = seen[np.minimum(place, len(seen) - 1)] != keys + found
        order = np.argsort(~keep, axis=1, kind="stable")[:, : shape.n]
        return np.take_along_axis(found, order, axis=1)

    return faiss.__version__, search


def with_bias(world: World, n_users: int) -> tuple[Any, Any]:
    """Return vectors of items and users whose product contains the items' biases."""
    items = np.concatenate([world.items, world.item_biases[:, None]], axis=1)
    users = np.concatenate([world.users[:n_users], np.ones((n_users, 1), np.float32)], axis=1)
    return items, users


def main(name: str, shape: Shape, threads: int) -> None:
    """Answer until stdin ends."""
    version, call = {"implicit": implicit, "faiss": faiss}[name](make_world(shape), shape, threads)
    call()
    sys.stdout.write(json.dumps({"ready": version}) + "\n")
    sys.stdout.flush()
    for _ in sys.stdin:
        started = time.monotonic()
        call()
        sys.stdout.write(json.dumps({"seconds": time.monotonic() - started}) + "\n")
        sys.stdout.flush()


if __name__ == "__main__":
    main(sys.argv[1], Shape(*json.loads(sys.argv[2])), int(sys.argv[3]))
