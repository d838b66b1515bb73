"""The ranking kernel: the exact top N of every user, and the loops over lists that are compiled with it.

Nobody outside imports the modules in here. `scan` and `simd` are compiled with numba; where that is not possible
`plain` gives the same lists with numpy.
"""

from include.ranking.kernel.choosing import choose
from include.ranking.kernel.explaining import contributors
from include.ranking.kernel.finite import check_finite
from include.ranking.kernel.group_ranking import best_of_groups
from include.ranking.kernel.groups import group_items
from include.ranking.kernel.lists import TopN, list_lengths, merge
from include.ranking.kernel.reranking import UNDECIDED, rerank
from include.ranking.kernel.topn import PackedItems, compile_kernel, pack_items, top_n

__all__ = [
    "UNDECIDED",
    "PackedItems",
    "TopN",
    "best_of_groups",
    "check_finite",
    "choose",
    "compile_kernel",
    "contributors",
    "group_items",
    "list_lengths",
    "merge",
    "pack_items",
    "rerank",
    "top_n",
]
