"""The rules of the contract that a row breaks, each as the reason to set it aside."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from pyspark.sql import functions as F  # noqa: N812 - the name that everyone knows

from include.columns import INGEST_DATE
from include.contract.schema import NAMES, SPARK_TYPES, ContractColumn
from include.ingest.reading import ABSENT, LINE

if TYPE_CHECKING:
    from pyspark.sql import Column

    Rule = tuple[Column, Column]

# Whether any text of the row holds a control character or is no text at all: searched once a row
ODD = "_odd"
CONTROLS = r"[\x00-\x1F\x7F]"
NOT_PLAIN = "[^ -~]"
_HALF_PAIR = r"(?<!\\)\\u[dD](?:[89abAB]..(?!\\u[dD][c-fC-F])|[c-fC-F]..(?<!\\u[dD][89abAB]..\\u[dD]...))"
_VALUE_SHOWN = 100


def half_pair_rules() -> list[Rule]:
    """Return the rule against half of a character in a JSON record, which Spark reads as a question mark."""
    line = F.col(LINE)
    half = (line.contains("\\ud") | line.contains("\\uD")) & line.rlike(_HALF_PAIR)
    return [(half, reason("text with half a character (a lone surrogate)"))]


def reason(kind: str, message: Column | None = None) -> Column:
    return F.struct(F.lit(kind).alias("kind"), (F.lit(kind) if message is None else message).alias("message"))


def _broken(name: str, text: Column, what: str) -> Column:
    """Return the reason with the beginning of the value, whose control characters would garble a terminal."""
    shown = F.regexp_replace(
        F.substring(F.make_valid_utf8(text), 1, _VALUE_SHOWN), CONTROLS, "\N{REPLACEMENT CHARACTER}"
    )
    return reason(f"{name} {what}", F.concat(F.lit(f"{name}="), shown, F.lit(f" {what}")))


def is_absent(name: str) -> Column:
    """Tell whether the record says nothing of a column, which is not the same as saying that it is empty."""
    return F.coalesce(F.array_contains(ABSENT, name), F.lit(False))


def first_broken(rules: Sequence[Rule]) -> Column:
    """Return the reason of the first rule that is broken, null for none."""
    (condition, why), *others = rules
    problem = F.when(condition, why)
    for condition, why in others:
        problem = problem.when(condition, why)
    return problem


def column_rules(column: ContractColumn, zone: str, text: Column) -> list[Rule]:
    """Return the rules for a column's value, delivered as `text`: when each is broken, and the reason then."""
    value = F.col(column.name)
    rules: list[tuple[Column, str]] = []
    if column.kind != "text":
        rules.append((value.isNull() & text.isNotNull(), f"is not {NAMES[column.kind]}"))
    if column.allowed:
        rules.append((~value.isin(*column.allowed), f"is not one of {', '.join(column.allowed)}"))
    if column.above is not None:
        rules.append((value <= column.above, f"is not above {column.above:g}"))
    if column.at_least is not None:
        rules.append((value < column.at_least, f"is below {column.at_least:g}"))
    if column.since is not None:
        rules.append((value < F.lit(column.since).cast(SPARK_TYPES[column.kind]), f"is before {column.since}"))
    if column.by_end_of_day:
        day_after = F.date_add(F.col(INGEST_DATE).cast("date"), 1).cast("timestamp")
        rules.append((value >= day_after, f"is after the day of its delivery in {zone}"))
    missing = [(value.isNull() & text.isNull() & ~is_absent(column.name), reason(f"{column.name} is missing"))]
    texts = text_rules(column, column.name, text) if column.kind == "text" else []
    return (
        missing * column.required + [(condition, _broken(column.name, text, what)) for condition, what in rules] + texts
    )


def text_rules(column: ContractColumn, name: str, text: Column) -> list[Rule]:
    """Return the limits of a text, of the column `name` or of an attribute of that name."""
    rules = [(F.col(ODD) & ~F.is_valid_utf8(text), "is no text in UTF-8")]
    if column.max_length is not None:
        # Characters are counted only where there are enough bytes for too many.
        long = (F.octet_length(text) > column.max_length) & (F.length(text) > column.max_length)
        rules.append((long, f"is longer than {column.max_length} characters"))
    if column.forbidden is not None:
        rules.append((F.col(ODD) & text.rlike(column.forbidden), "holds a control character"))
    return [(condition, _broken(name, text, what)) for condition, what in rules]
