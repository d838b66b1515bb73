"""What is guessed of one source of a table, line by line of the mapping."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from include.columns import EVENT_ID, USER_ID
from include.contract import CONTRACT
from include.mapping import expressions as sql
from include.mapping.kinds import Look
from include.mapping.roles import SampledSource

EXAMPLES = 2
LONGEST_EXAMPLE = 40


class Line(NamedTuple):
    """A value of the mapping, and what a person should know of it."""

    value: Any
    comment: str


@dataclass
class Guess:
    """The section of one source in the mapping.

    Attributes
    ----------
    used
        The source's columns in it.
    made_of
        Those that a column of the contract is made of.
    needed
        Those without which no row can be taken.
    """

    table: str
    source: SampledSource
    columns: dict[str, Line] = field(default_factory=dict)
    attributes: dict[str, Line] = field(default_factory=dict)
    reject: dict[str, Line] = field(default_factory=dict)
    missing: dict[str, list[str]] = field(default_factory=dict)
    land: dict[str, object] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)
    zones: list[str] = field(default_factory=list)
    used: dict[str, Look] = field(default_factory=dict)
    made_of: dict[str, list[str]] = field(default_factory=dict)
    needed: set[str] = field(default_factory=set)
    partial: bool = False

    def set(self, name: str, expression: str | int, used: Sequence[str], comment: str = "") -> None:
        """Map a column of the contract by an expression over the columns `used`."""
        if name not in CONTRACT[self.table].names():
            return
        self.use(used)
        self.made_of[name] = list(used)
        if name != EVENT_ID and name in (*CONTRACT[self.table].required(), USER_ID):
            self.needed.update(used)
        self.columns[name] = Line(expression, comment or self.example(used))

    def use(self, names: Sequence[str]) -> None:
        self.used.update({name: self.source.looks[name] for name in names})

    @property
    def projected(self) -> Sequence[str]:
        """The columns that land, if not all of them."""
        return self.land.get("columns", ())  # type: ignore[return-value]

    @property
    def explodes(self) -> bool:
        return any(self.source.exploded(name) for name in self.used)

    def fullest(self) -> list[str]:
        """Return the column that most records have, for files in which none is always there."""
        looks = self.source.looks
        return [max(looks, key=lambda name: looks[name].filled)]

    def day(self, name: str, look: Look) -> None:
        """Land the files by the day in this column."""
        self.land["day"] = name
        if form := look.day_format or look.epoch:
            self.land["day_format"] = form

    def example(self, names: Sequence[str]) -> str:
        if not names:
            return ""
        look = self.source.looks[names[0]]
        shown = [value for value in list(look.values)[:EXAMPLES] if len(value) <= LONGEST_EXAMPLE and "\n" not in value]
        empty = f"{1 - look.filled:.0%} empty; " if look.filled < 0.995 else ""
        return f"{empty}{'such as ' if shown else ''}{', '.join(shown)}".removesuffix("; ")


def guess_price(guess: Guess, near: Sequence[str]) -> None:
    """Map the price; in CSV the ingest cuts a currency's sign, elsewhere the expression does."""
    names = guess.source.combined("price", near=near)
    if not names:
        return
    expression = sql.first_of(names)
    if not guess.source.sample.delimiter and any(guess.source.looks[name].symbols for name in names):
        expression = f"regexp_replace({expression}, '[^0-9.-]', '')"
    guess.set("price", expression, names)
