"""From factors to lists: exact top N, rules, reasons, popularity."""

from include.ranking.catalogue import Catalogue, UserRows, make_catalogue, make_users
from include.ranking.compose import Composed, compose_lists
from include.ranking.filters import allowed_items, demote_unknown, seen_since
from include.ranking.kernel import PackedItems, TopN, compile_kernel, pack_items, top_n
from include.ranking.lists import ExplainedLists, make_lists, popular_table
from include.ranking.reasons import Placed, Reason, explain
from include.ranking.rows import record_batch
from include.ranking.rules import Profile, Rules, make_rules
from include.ranking.shortfall import shortfall

__all__ = [
    "Catalogue",
    "Composed",
    "ExplainedLists",
    "PackedItems",
    "Placed",
    "Profile",
    "Reason",
    "Rules",
    "TopN",
    "UserRows",
    "allowed_items",
    "compile_kernel",
    "compose_lists",
    "demote_unknown",
    "explain",
    "make_catalogue",
    "make_lists",
    "make_rules",
    "make_users",
    "pack_items",
    "popular_table",
    "record_batch",
    "seen_since",
    "shortfall",
    "top_n",
]
