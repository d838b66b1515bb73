"""From factors to shelves: exact top N, rules, reasons, popularity."""

from include.ranking.compose import Composed, compose_lists
from include.ranking.filters import allowed_items, demote_unknown, seen_since
from include.ranking.packing import PackedItems, pack_items
from include.ranking.reasons import Reason, explain
from include.ranking.rules import Profile, Rules, make_rules
from include.ranking.shelf import Catalogue, Shelves, Shoppers, compile_lists, popular_table, record_batch, shelves
from include.ranking.shortfall import shortfall
from include.ranking.topn import TopN, compile_kernel, top_n

__all__ = [
    "Catalogue",
    "Composed",
    "PackedItems",
    "Profile",
    "Reason",
    "Rules",
    "Shelves",
    "Shoppers",
    "TopN",
    "allowed_items",
    "compile_kernel",
    "compile_lists",
    "compose_lists",
    "demote_unknown",
    "explain",
    "make_rules",
    "pack_items",
    "popular_table",
    "record_batch",
    "seen_since",
    "shelves",
    "shortfall",
    "top_n",
]
