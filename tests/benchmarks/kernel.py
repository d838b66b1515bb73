"""The ranking kernel against the bare matrix product, and against others that rank, on the same threads.

Everyone is measured in turn, several times over, so that what else the machine does meets all of them.
A share is the bound's time over the kernel's within one turn. The bound is the product of all users and
all items and nothing else, the faster of two ways: one product of many users and all items by a BLAS
with all threads, or products of 128 users and 1,024 items, which stay in the cache, by a BLAS with one
thread in each of as many threads. Slow peers rank fewer users; all is compared by users a second.
"""

from __future__ import annotations

import json
import os
import statistics
import subprocess
import sys
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import numpy as np
from scipy import sparse
from threadpoolctl import threadpool_limits

from include.errors import ValidationError
from include.model.factors import Factors
from include.ranking import top_n
from tests.benchmarks.shapes import SHAPES, Shape, World, make_world

PROJECT = Path(__file__).resolve().parents[2]
PEERS_PYTHON = PROJECT / ".venv-bench" / "bin" / "python"
PEERS = ("implicit", "faiss")
BLOCK_USERS, BLOCK_ITEMS = 128, 1024
PRODUCT_BYTES = 160_000_000
CHECKED = 64

Figures = dict[str, Any]


def run(scale: str) -> Figures:
    """Return the figures of each shape; those of the first one also without its name.

    `kernel_share_of_bound` is the median of the turns, `kernel_extra_memory_mb` belongs to the most items.
    """
    threads = len(os.sched_getaffinity(0))
    cases = {f"{shape.users}x{shape.items}": measure(shape, threads) for shape in SHAPES[scale]}
    first, last = next(iter(cases.values())), list(cases.values())[-1]
    return {
        "kernel_share_of_bound": first["share_of_bound"]["kernel"][0],
        "kernel_share_of_bound_range": first["share_of_bound"]["kernel"][1:],
        "kernel_extra_memory_mb": last["extra_memory_mb"],
        "kernel_threads": threads,
        "kernel": cases,
    }


def measure(shape: Shape, threads: int) -> Figures:
    """Return rates and shares of one shape, each as median, lowest and highest."""
    world = make_world(shape)
    fast = World(world.users[: shape.fast], world.user_biases[: shape.fast], *world[2:4], world.seen[: shape.fast])
    with ExitStack() as stack:
        calls: dict[str, tuple[int, Callable[[], float]]] = {}
        versions: dict[str, str] = {}
        for name, (users, call) in own_calls(fast, shape, threads).items():
            calls[name] = (users, lambda call=call: seconds(call))
        for name in PEERS:
            peer = stack.enter_context(Peer(name, shape, threads))
            versions[name] = peer.version
            if peer.version:
                calls[name] = (shape.slow, peer.seconds)
        rates: dict[str, list[float]] = {name: [] for name in calls}
        for _ in range(shape.repeats):
            for name, (users, call) in calls.items():
                rates[name].append(users / call())
    bound = [max(pair) for pair in zip(rates["product"], rates["product_blocks"], strict=True)]
    shares = {name: [own / best for own, best in zip(rates[name], bound, strict=True)] for name in rates}
    return {
        "shape": shape._asdict(),
        "users_per_second": {name: spread(values) for name, values in rates.items()},
        "share_of_bound": {name: spread(values) for name, values in shares.items()},
        "users_measured": {name: users for name, (users, _) in calls.items()},
        "absent": [name for name in PEERS if not versions[name]],
        "versions": versions,
        **extra_memory(shape, threads),
    }


def own_calls(world: World, shape: Shape, threads: int) -> dict[str, tuple[int, Callable[[], Any]]]:
    """Return what runs in this process, warm: users and call by name."""
    users, items, seen = as_factors(world)
    check(world, shape)
    lightfm = make_lightfm(world)
    calls: dict[str, tuple[int, Callable[[], Any]]] = {
        "kernel": (shape.fast, lambda: top_n(users, items, shape.n, exclude=seen, threads=threads)),
        "product": (shape.fast, lambda: product(world, threads)),
        "product_blocks": (shape.fast, lambda: product_blocks(world, threads)),
        "numpy": (shape.slow, lambda: plain_numpy(world, shape, threads)),
        "lightfm": (shape.very_slow, lambda: lightfm_predict(lightfm, world, shape, threads)),
    }
    return calls


def as_factors(world: World) -> tuple[Factors, Factors, sparse.csr_matrix]:
    """Return users, items and what to leave out as the kernel takes them."""
    pointers = np.arange(0, world.seen.size + 1, world.seen.shape[1], dtype=np.int32)
    shape = (len(world.users), len(world.items))
    seen = sparse.csr_matrix((np.ones(world.seen.size, bool), world.seen.ravel(), pointers), shape=shape)
    users = Factors(world.users, world.user_biases, np.ones(len(world.users), bool))
    return users, Factors(world.items, world.item_biases, np.ones(len(world.items), bool)), seen


def check(world: World, shape: Shape) -> None:
    """Refuse to measure a kernel that is wrong: some lists are compared with all scores in float64."""
    users, items, seen = as_factors(world)
    some = Factors(users.vectors[:CHECKED], users.biases[:CHECKED], users.known[:CHECKED])
    found = top_n(some, items, shape.n, exclude=seen[:CHECKED])
    scores = some.vectors.astype(np.float64) @ items.vectors.T.astype(np.float64)
    scores += items.biases + some.biases[:, None]
    np.put_along_axis(scores, world.seen[:CHECKED].astype(np.int64), -np.inf, axis=1)
    best = -np.sort(-scores, axis=1)[:, : shape.n]
    own = np.take_along_axis(scores, found.items.astype(np.int64), axis=1)
    if not np.allclose(own, best, rtol=1e-5, atol=1e-5) or not np.allclose(found.scores, best, rtol=1e-4, atol=1e-4):
        raise ValidationError("the kernel's lists are not the best items", remedy="run tests/include/ranking")


