"""From factors to shelves: exact top N, rules, reasons, popularity."""

from include.ranking.compose import Composed, compose_lists
from include.ranking.filters import allowed_items, demote_unknown, seen_since
from include.ranking.kernel import PackedItems, TopN, compile_kernel, pack_items, top_n
from include.ranking.reasons import Reason, explain
from include.ranking.rules import Profile, Rules, make_rules
from include.ranking.shelf import Catalogue, Shelves, Shoppers, popular_table, record_batch, shelves
from include.ranking.shortfall import shortfall

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
