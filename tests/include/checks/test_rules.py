"""The checks follow from the contract and the policies, and nothing in the contract goes unchecked."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from open_data_contract_standard.model import DataQuality

from include.checks.rules import checks_of
from include.columns import TABLES
from include.contract.schema import CONTRACT, ContractRule
from include.drift_policy import load_drift_policy
from include.errors import ConfigurationError
from include.policy import load_policy

POLICY = load_policy({"quality": {"max_quarantined_share": 0.4, "warn_quarantined_share": 0.3}})
SETTINGS = {**POLICY.model_dump(), **load_drift_policy().model_dump(include={"feed"})}


@pytest.mark.parametrize("table", TABLES)
def test_each_table_has_checks_that_can_stop_the_night(table: str) -> None:
    checks = checks_of(CONTRACT[table], SETTINGS)
    assert {"fail", "warn"} == {check.severity for check in checks}
    assert all(check.remedy for check in checks)
    assert len({check.name for check in checks}) == len(checks)
    assert not [check.name for check in checks if set(check.name) & {" ", ","}]


@pytest.mark.parametrize("table", TABLES)
def test_limits_come_from_the_policy(table: str) -> None:
    limits = {check.rule: check.arguments for check in checks_of(CONTRACT[table], SETTINGS)}
    assert limits["quarantined"] == {"max_value": 0.4}
    assert limits["some_quarantined"] == {"max_value": 0.3}


def test_each_limit_of_a_column_is_a_check() -> None:
    names = {check.name for check in checks_of(CONTRACT["events"], SETTINGS)}
    assert {
        "events.event_id.nullValues",
        "events.event_id.duplicateValues",
        "events.event_id.invalidValues",
        "events.event_type.invalidValues",
        "events.event_ts.invalidValues",
        "events.price.invalidValues",
        "events.volume",
        "events.unknown_items",
        "events.rowCount",
    } <= names
    assert "events.price.nullValues" not in names


@pytest.mark.parametrize(
    ("rule", "message"),
    [
        ({"type": "sql", "query": "select 1"}, "nothing checks the rule sql"),
        ({"name": "x", "engine": "soda", "implementation": "checks for dim"}, "nothing checks the rule x"),
        ({"metric": "rowCount"}, "no limit that can be checked"),
        (
            {"name": "x", "engine": "great-expectations",
             "implementation": {"type": "expect_a", "kwargs": {"column": "volume", "min_value": "quality.no"}}},
            "'quality.no', which is no setting of the policies",
        ),
    ],
)  # fmt: skip
def test_a_rule_that_nothing_would_check_is_named(rule: dict[str, Any], message: str) -> None:
    table = replace(CONTRACT["users"], rules=(ContractRule("", DataQuality.model_validate(rule)),))
    with pytest.raises(ConfigurationError, match=message):
        checks_of(table, SETTINGS)


@pytest.mark.parametrize(
    ("operator", "limits"),
    [
        ({"mustBe": 3}, "must be 3"),
        ({"mustBeGreaterThan": 0}, "must be above 0"),
        ({"mustBeLessOrEqualTo": 5}, "must be at most 5"),
        ({"mustBeBetween": [1, 5]}, "must be at least 1, must be at most 5"),
    ],
)
def test_limits_are_said_in_words(operator: dict[str, Any], limits: str) -> None:
    quality = DataQuality.model_validate({"metric": "rowCount", **operator})
    table = replace(CONTRACT["users"], columns=(), rules=(ContractRule("", quality),))
    (check,) = checks_of(table, SETTINGS)
    assert check.limits() == limits
