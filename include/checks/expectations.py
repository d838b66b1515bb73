"""The checks of a day, in YAML: one suite per table, each check with its severity and remedy."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Literal

import yaml
from pydantic import Field
from pydantic import ValidationError as PydanticError

from include.columns import TABLES
from include.errors import ConfigurationError
from include.policy import Frozen, Policy, first_problem

SUITES = Path(__file__).resolve().parent.parent / "config" / "expectations"
ROWS, ACCOUNT = "rows", "account"


class Check(Frozen):
    """One expectation: its name in Great Expectations, its arguments, and what to do when it fails."""

    expect: str = Field(pattern=r"^expect_[a-z0-9_]+$")
    of: Literal["rows", "account"] = "rows"
    arguments: dict[str, Any]
    severity: Literal["fail", "warn"]
    remedy: str = Field(min_length=1)


class Suite(Frozen):
    """The checks of one table."""

    table: Literal["events", "items", "users"]
    checks: tuple[Check, ...] = Field(min_length=1)


def load_suite(table: str, policy: Policy, folder: Path = SUITES) -> Suite:
    """Return the suite of `table`; limits that name a policy setting get its value.

    Raises
    ------
    ConfigurationError
        When the file is missing, has an unknown key, or names an unknown setting.
    """
    path = folder / f"{table}.yaml"
    if table not in TABLES or not path.is_file():
        raise ConfigurationError(f"there is no suite {path}", remedy="restore the file, or correct the table's name")
    try:
        suite = Suite.model_validate(yaml.safe_load(path.read_text(encoding="utf-8")))
    except (PydanticError, yaml.YAMLError) as error:
        place, message, _ = first_problem(error) if isinstance(error, PydanticError) else ([], str(error), None)
        raise ConfigurationError(f"suite {path}, {'.'.join(place)}: {message}", remedy="correct the file") from error
    checks = (check.model_copy(update={"arguments": _with_policy(path, check, policy)}) for check in suite.checks)
    return suite.model_copy(update={"checks": tuple(checks)})


def _with_policy(path: Path, check: Check, policy: Policy) -> dict[str, Any]:
    limits = ("min_value", "max_value")
    return {
        name: _setting(path, value, policy) if name in limits and isinstance(value, str) else value
        for name, value in check.arguments.items()
    }


def _setting(path: Path, name: str, policy: Policy) -> Any:
    section, _, key = name.partition(".")
    try:
        return policy.model_dump()[section][key]
    except KeyError as error:
        raise ConfigurationError(
            f"suite {path} names {name!r}, which is no setting of the policy",
            remedy=f"use section.setting with one of {', '.join(Policy.model_fields)}",
        ) from error