def product(world: World, threads: int) -> None:
    """Multiply many users with all items at a time, into the same memory."""
    step = max(BLOCK_USERS, PRODUCT_BYTES // (4 * len(world.items)))
    scores = np.empty((min(step, len(world.users)), len(world.items)), np.float32)
    with threadpool_limits(threads):
        for start in range(0, len(world.users), step):
            rows = world.users[start : start + step]
            np.dot(rows, world.items.T, out=scores[: len(rows)])


def product_blocks(world: World, threads: int) -> None:
    """Multiply blocks that stay in the cache, into the same memory."""
    depth = len(world.users) // threads + 1

    def multiply(first: int) -> None:
        scores = np.empty((BLOCK_USERS, BLOCK_ITEMS), np.float32)
        for start in range(first, min(first + depth, len(world.users)), BLOCK_USERS):
            rows = world.users[start : min(start + BLOCK_USERS, first + depth)]
            for column in range(0, len(world.items), BLOCK_ITEMS):
                block = world.items[column : column + BLOCK_ITEMS]
                whole = len(rows) == BLOCK_USERS and len(block) == BLOCK_ITEMS
                np.dot(rows, block.T, out=scores if whole else None)

    with threadpool_limits(1), ThreadPoolExecutor(threads) as pool:
        list(pool.map(multiply, range(0, len(world.users), depth)))


def plain_numpy(world: World, shape: Shape, threads: int) -> None:
    """Rank as one would with numpy: scores of some users, partition, sort."""

    def rank(start: int) -> None:
        rows = slice(start, min(start + BLOCK_USERS, shape.slow))
        scores = world.users[rows] @ world.items.T
        scores += world.item_biases
        np.put_along_axis(scores, world.seen[rows].astype(np.int64), -np.inf, axis=1)
        best = np.argpartition(scores, -shape.n, axis=1)[:, -shape.n :]
        values = np.take_along_axis(scores, best, axis=1)
        np.take_along_axis(best, np.argsort(-values, axis=1), axis=1)

    with threadpool_limits(1), ThreadPoolExecutor(threads) as pool:
        list(pool.map(rank, range(0, shape.slow, BLOCK_USERS)))


def make_lightfm(world: World) -> Any:
    """Return a LightFM model with these factors; it is not trained."""
    from lightfm import LightFM

    model = LightFM(no_components=world.users.shape[1])
    model.user_embeddings, model.user_biases = world.users, world.user_biases
    model.item_embeddings, model.item_biases = world.items, world.item_biases
    for side in ("user", "item"):
        for kind in ("embedding", "bias"):
            for sums in ("gradients", "momentum"):
                values = getattr(model, f"{side}_{kind}s" if kind == "embedding" else f"{side}_biases")
                setattr(model, f"{side}_{kind}_{sums}", values)
    return model


def lightfm_predict(model: Any, world: World, shape: Shape, threads: int) -> None:
    """Rank with LightFM's own predict, user by user, as its documentation shows."""
    items = np.arange(shape.items, dtype=np.int32)
    for user in range(shape.very_slow):
        scores = model.predict(np.full(shape.items, user, np.int32), items, num_threads=threads)
        scores[world.seen[user]] = -np.inf
        best = np.argpartition(scores, -shape.n)[-shape.n :]
        best[np.argsort(-scores[best])]


class Peer:
    """A peer in its own process; `version` is empty when it is not installed or does not run."""

    def __init__(self, name: str, shape: Shape, threads: int) -> None:
        self.version = ""
        self._process: subprocess.Popen[str] | None = None
        if PEERS_PYTHON.is_file():
            command = [PEERS_PYTHON, PROJECT / "tests/benchmarks/peers.py", name, json.dumps(shape), str(threads)]
            # implicit insists that the BLAS have one thread: it makes its own
            environment = {**os.environ, "OPENBLAS_NUM_THREADS": "1"} if name == "implicit" else dict(os.environ)
            pipe = subprocess.PIPE
            self._process = subprocess.Popen(command, stdin=pipe, stdout=pipe, text=True, env=environment)

    def __enter__(self) -> Peer:
        self.version = str(self._answer().get("ready", ""))
        return self

    def __exit__(self, *_: object) -> None:
        if self._process is not None:
            self._process.communicate()

    def seconds(self) -> float:
        """Return the seconds of one ranking."""
        if self._process is not None and self._process.stdin is not None:
            self._process.stdin.write("\n")
            self._process.stdin.flush()
        return float(self._answer()["seconds"])

    def _answer(self) -> dict[str, Any]:
        line = self._process.stdout.readline() if self._process is not None and self._process.stdout else ""
        return dict(json.loads(line)) if line else {}


def extra_memory(shape: Shape, threads: int) -> Figures:
    """Return what ranking takes on top of its input, in MB, measured in a process of its own."""
    command = [sys.executable, "-m", "tests.benchmarks.memory", json.dumps(shape), str(threads)]
    done = subprocess.run(command, cwd=PROJECT, capture_output=True, text=True, check=True)
    figures = json.loads(done.stdout.splitlines()[-1])
    return {"extra_memory_mb": figures["extra_mb"], "lists_mb": figures["lists_mb"]}


def seconds(call: Callable[[], Any]) -> float:
    """Return how long a call takes."""
    started = time.monotonic()
    call()
    return time.monotonic() - started


def spread(values: list[float]) -> list[float]:
    """Return median, lowest and highest."""
    return [statistics.median(values), min(values), max(values)]
