"""From factors to lists: exact top N, rules, reasons, popularity."""

from include.ranking.catalogue import Catalogue, UserSlice, make_catalogue_and_users, with_placements
from include.ranking.kernel import compile_kernel, top_n
from include.ranking.lists import popular_table
from include.ranking.rules import Profile, Rules

__all__ = [
    "Catalogue",
    "Profile",
    "Rules",
    "UserSlice",
    "compile_kernel",
    "make_catalogue_and_users",
    "popular_table",
    "top_n",
    "with_placements",
]
