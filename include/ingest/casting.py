"""Casts delivered text to the contract, and names the rules that a row breaks.

No row stops the night: a value that cannot be cast becomes a reason, and the expressions of a
mapping are evaluated outside ANSI mode, where a bad value is null.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import reduce
from operator import or_
from typing import TYPE_CHECKING

from pyspark.sql import functions as F  # noqa: N812 - the name that everyone knows

from include.columns import ATTRIBUTES, ELEMENT, RAW, REASONS, UPDATED_TS
from include.contract.schema import SPARK_TYPES, ContractColumn, ContractTable
from include.contract.source import SourceMapping
from include.errors import ConfigurationError
from include.ingest.expressions import (
    FEATURE,
    REJECT,
    TEXT,
    conditions_of,
    evaluate,
    find_failing_expression,
    values_of,
)
from include.ingest.problems import (
    CONTROLS,
    NOT_PLAIN,
    ODD,
    column_rules,
    first_broken,
    half_pair_rules,
    is_absent,
    reason,
    text_rules,
)
from include.ingest.reading import ABSENT, EXTRA, LINE, MALFORMED, PLACE, SOURCE, quoted, raw_record, with_texts
from include.landing.formats.rows import EXPLODE_POSITION

if TYPE_CHECKING:
    from pyspark.sql import Column, DataFrame, SparkSession

# The first reason without its value, by which rows are counted.
KIND = "_kind"
# Whether the row breaks no rule: without a reason, so that nothing is made for the many that are good.
GOOD = "_good"
# The value of the table's key, beside the columns of the file, which may have its name
KEY = "_key"

_PROBLEMS = "_problems"
_SESSION_ZONE = "spark.sql.session.timeZone"
_WHOLE = r"^(-?(?:0|[1-9][0-9]*))\.0+$"
# As Java, numpy and R write whole floats; a spreadsheet's, with a plus, only when no digit was left out
_SCIENTIFIC = r"^-?[1-9]\.[0-9]+[eE][+]?[0-9]{1,2}$"
_MOST_EXACT = 2**53
# What may stand around a text unseen: also what web pages and spreadsheets use, and a mark in the middle of a file
BLANKS = " \u00a0\u1680\u2000\u2001\u2002\u2003\u2004\u2005\u2006\u2007\u2008\u2009\u200a\u200b\u202f\u205f\u3000\ufeff"
_NUMBERS = ("tinyint", "smallint", "int", "bigint", "float", "double")
_TIMES = ("timestamp", "timestamp_ntz", "date")


@contextmanager
def evaluating(spark: SparkSession, time_zone: str = "UTC") -> Iterator[None]:
    """In frames that are built inside, bad values are null, and a time without an offset is in `time_zone`."""
    wanted = {"spark.sql.ansi.enabled": "false", _SESSION_ZONE: time_zone}
    before = {key: str(spark.conf.get(key)) for key in wanted}
    try:
        for key, value in wanted.items():
            spark.conf.set(key, value)
        yield
    finally:
        for key, value in before.items():
            spark.conf.set(key, value)


def cast_to_contract(
    frame: DataFrame,
    table: ContractTable,
    mapping: SourceMapping,
    keep: Callable[[DataFrame], DataFrame] | None = None,
) -> DataFrame:
    """Return the rows of `read_delivered` in the contract's columns, with the reasons to reject them.

    Parameters
    ----------
    keep
        Chooses rows by their day and `KEY`, before anything else is made of them.

    Returns
    -------
    `PLACE`, `ELEMENT` (null without `explode`), the contract's columns, `ABSENT`, `GOOD` (boolean), `REASONS` (array of
    text, empty when the row is good),
    `KIND` (text, null when the row is good) and `RAW` (null when the row is good).

    Raises
    ------
    ConfigurationError
        When an expression of the mapping is not valid Spark SQL, names an unknown column or gives other than one value
        a row.
    """
    if keep is not None:
        frame = keep(_with_key(frame, table, mapping)).drop(KEY)
    typed = _typed_rows(frame, table, mapping)
    kinds = dict(typed.dtypes)
    checked = evaluate(typed, ["*"], conditions_of(mapping), table, mapping, boolean=True)
    zone = str(frame.sparkSession.conf.get(_SESSION_ZONE))
    rules = [[(F.col(f"`{REJECT}{name}`"), reason(name))] for name in mapping.reject]
    rules.append(half_pair_rules())
    for column in table.columns:
        text = F.col(column.name) if column.kind == "text" else _delivered_text(column, mapping, kinds)
        rules.append(column_rules(column, zone, text))
    if table.values:
        rules += [text_rules(table.values, name, F.col(f"`{FEATURE}{name}`")) for name in mapping.attributes]
    broken = [F.coalesce(condition, F.lit(False)) for listed in rules for condition, _ in listed]
    good = ~reduce(or_, [F.coalesce(MALFORMED, F.lit(False)), *broken])
    problems = [first_broken(listed) for listed in rules]
    listed = F.when(F.col(MALFORMED), F.array(reason("malformed_row"))).otherwise(F.array_compact(F.array(*problems)))
    return _closing_select(checked.withColumns({GOOD: good, _PROBLEMS: listed}), table, mapping)


def failing_expression(frame: DataFrame, table: ContractTable, mapping: SourceMapping) -> ConfigurationError | None:
    """Return what is wrong with the first expression that fails at a row of `frame`, None when none does."""
    return find_failing_expression(with_texts(frame), lambda: _typed_rows(frame, table, mapping), table, mapping)


def _with_key(frame: DataFrame, table: ContractTable, mapping: SourceMapping) -> DataFrame:
    """Add the table's key as `KEY`."""
    texts, name = with_texts(frame), f"{TEXT}{table.key}"
    expression = {name: values_of(mapping, texts.columns)[name]}
    carried = [F.col(quoted(name)) for name in frame.columns]
    delivered = evaluate(texts, carried, expression, table, mapping)
    kinds = dict(delivered.dtypes)
    column = next(one for one in table.columns if one.name == table.key)
    return delivered.select(*carried, _trimmed(name, kinds)).select(*carried, _typed(column, mapping, kinds).alias(KEY))


