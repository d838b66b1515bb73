"""The best items of some groups, of other ones for each user: a user's favourite categories."""

from __future__ import annotations

from scipy import sparse

from include.model.factors import Factors
from include.ranking.kernel import plain
from include.ranking.kernel.choice import available
from include.ranking.kernel.groups import Groups
from include.ranking.kernel.lists import TopN
from include.types import Integers


def best_of_groups(
    users: Factors,
    items: Factors,
    groups: Groups,
    wanted: Integers,
    limits: Integers,
    n: int,
    *,
    exclude: sparse.csr_matrix | None = None,
    own: sparse.csr_matrix | None = None,
    compiled: bool | None = None,
) -> TopN:
    """Return the `n` best items of each user's groups, at most so many of a group; scores and order as of `top_n`.

    Parameters
    ----------
    wanted
        (n_users, k) int32 numbers of different groups, -1 for none; one row stands for all users.
    limits
        (n_groups,) int32.
    exclude, own, compiled
        See `top_n`.
    """
    best = TopN.empty(len(users.biases), n)
    if not (available() if compiled is None else compiled):
        plain.rank_groups(users, items, groups, wanted, limits, exclude, own, best)
        return best
    from include.ranking.kernel import compiled as kernel

    kernel.rank_groups(users, items, groups, wanted, limits, exclude, own, best)
    return best
