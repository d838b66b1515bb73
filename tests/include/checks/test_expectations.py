from __future__ import annotations

from pathlib import Path

import pytest

from include.checks.expectations import ACCOUNT, load_suite
from include.columns import TABLES
from include.errors import ConfigurationError
from include.policy import load_policy

POLICY = load_policy({"quality": {"max_quarantined_share": 0.4, "warn_quarantined_share": 0.3}})


@pytest.mark.parametrize("table", TABLES)
def test_each_table_has_a_suite_that_can_stop_the_night(table: str) -> None:
    suite = load_suite(table, POLICY)
    assert suite.table == table
    assert {"fail", "warn"} == {check.severity for check in suite.checks}
    assert all(check.remedy for check in suite.checks)


@pytest.mark.parametrize("table", TABLES)
def test_limits_come_from_the_policy(table: str) -> None:
    limits = {c.severity: c.arguments["max_value"] for c in load_suite(table, POLICY).checks if c.of == ACCOUNT}
    assert limits == {"fail": 0.4, "warn": 0.3}


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("table: users\nchecks: []", "checks"),
        ("table: users\nchecks:\n- {expect: a, arguments: {}, severity: fail, remedy: x}", r"checks\.0\.expect"),
        ("table: users\nchecks:\n- {expect: expect_a, arguments: {}, severity: stop, remedy: x}", r"severity"),
        (
            "table: users\nchecks:\n- {expect: expect_a, severity: fail, remedy: x, arguments: {max_value: a.b}}",
            "'a.b', which is no setting of the policy",
        ),
        ("table: [", r"users\.yaml"),
    ],
)
def test_a_mistake_in_a_suite_is_named(tmp_path: Path, text: str, message: str) -> None:
    (tmp_path / "users.yaml").write_text(text)
    with pytest.raises(ConfigurationError, match=message):
        load_suite("users", POLICY, tmp_path)


def test_a_suite_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match=r"no suite .*events\.yaml"):
        load_suite("events", POLICY, tmp_path)
