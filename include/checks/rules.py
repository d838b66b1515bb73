"""The checks of a day: what the contract says of its columns, and its quality rules with the limits of the policies."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

from include.contract.schema import ContractColumn, ContractRule, ContractTable
from include.errors import ConfigurationError

NULLS, INVALID, DUPLICATES, ROWS = "nullValues", "invalidValues", "duplicateValues", "rowCount"
BETWEEN = "expect_column_values_to_be_between"
CORRECT = "correct the expression of {} in the mapping, then clear ingest of that day"
AGAIN = "clear ingest of that day; should it come back, keep the landing files and report it"
_OPERATORS: dict[str, tuple[str, bool]] = {
    "mustBeGreaterThan": ("min_value", True),
    "mustBeGreaterOrEqualTo": ("min_value", False),
    "mustBeLessThan": ("max_value", True),
    "mustBeLessOrEqualTo": ("max_value", False),
}

Settings = Mapping[str, Mapping[str, Any]]


@dataclass(frozen=True)
class Check:
    """One expectation about one figure of a day.

    Attributes
    ----------
    rule
        ODCS's metric, or the name of a rule of our own.
    figure
        See `include.checks.figures`.
    expect, arguments
        The expectation's name in Great Expectations and its arguments besides the column.
    setting
        The key of a policy that its limit comes from, if any.
    """

    table: str
    column: str
    rule: str
    figure: str
    arguments: Mapping[str, Any]
    severity: Literal["fail", "warn"]
    remedy: str
    expect: str = BETWEEN
    setting: str = ""
    description: str = ""

    @property
    def name(self) -> str:
        """What it is called in messages and overrides, such as `events.volume`."""
        return ".".join(part for part in (self.table, self.column, self.rule) if part)

    def limits(self) -> str:
        """Return the limits in words."""
        least, most = self.arguments.get("min_value"), self.arguments.get("max_value")
        if least == most:
            return f"must be {least:g}"
        words = [f"must be {'above' if self.arguments.get('strict_min') else 'at least'} {least:g}"] if least else []
        if least == 0:
            words = ["must be above 0" if self.arguments.get("strict_min") else "must be at least 0"]
        if most is not None:
            words.append(f"must be {'below' if self.arguments.get('strict_max') else 'at most'} {most:g}")
        return ", ".join(words)


def checks_of(table: ContractTable, settings: Settings) -> list[Check]:
    """Return the checks of a day of `table`.

    Parameters
    ----------
    settings
        Sections of the policies, whose values stand for limits such as `quality.max_user_share`.

    Raises
    ------
    ConfigurationError
        When a rule names an unknown setting, or is of a kind that nothing would check.
    """
    named = {(rule.column, rule.quality.metric) for rule in table.rules}
    columns = [
        check
        for column in table.columns
        for check in _of_column(table, column)
        if (column.name, check.rule) not in named
    ]
    return columns + [_of_rule(table, rule, settings) for rule in table.rules]


def _of_column(table: ContractTable, column: ContractColumn) -> list[Check]:
    limited = (column.above, column.at_least, column.since, column.max_length, column.forbidden)
    wanted = {
        NULLS: (column.required, CORRECT.format(column.name)),
        DUPLICATES: (column.unique, AGAIN),
        INVALID: (any(limit is not None for limit in limited) or column.by_end_of_day, CORRECT.format(column.name)),
    }
    none = {"min_value": 0, "max_value": 0}
    return [
        Check(table.name, column.name, rule, f"{column.name}.{rule}", none, "fail", remedy)
        for rule, (applies, remedy) in wanted.items()
        if applies
    ]


def _of_rule(table: ContractTable, rule: ContractRule, settings: Settings) -> Check:
    quality = rule.quality
    made = quality.implementation if isinstance(quality.implementation, dict) else {}
    if quality.metric:
        name = quality.metric
        figure = name if name == ROWS else f"{rule.column}.{name}"
        figure += ".percent" if quality.unit == "percent" else ""
        expect, arguments = BETWEEN, _operator(rule)
    elif quality.engine == "great-expectations" and made:
        name, expect, arguments = str(quality.name), str(made["type"]), dict(made["kwargs"])
        figure = arguments.pop("column")
    else:
        raise ConfigurationError(
            f"contract {table.name}: nothing checks the rule {quality.name or quality.type}",
            remedy="write it as a metric of the library, or for the engine great-expectations",
        )
    from_policy = [str(value) for value in arguments.values() if isinstance(value, str)]
    return Check(
        table=table.name,
        column=rule.column,
        rule=name,
        figure=figure,
        arguments={key: _setting(table, value, settings) for key, value in arguments.items()},
        severity="fail" if rule.stops else "warn",
        remedy=rule.remedy,
        expect=expect,
        setting=from_policy[0] if from_policy else "",
        description=quality.description or "",
    )


def _operator(rule: ContractRule) -> dict[str, Any]:
    quality = rule.quality
    if quality.mustBe is not None:
        return {"min_value": quality.mustBe, "max_value": quality.mustBe}
    if quality.mustBeBetween is not None:
        return dict(zip(("min_value", "max_value"), quality.mustBeBetween, strict=True))
    for operator, (argument, strict) in _OPERATORS.items():
        if (limit := getattr(quality, operator)) is not None:
            return {argument: limit, **({f"strict_{argument[:3]}": True} if strict else {})}
    raise ConfigurationError(
        f"contract: {rule.column} {quality.metric} has no limit that can be checked",
        remedy=f"write mustBe, mustBeBetween, {', '.join(_OPERATORS)}",
    )


def _setting(table: ContractTable, value: Any, settings: Settings) -> Any:
    if not isinstance(value, str):
        return value
    section, _, key = value.partition(".")
    try:
        return settings[section][key]
    except KeyError as error:
        raise ConfigurationError(
            f"contract {table.name} names {value!r}, which is no setting of the policies",
            remedy=f"use section.setting with one of {', '.join(settings)}",
        ) from error
