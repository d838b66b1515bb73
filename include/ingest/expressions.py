"""The Spark SQL expressions of a mapping: evaluated, and named when Spark refuses one or fails at a row."""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Mapping, Sequence
from typing import TYPE_CHECKING

from py4j.protocol import Py4JJavaError
from pyspark.errors import AnalysisException, ParseException, PySparkException
from pyspark.sql import functions as F  # noqa: N812 - the name that everyone knows

from include.contract.dataset import DOCUMENT
from include.contract.schema import ContractTable
from include.contract.source import SourceMapping
from include.errors import ConfigurationError
from include.ingest.reading import VALUE

if TYPE_CHECKING:
    from pyspark.sql import Column, DataFrame

    ColumnOrName = Column | str

# Names of evaluated columns, by the section of the mapping that their expressions are in
TEXT = "_text_"
FEATURE = "_feature_"
REJECT = "_reject_"
# Functions that make several rows of one
_GENERATOR = re.compile(r"\b(?:explode|posexplode|inline|stack|json_tuple)(?:_outer)?\s*\(", re.I)
_SECTIONS = {TEXT: "columns", FEATURE: "attributes", REJECT: "reject"}


def values_of(mapping: SourceMapping, columns: Collection[str]) -> dict[str, str]:
    """Return the expressions of the contract's columns and of the attributes, by the name to evaluate them under.

    Expressions are about texts. A plain name stands for the value itself, where the files have typed `columns`.
    """
    texts = {f"{TEXT}{name}": expression for name, expression in mapping.columns.items()}
    features = {f"{FEATURE}{name}": expression for name, expression in mapping.attributes.items()}
    plain = {f"`{name}`": VALUE + name for name in mapping.source.columns}
    typed = {text: f"`{name}`" for text, name in plain.items() if name in columns}
    return {
        name: typed.get(f"`{expression.strip(' `')}`", expression) for name, expression in {**texts, **features}.items()
    }


def conditions_of(mapping: SourceMapping) -> dict[str, str]:
    """Return the conditions that reject a row, by the name to evaluate them under."""
    return {f"{REJECT}{reason}": condition for reason, condition in mapping.reject.items()}


def evaluate(
    frame: DataFrame,
    kept: Sequence[ColumnOrName],
    expressions: Mapping[str, str],
    table: ContractTable,
    mapping: SourceMapping,
    *,
    boolean: bool = False,
) -> DataFrame:
    """Select `kept` and the expressions, and name the first expression that Spark refuses."""
    try:
        evaluated = frame.select(*kept, *[_one_value(text).alias(name) for name, text in expressions.items()])
    except (AnalysisException, ParseException):
        for name, text in expressions.items():
            try:
                frame.select("*", _one_value(text))
            except (AnalysisException, ParseException) as error:
                raise _refused(table, mapping, name, text, error) from error
        raise
    for name, kind in evaluated.dtypes if boolean else ():
        if name in expressions and kind not in ("boolean", "void"):
            raise _refused(table, mapping, name, expressions[name], f"it gives a {kind}, not true or false")
    return evaluated


def _one_value(text: str) -> Column:
    """Return an expression as a part of a struct, where Spark refuses aggregates and what makes several rows of one."""
    return F.struct(F.expr(text).alias("value"))["value"]


def find_failing_expression(
    delivered: DataFrame, typed: Callable[[], DataFrame], table: ContractTable, mapping: SourceMapping
) -> ConfigurationError | None:
    """Evaluate each expression by itself over all rows, and name the first that fails there.

    Parameters
    ----------
    delivered, typed
        The rows that the mapping's columns and attributes are about, and those that its conditions are about.
    """
    about: list[tuple[Callable[[], DataFrame], dict[str, str]]] = [
        (lambda: delivered, values_of(mapping, delivered.columns)),
        (typed, conditions_of(mapping)),
    ]
    for rows, expressions in about:
        for name, text in expressions.items():
            try:
                rows().select(_one_value(text)).write.format("noop").mode("overwrite").save()
            except (PySparkException, Py4JJavaError) as error:
                return _refused(table, mapping, name, text, error)
    return None


def _refused(
    table: ContractTable, mapping: SourceMapping, name: str, text: str, why: Exception | str
) -> ConfigurationError:
    section, key = next((one, name.removeprefix(one)) for one in _SECTIONS if name.startswith(one))
    bare = [one for one in mapping.source.columns if not one.isidentifier() and one in text.replace(f"`{one}`", "")]
    remedy = f"correct it; source.required and source.optional name the columns, see {DOCUMENT}"
    if bare:
        remedy = f"write {', '.join(f'`{one}`' for one in bare)} between backticks, and the whole in quotes"
    if _GENERATOR.search(text):
        remedy = "name the array in source.explode, and the fields of its elements by their paths"
    elif "EXTRACT_BASE" in str(why):
        remedy = "name the whole path in source.required or source.optional, and write it between backticks"
    place = f"tables.{table.name}.{_SECTIONS[section]}.{key} of the mapping, {text!r}"
    cause = why if isinstance(why, str) else _first_cause(why)
    return ConfigurationError(f"{place}, is no expression over these columns: {cause}", remedy=remedy)


def _first_cause(error: Exception) -> str:
    """Return what Spark says is wrong, on one line, without the places in its own code."""
    causes: list[str] = re.findall(r"\[[A-Z][A-Z0-9_.]+\] [^\n]*", str(error))
    named = [cause for cause in causes if not cause.startswith(("[FAILED_", "[TASK_WRITE_FAILED"))]
    why = (named or causes or [str(error).strip().splitlines()[0]])[-1]
    return why.partition(" SQLSTATE")[0]