def _typed_rows(frame: DataFrame, table: ContractTable, mapping: SourceMapping) -> DataFrame:
    frame = with_texts(frame)
    source = F.struct(*[F.col(quoted(name)) for name in mapping.source.columns]).alias(SOURCE)
    if ABSENT not in frame.columns:
        frame = frame.withColumn(ABSENT, F.lit(None).cast("array<string>"))
    raw = [quoted(name) for name in frame.columns if name in (LINE, EXPLODE_POSITION) or name.startswith(EXTRA)]
    carried = [*PLACE, MALFORMED, ABSENT, *raw]
    delivered = evaluate(frame, [*carried, source], values_of(mapping, frame.columns), table, mapping)
    return _cast(delivered, [*carried, SOURCE], table, mapping)


def _cast(delivered: DataFrame, kept: Sequence[str], table: ContractTable, mapping: SourceMapping) -> DataFrame:
    """Return typed contract columns beside the values that they came from, the texts among these trimmed."""
    kinds = dict(delivered.dtypes)
    features = [_as_text(F.col(f"`{FEATURE}{name}`"), kinds[f"{FEATURE}{name}"]) for name in mapping.attributes]
    named = [text.alias(f"{FEATURE}{name}") for name, text in zip(mapping.attributes, features, strict=True)]
    values = [_trimmed(name, kinds) for column in table.columns if (name := f"{TEXT}{column.name}") in kinds]
    frame = delivered.select(*kept, *named, *values, _attributes(mapping, features).alias(ATTRIBUTES))
    if mapping.source.partial:
        frame = frame.withColumn(ABSENT, _with_empty(table, mapping, kinds))
    typed = [_typed(column, mapping, kinds).alias(column.name) for column in table.columns]
    frame = frame.select("*", *typed)
    searched = [one.name for one in table.columns if one.kind == "text"]
    words = F.concat_ws("", *map(F.col, searched), *[F.col(f"`{FEATURE}{name}`") for name in mapping.attributes])
    # Most texts are plain, and one search tells so.
    odd = words.rlike(NOT_PLAIN) & (words.rlike(CONTROLS) | ~F.is_valid_utf8(words))
    return frame.withColumn(ODD, odd)


def _trimmed(name: str, kinds: Mapping[str, str]) -> Column:
    value = F.col(name)
    return (_as_text(value, "string") if kinds[name] == "string" else value).alias(name)


def _with_empty(table: ContractTable, mapping: SourceMapping, kinds: Mapping[str, str]) -> Column:
    """Return what a row of a partial source does not provide: what is empty, too."""
    columns = [one for one in table.columns if one.name in mapping.columns and one.name not in (table.key, UPDATED_TS)]
    empty = [F.when(_delivered_text(one, mapping, kinds).isNull(), F.lit(one.name)) for one in columns]
    empty += [F.when(F.col(f"`{FEATURE}{name}`").isNull(), F.lit(name)) for name in mapping.attributes]
    return F.array_union(F.coalesce(ABSENT, F.array().cast("array<string>")), F.array_compact(F.array(*empty)))


