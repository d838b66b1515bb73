"""Placements: where a shop shows lists, and what holds there besides or instead of the rules of `ranking`."""

from __future__ import annotations

from typing import Any, Literal

from pydantic import Field

from include.frozen import Frozen

HOME = "home"
"""The placement that `ranking` itself describes."""
POPULAR = "popular"


class Candidates(Frozen):
    """What may be in a placement's lists: all that is given must hold; items and categories name it together."""

    items: tuple[str, ...] = ()
    categories: tuple[str, ...] = ()
    attributes: dict[str, tuple[str, ...]] = Field(
        default={}, description="Name to values; the name must be among features.item_features, as attribute:<name>."
    )
    min_price: float | None = Field(default=None, ge=0)
    max_price: float | None = Field(default=None, ge=0)
    favourite_categories: int | None = Field(
        default=None, gt=0, description="Only the user's so many favourite categories; users without any get all."
    )


class Boost(Frozen):
    """What is added to scores; a negative number buries."""

    items: dict[str, float] = Field(default={})
    categories: dict[str, float] = Field(default={})


class PlacementPolicy(Frozen):
    """One placement; what it does not name holds as `ranking` says."""

    top_n: int | None = Field(default=None, gt=0, description="Length of a list; null: that of ranking.")
    rules: dict[str, Any] = Field(default={}, description="Other settings of ranking that differ, by name.")
    candidates: Candidates = Candidates()
    boost: Boost = Boost()
    fallback: Literal["popular", "home", "none"] = Field(
        default="popular",
        description="What fills a list that the candidates leave short: what is popular among them, the user's list "
        "for home, or nothing.",
    )

    @property
    def overrides(self) -> dict[str, Any]:
        """Return the settings of `ranking` that differ."""
        return self.rules if self.top_n is None else {**self.rules, "top_n": self.top_n}
