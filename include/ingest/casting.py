"""Casts delivered text to the contract, and names the rules that a row breaks.

No row stops the night: a value that cannot be cast becomes a reason, and the expressions of a
mapping are evaluated outside ANSI mode, where a bad value is null.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING

from pyspark.errors import AnalysisException, ParseException
from pyspark.sql import functions as F  # noqa: N812 - the name that everyone knows

from include.columns import ATTRIBUTES, INGEST_DATE, RAW, REASONS
from include.contract.dataset import DOCUMENT, TableMapping
from include.contract.schema import NAMES, SPARK_TYPES, ContractColumn, ContractTable
from include.errors import ConfigurationError
from include.ingest.reading import EXTRA, LINE, MALFORMED, PLACE, SOURCE, raw_record

if TYPE_CHECKING:
    from pyspark.sql import Column, DataFrame, SparkSession

    ColumnOrName = Column | str

# The first reason without its value, by which rows are counted.
KIND = "_kind"

_TEXT = "_text_"
_FEATURE = "_feature_"
_REJECT = "_reject_"
_PROBLEMS = "_problems"
SECTIONS = {"text": "columns", "feature": "attributes", "reject": "reject"}
_VALUE_SHOWN = 100
# Spark takes "12:30" for a time of today, and "2011" for the first of January.
_HAS_A_DAY = r"^[0-9]{4}-"


@contextmanager
def outside_ansi(spark: SparkSession) -> Iterator[None]:
    """Evaluate bad values to null instead of raising, in frames that are built inside."""
    before = spark.conf.get("spark.sql.ansi.enabled")
    spark.conf.set("spark.sql.ansi.enabled", "false")
    try:
        yield
    finally:
        spark.conf.set("spark.sql.ansi.enabled", str(before))


def cast_to_contract(frame: DataFrame, table: ContractTable, mapping: TableMapping) -> DataFrame:
    """Return the rows of `read_delivered` in the contract's columns, with the reasons to reject them.

    Returns
    -------
    `PLACE`, the contract's columns, `REASONS` (array of text, empty when the row is good),
    `KIND` (text, null when the row is good) and `RAW` (null when the row is good).

    Raises
    ------
    ConfigurationError
        When an expression of the mapping is not valid Spark SQL or names an unknown column.
    """
    where = f"tables.{table.name}"
    source = F.struct(*[F.col(f"`{name}`") for name in mapping.source.columns]).alias(SOURCE)
    carried = [name for name in frame.columns if name == LINE or name.startswith(EXTRA)]
    texts = {f"{_TEXT}{name}": expression for name, expression in mapping.columns.items()}
    features = {f"{_FEATURE}{name}": expression for name, expression in mapping.attributes.items()}
    kept: list[Column | str] = [*PLACE, MALFORMED, *carried, source]
    delivered = _evaluate(frame, kept, {**texts, **features}, where)
    typed = _cast(delivered, [*PLACE, MALFORMED, *carried, SOURCE], table, mapping)
    conditions = {f"{_REJECT}{reason}": condition for reason, condition in mapping.reject.items()}
    checked = _evaluate(typed, ["*"], conditions, where)
    rejected = [F.when(F.col(f"`{_REJECT}{reason}`"), _reason(reason)) for reason in mapping.reject]
    problems = F.array_compact(F.array(*rejected, *[_problem(column) for column in table.columns]))
    problems = F.when(F.col(MALFORMED), F.array(_reason("malformed_row"))).otherwise(problems)
    return _closing_select(checked.withColumn(_PROBLEMS, problems), table, mapping)


def _evaluate(frame: DataFrame, kept: Sequence[ColumnOrName], expressions: Mapping[str, str], where: str) -> DataFrame:
    """Select `kept` and the expressions, and name the first expression that Spark refuses."""
    try:
        return frame.select(*kept, *[F.expr(text).alias(name) for name, text in expressions.items()])
    except (AnalysisException, ParseException):
        for name, text in expressions.items():
            _try_expression(frame, name, text, where)
        raise


def _try_expression(frame: DataFrame, name: str, text: str, where: str) -> None:
    section, _, key = name.removeprefix("_").partition("_")
    try:
        frame.select(F.expr(text))
    except (AnalysisException, ParseException) as error:
        why = str(error).strip().splitlines()[0]
        raise ConfigurationError(
            f"{where}.{SECTIONS[section]}.{key} of the mapping, {text!r}, is no expression over these columns: {why}",
            remedy=f"correct it; source.required and source.optional name the columns, see {DOCUMENT}",
        ) from error


def _cast(delivered: DataFrame, kept: Sequence[str], table: ContractTable, mapping: TableMapping) -> DataFrame:
    """Return typed contract columns beside the texts that they came from."""
    kinds = dict(delivered.dtypes)
    mapped = {column.name: f"{_TEXT}{column.name}" in kinds for column in table.columns}
    features = [f"{_FEATURE}{name}" for name in mapping.attributes]
    trimmed = [
        (F.trim(F.col(f"`{name}`")) if kinds[name] == "string" else F.col(f"`{name}`")).alias(name)
        for name in [*(f"{_TEXT}{name}" for name, given in mapped.items() if given), *features]
    ]
    frame = delivered.select(*kept, *trimmed)
    texts, typed = [], []
    for column in table.columns:
        name = f"{_TEXT}{column.name}"
        value = F.col(name) if mapped[column.name] else F.lit(None).cast("string")
        if kinds.get(name, "string") == "string":
            value = _not_empty(value)
        texts.append(value.cast("string").alias(name))
        typed.append(_typed(column, value).alias(column.name))
    return frame.select(*kept, *texts, *typed, _attributes(mapping).alias(ATTRIBUTES))


def _not_empty(text: Column) -> Column:
    return F.when(text != "", text)


def _typed(column: ContractColumn, value: Column) -> Column:
    typed = value.try_cast(SPARK_TYPES[column.kind])
    if column.kind in ("timestamp", "date"):
        typed = F.when(value.cast("string").rlike(_HAS_A_DAY), typed)
    if column.kind == "number":
        typed = F.when(F.abs(typed) < F.lit(float("inf")), typed)
    if column.default is not None:
        typed = F.when(value.isNull(), F.lit(column.default)).otherwise(typed)
    return typed


def _attributes(mapping: TableMapping) -> Column:
    """Return the features that have a value, as a map."""
    entries: list[Column] = []
    for name in mapping.attributes:
        entries += [F.lit(name), _not_empty(F.col(f"`{_FEATURE}{name}`").cast("string"))]
    whole = F.create_map(*entries).cast("map<string,string>")
    return F.map_filter(whole, lambda _, value: value.isNotNull())


def _reason(kind: str, message: Column | None = None) -> Column:
    return F.struct(F.lit(kind).alias("kind"), (F.lit(kind) if message is None else message).alias("message"))


def _problem(column: ContractColumn) -> Column:
    """Return the first rule that the column's value breaks, null for none."""
    text, value = F.col(f"{_TEXT}{column.name}"), F.col(column.name)

    def broken(what: str) -> Column:
        shown = F.concat(F.lit(f"{column.name}="), F.substring(text, 1, _VALUE_SHOWN), F.lit(f" {what}"))
        return _reason(f"{column.name} {what}", shown)

    rules: list[tuple[Column, Column]] = []
    if column.required:
        rules.append((text.isNull(), _reason(f"{column.name} is missing")))
    rules.append((text.isNotNull() & value.isNull(), broken(f"is not {NAMES[column.kind]}")))
    if column.allowed:
        rules.append((~value.isin(*column.allowed), broken(f"is not one of {', '.join(column.allowed)}")))
    if column.above is not None:
        rules.append((value <= column.above, broken(f"is not above {column.above:g}")))
    if column.at_least is not None:
        rules.append((value < column.at_least, broken(f"is below {column.at_least:g}")))
    if column.by_end_of_day:
        day_after = F.date_add(F.col(INGEST_DATE).cast("date"), 1).cast("timestamp")
        rules.append((value >= day_after, broken("is after the day of its delivery")))
    (condition, reason), *others = rules
    problem = F.when(condition, reason)
    for condition, reason in others:
        problem = problem.when(condition, reason)
    return problem


def _closing_select(checked: DataFrame, table: ContractTable, mapping: TableMapping) -> DataFrame:
    messages = F.transform(F.col(_PROBLEMS), lambda problem: problem["message"]).alias(REASONS)
    kind = F.get(F.col(_PROBLEMS), F.lit(0))["kind"].alias(KIND)
    raw = F.when(F.size(_PROBLEMS) > 0, raw_record(checked, mapping.source)).alias(RAW)
    contract = [*table.names(), *([ATTRIBUTES] if table.attributes else [])]
    return checked.select(*PLACE, *contract, messages, kind, raw)