def _delivered_text(column: ContractColumn, mapping: SourceMapping, kinds: Mapping[str, str]) -> Column:
    """Return the text of a column's delivered value; made again at each use, so that few rows pay for it."""
    name = f"{TEXT}{column.name}"
    if name not in kinds:
        return F.lit(None).cast("string")
    value, kind = F.col(name), kinds[name]
    text = value if kind == "string" else _as_text(value, kind)
    if column.is_id or column.kind == "flag":
        text = _whole_number(value, text, kind)
    if nothing := mapping.missing.get(column.name):
        text = F.when(~text.isin(*nothing), text)
    return text


def _as_text(value: Column, kind: str) -> Column:
    """Return a value as text; what is empty, and what is not a number among floats, is null."""
    if kind == "string":
        # To trim all blanks takes its time: few texts begin or end with what is not ASCII.
        plain, beyond = F.trim(value), F.lit(bytearray(b"\x80"))
        first, last = plain >= beyond.cast("string"), F.substring(plain.cast("binary"), -1, 1) >= beyond
        return F.nullif(F.when(first | last, F.trim(value, F.lit(BLANKS))).otherwise(plain), F.lit(""))
    if kind in ("float", "double"):
        value = F.when(~F.isnan(value), value)
    return value.cast("string")


def _whole_number(value: Column, text: Column, kind: str) -> Column:
    """Return a whole float as that whole number, such as `17850` for `17850.0` and `1.785E4`, and all else as it is."""
    if kind in ("float", "double") or kind.startswith("decimal"):
        whole = (F.abs(value) <= _MOST_EXACT) & (value == F.floor(value))
        return F.when(whole, value.cast("long").cast("string")).otherwise(text)
    if kind != "string":
        return text
    number = text.try_cast("double")
    fraction = F.length(F.regexp_extract(text, r"\.([0-9]+)", 1))
    exponent = F.regexp_extract(text, r"([0-9]+)$", 1).try_cast("int")
    exact = (fraction == exponent) | ((fraction < exponent) & ~text.contains("+"))
    spelled = text.rlike(_SCIENTIFIC) & exact & (F.abs(number) <= _MOST_EXACT)
    return (
        F.when(~text.contains("."), text)
        .when(text.rlike(_WHOLE), F.regexp_extract(text, _WHOLE, 1))
        .when(spelled, number.cast("long").cast("string"))
        .otherwise(text)
    )


def _typed(column: ContractColumn, mapping: SourceMapping, kinds: Mapping[str, str]) -> Column:
    """Return the value in the contract's type: as it is where the types allow, else from its text."""
    target, kind = SPARK_TYPES[column.kind], kinds.get(f"{TEXT}{column.name}", "void")
    text = _delivered_text(column, mapping, kinds)
    numeric = kind in _NUMBERS or kind.startswith("decimal")
    if (column.kind == "number" and numeric) or (column.kind in ("timestamp", "date") and kind in _TIMES):
        typed = F.col(f"{TEXT}{column.name}").cast(target)
        if column.name in mapping.missing:
            typed = F.when(text.isNotNull(), typed)
    elif column.kind == "text":
        typed = text
    else:
        typed = text.try_cast(target)
        if column.kind in ("timestamp", "date"):
            # Spark takes "12:30" for a time of today, and "2011" for the first of January
            typed = F.when(text.substr(5, 1) == "-", typed)
    if column.kind == "number":
        typed = F.when(F.abs(typed) < F.lit(float("inf")), typed)
    if column.default is not None:
        typed = F.when(text.isNull() & ~is_absent(column.name), F.lit(column.default)).otherwise(typed)
    return typed


def _attributes(mapping: SourceMapping, features: Sequence[Column]) -> Column:
    """Return the features that have a value, as a map."""
    if not features:
        return F.create_map().cast("map<string,string>")
    entries = [part for name, text in zip(mapping.attributes, features, strict=True) for part in (F.lit(name), text)]
    whole = F.create_map(*entries).cast("map<string,string>")
    return F.map_filter(whole, lambda _, value: value.isNotNull())


def _closing_select(checked: DataFrame, table: ContractTable, mapping: SourceMapping) -> DataFrame:
    messages = F.transform(F.col(_PROBLEMS), lambda problem: problem["message"]).alias(REASONS)
    kind = F.get(F.col(_PROBLEMS), F.lit(0))["kind"].alias(KIND)
    raw = F.when(F.size(_PROBLEMS) > 0, raw_record(checked, mapping.source)).alias(RAW)
    element = F.col(EXPLODE_POSITION) if EXPLODE_POSITION in checked.columns else F.lit(None)
    contract = [*table.names(), *([ATTRIBUTES] if table.attributes else [])]
    return checked.select(*PLACE, element.cast("int").alias(ELEMENT), *contract, ABSENT, GOOD, messages, kind, raw)
