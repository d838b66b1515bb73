"""Made-up nights for the tests of scoring on Spark, and what they must come to."""

from __future__ import annotations

import hashlib
import time

import numpy as np
import pyarrow as pa
from scipy import sparse

from include.features import SegmentPopularity
from include.list_kinds import LIST_KINDS, RECOMMENDATIONS, ListKind
from include.model.factors import Factors
from include.ranking import Catalogue, Profile, Rules, UserSlice
from include.ranking.distribute import split
from include.ranking.lists import make_lists
from include.ranking.rows import record_batch

N_ITEMS, DIMENSIONS, TOP_N = 300, 8, 10


def make_night(n_users: int, seed: int = 3) -> tuple[Catalogue, UserSlice]:
    """Return whole-number factors, a cap, a segment with a pin, users that the model does not know."""
    random = np.random.default_rng(seed)

    def factors(rows: int, known: float) -> Factors:
        vectors = random.integers(-3, 4, (rows, DIMENSIONS)).astype(np.float32)
        return Factors(vectors, np.zeros(rows, np.float32), random.random(rows) < known)

    everything = np.ones(N_ITEMS, bool)
    rules = Rules(
        top_n=TOP_N,
        categories=random.integers(-1, 20, N_ITEMS).astype(np.int32),
        cap=2,
        is_new=random.random(N_ITEMS) < 0.1,
        min_new=1,
        common=Profile(everything, np.empty(0, np.int32)),
        profiles={"north": Profile(everything, np.array([7], np.int32))},
    )
    sold = SegmentPopularity(np.arange(50, dtype=np.int32), np.arange(50, 0, -1).astype(np.float32))
    catalogue = Catalogue(
        np.char.add("i", np.arange(N_ITEMS).astype(np.str_)), factors(N_ITEMS, 1), rules, {"everybody": sold}, 20
    )
    history = sparse.random(n_users, N_ITEMS, density=0.02, format="csr", dtype=np.float32, random_state=seed)
    users = UserSlice(
        user_ids=np.char.add("u", np.char.zfill(np.arange(n_users).astype(np.str_), 6)),
        segments=random.choice(np.array(["north", "south"]), n_users),
        factors=factors(n_users, 0.9),
        seen=history.astype(bool),
        history=history,
    )
    return catalogue, users


def digest(rows: pa.RecordBatch | pa.Table, kind: ListKind) -> int:
    """Return a number that changes with any value of any row and with its kind, and adds up over parts."""
    lines = (f"{kind.name} {row!r}" for row in rows.to_pylist())
    return sum(int(hashlib.sha256(line.encode()).hexdigest()[:12], 16) for line in lines)


def slow_digest(rows: pa.Table, kind: ListKind) -> int:
    """Take as long as a larger part would."""
    time.sleep(0.25)
    return digest(rows, kind)


def expected_digest(catalogue: Catalogue, users: UserSlice) -> int:
    """Return the digest of all lists, made without Spark."""
    lists = (record_batch(catalogue, part, make_lists(catalogue, part)) for part in split(users))
    return sum(digest(rows, LIST_KINDS[RECOMMENDATIONS]) for rows in lists)
