"""Spark SQL over columns as they are delivered."""

from __future__ import annotations

import re
from collections.abc import Sequence

from include.mapping.kinds import CONTRACT_FLAGS, EPOCHS, Look
from include.mapping.names import values as values_of

# Names that a SQL parser may take for something else.
KEYWORDS = frozenset(
    ("date", "timestamp", "user", "order", "group", "end", "case", "when", "then", "else", "not", "in", "is", "null")
)
SIMPLE = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
FROM_EPOCH = {"epoch_s": "timestamp_seconds", "epoch_ms": "timestamp_millis", "epoch_us": "timestamp_micros"}
PATTERNS = {
    "Y": "yyyy", "m": "M", "d": "d", "H": "H", "M": "m", "S": "s", "y": "yy", "I": "h", "p": "a",
    "b": "MMM", "B": "MMMM", "a": "EEE", "z": "Z",
}  # fmt: skip


def column(name: str) -> str:
    """Return a column's name as an expression, in backticks where it needs them."""
    return name if SIMPLE.fullmatch(name) and name.casefold() not in KEYWORDS else f"`{name}`"


def text(value: str) -> str:
    """Return a text as an expression."""
    return "'" + value.replace("\\", "\\\\").replace("'", "\\'") + "'"


def first_of(names: Sequence[str]) -> str:
    """Return the first of several columns that has a value."""
    whole = ", ".join(map(column, names))
    return whole if len(names) == 1 else f"coalesce({whole})"


def one_of(expression: str, values: Sequence[str]) -> str:
    return f"{expression} in ({', '.join(map(text, values))})"


def moment(name: str, look: Look) -> str:
    """Return a column's time; the mapping's time zone holds where the text has no offset."""
    if look.epoch in EPOCHS and not look.day_format:
        return f"{FROM_EPOCH[look.epoch]}(try_cast({column(name)} as bigint))"
    if look.day_format:
        return f"to_timestamp({column(name)}, {text(pattern(look.day_format))})"
    return f"replace({column(name)}, ',', '.')" if any("," in value for value in look.values) else column(name)


def pattern(day_format: str) -> str:
    """Return Spark's pattern for a `strptime` format: one letter takes one or two digits."""
    together = "%m%d" in day_format
    made = ""
    for directive, literal in re.findall(r"%(\w)|([^%]+)", day_format):
        letters = PATTERNS.get(directive, "")
        made += letters * (2 if together and len(letters) == 1 else 1)
        made += re.sub(r"([A-Za-z]+)", r"'\1'", literal)
    return made


def flag(name: str, look: Look) -> str:
    """Return whether a column says yes, by its words or by a number above 0."""
    values = {value.casefold() for value in look.values}
    if values <= CONTRACT_FLAGS:
        return column(name)
    if look.numeric:
        return f"try_cast({column(name)} as double) > 0"
    yes = sorted(values & values_of("true"))
    return one_of(f"lower(trim({column(name)}))", yes)
