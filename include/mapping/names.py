"""What a column's name says it is, in several languages."""

from __future__ import annotations

import re
import unicodedata
from functools import cache
from pathlib import Path
from typing import Any

import yaml

from include.columns import EVENT_TYPES

WORDS = Path(__file__).with_name("words.yaml")
EXACT, PART, ENDING = 1.0, 0.9, 0.6
# Each place down its list makes a name a little less likely.
PLACE = 0.001
SHORTEST_ENDING = 3


@cache
def _lists() -> Any:
    return yaml.safe_load(WORDS.read_text(encoding="utf-8"))


@cache
def words(role: str) -> dict[str, int]:
    """Return the names that columns of a role have, and their places in the list."""
    names = _lists()["columns"][role].split()
    return {word: place for place, word in reversed(list(enumerate(names)))}


@cache
def values(meaning: str) -> frozenset[str]:
    """Return the values, in lower case, that mean something: `true`, `false`, `nobody` or `sum`."""
    return frozenset(value.casefold() for value in _lists()["values"][meaning])


@cache
def event_type(value: str) -> str:
    """Return the event type that a shop's word for it means, empty for none."""
    name = re.sub(r"[\s_-]+", " ", re.sub(r"(?<=[a-z])(?=[A-Z])", " ", value.strip())).casefold()
    found = next((kind for kind, patterns in _lists()["events"].items() if re.search("|".join(patterns), name)), "")
    return found if found in EVENT_TYPES else ""


def folded(name: str) -> str:
    """Return a name without case, accents, blanks and punctuation: `Kd-Nr.` is `kdnr`."""
    plain = unicodedata.normalize("NFKD", name.casefold().replace("ø", "o").replace("ł", "l").replace("æ", "ae"))
    return re.sub(r"[^a-z0-9]", "", plain)


@cache
def called(column: str, role: str) -> float:
    """Return how well a column's name fits a role: from 1 for a known name down to 0.

    The last part of a dotted path counts a little less than a whole name; a known word at the end of
    a longer name (`Lineitem sku`) counts about half.
    """
    known = words(role)
    whole, last = folded(column), folded(re.split(r"[.]", column)[-1])
    for name, weight in ((whole, EXACT), (last, PART)):
        if name in known:
            return weight + PLACE * (len(known) - known[name]) / len(known)
    endings = [word for word in known if len(word) >= SHORTEST_ENDING and whole.endswith(word)]
    return ENDING if endings else 0.0
