"""What the kernel and its peers are measured on: random factors, and items that each user must not get.

Imports numpy and our array types, nothing else: the peers run in an environment of their own.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from include.types import Floats, Integers


class Shape(NamedTuple):
    """So many users and items. A turn ranks `fast` of the users, slow peers `slow`, very slow ones `very_slow`."""

    users: int
    items: int
    dimensions: int
    n: int
    seen: int
    fast: int
    slow: int
    very_slow: int
    repeats: int


# All users of the second shape take half a minute a turn on two cores; rates do not depend on how many there are
SHAPES = {
    "quick": [Shape(2_000, 3_000, 16, 20, 10, 2_000, 500, 50, 2)],
    "full": [
        Shape(100_000, 20_000, 64, 100, 50, 100_000, 8_192, 256, 5),
        Shape(50_000, 200_000, 64, 100, 50, 10_000, 2_048, 32, 3),
    ],
}


class World(NamedTuple):
    """Vectors and biases of users and items, and (n_users, seen) items to leave out, sorted in each row."""

    users: Floats
    user_biases: Floats
    items: Floats
    item_biases: Floats
    seen: Integers


def make_world(shape: Shape, seed: int = 1) -> World:
    """Return normal vectors and biases: nothing in them helps a ranking to look at fewer items."""
    random = np.random.default_rng(seed)
    normal = {"dtype": np.float32}
    return World(
        random.standard_normal((shape.users, shape.dimensions), **normal),  # type: ignore[call-overload]
        random.standard_normal(shape.users, **normal),  # type: ignore[call-overload]
        random.standard_normal((shape.items, shape.dimensions), **normal),  # type: ignore[call-overload]
        random.standard_normal(shape.items, **normal),  # type: ignore[call-overload]
        np.sort(random.integers(0, shape.items, (shape.users, shape.seen), dtype=np.int32), axis=1),
    )
