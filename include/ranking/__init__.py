"""From factors to shelves: exact top N, filters, category caps, reasons, popularity."""

from include.ranking.caps import capped_top_n
from include.ranking.filters import allowed_items, demote_unknown, seen_since
from include.ranking.packing import PackedItems, pack_items
from include.ranking.reasons import Reason, explain
from include.ranking.shelf import Catalogue, Shoppers, popular_table, shelves
from include.ranking.topn import TopN, compile_kernel, top_n

__all__ = [
    "Catalogue",
    "PackedItems",
    "Reason",
    "Shoppers",
    "TopN",
    "allowed_items",
    "capped_top_n",
    "compile_kernel",
    "demote_unknown",
    "explain",
    "pack_items",
    "popular_table",
    "seen_since",
    "shelves",
    "top_n",
]
