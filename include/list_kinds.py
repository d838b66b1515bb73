"""The kinds of lists that a batch holds: a further kind is one row here, its maker and its row in the database.

All kinds have one form, in the lake and in PostgreSQL: a row a list, with arrays in rank order. What a kind adds is the
meaning of its key, and figures beside the score. `reco.add_list_kind` makes a kind's table, view and function.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Literal

from include import columns as c

if TYPE_CHECKING:
    import pyarrow as pa


@dataclass(frozen=True)
class ListKind:
    """One kind of lists.

    Attributes
    ----------
    name
        Of its folder in a batch and of its view.
    key, scope
        The columns that name a list. Without a scope of its own, a kind has "" in the column `scope`.
    member
        What a list is of: items, or users where the question is turned round.
    member_name
        What the view and the function call a member, where that is not `item_id` or `user_id`.
    figures
        float32 columns beside the scores, in the order in which the database stores them.
    """

    name: str
    key: str
    scope: str = c.SCOPE
    member: Literal["item", "user"] = "item"
    member_name: str = c.ITEM_ID
    figures: tuple[str, ...] = ()

    @property
    def table(self) -> str:
        """The table in PostgreSQL; what serves the users' own lists is older than the other kinds."""
        return "shelf" if self.name == RECOMMENDATIONS else f"{self.name}_shelf"

    @property
    def unique(self) -> list[str]:
        """The columns that tell lists apart: a user has one list of recommendations."""
        return [self.key] if self.name == RECOMMENDATIONS else [self.key, self.scope]

    @property
    def digested_as(self) -> str:
        """What sets the digests of its rows apart from other kinds'; see `include.serving.load.checksum`."""
        return "" if self.name == RECOMMENDATIONS else self.name

    @property
    def lists(self) -> tuple[str, ...]:
        """Columns that hold a list each: members, scores, reason codes, reason items, figures."""
        members = c.ITEM_IDS if self.member == "item" else c.USER_IDS
        return (members, c.SCORES, c.REASON_CODES, c.REASON_ITEM_IDS, *self.figures)

    @property
    def columns(self) -> list[str]:
        """All columns in the lake."""
        return [self.key, self.scope, *self.lists]

    @property
    def arrays(self) -> list[str]:
        """The columns of `lists` as PostgreSQL calls them."""
        return ["items" if self.member == "item" else "users", "scores", "reasons", "reason_items", *self.figures]

    @cached_property
    def schema(self) -> pa.Schema:
        """The columns in the lake with their types; only a reason's item may be null."""
        import pyarrow as pa

        text, number = pa.string(), pa.float32()
        kinds = (text, number, pa.int8(), text, *(number for _ in self.figures))
        fields = [pa.field(name, text, nullable=False) for name in (self.key, self.scope)]
        for name, kind in zip(self.lists, kinds, strict=True):
            element = pa.field("element", kind, nullable=name == c.REASON_ITEM_IDS)
            fields.append(pa.field(name, pa.list_(element), nullable=False))
        return pa.schema(fields)


RECOMMENDATIONS = "recommendations"
"""The users' own lists: what the placement `home` shows."""
PLACEMENTS = "placements"
POPULAR_BY_PLACEMENT = "popular_by_placement"
SIMILAR_ITEMS = "similar_items"
AUDIENCE = "audience"
BOUGHT_TOGETHER = "bought_together"
TRENDING = "trending"
BUY_AGAIN = "buy_again"
BOUGHT_BEFORE = "bought_before"
"""What the reason `bought_again` says of the entries of users' own lists."""
BEST_SELLERS = "best_sellers"

LIST_KINDS = {
    kind.name: kind
    for kind in (
        ListKind(RECOMMENDATIONS, key=c.USER_ID, scope=c.SEGMENT),
        ListKind(PLACEMENTS, key=c.USER_ID, scope=c.PLACEMENT),
        ListKind(POPULAR_BY_PLACEMENT, key=c.SEGMENT, scope=c.PLACEMENT),
        ListKind(SIMILAR_ITEMS, key=c.ITEM_ID, member_name=c.SIMILAR_ITEM_ID),
        ListKind(BEST_SELLERS, key=c.CATEGORY, scope=c.SEGMENT, figures=("sold",)),
        ListKind(AUDIENCE, key=c.VALUE, scope=c.SUBJECT, member="user", member_name=c.USER_ID),
        ListKind(BOUGHT_TOGETHER, key=c.ITEM_ID, member_name=c.OTHER_ITEM_ID, figures=(c.SUPPORT, c.LIFT)),
        ListKind(TRENDING, key=c.CATEGORY, scope=c.SEGMENT, figures=(c.SOLD, c.EXPECTED)),
        ListKind(BUY_AGAIN, key=c.USER_ID, figures=(c.PURCHASES, c.DAYS_UNTIL_DUE)),
        ListKind(BOUGHT_BEFORE, key=c.USER_ID, figures=(c.PURCHASES, c.DAYS_SINCE)),
    )
}
