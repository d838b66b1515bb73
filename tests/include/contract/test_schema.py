"""The contract's files follow the standard, and what is read of them is what they say."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import jsonschema
import pytest
import yaml
from open_data_contract_standard.model import OpenDataContractStandard

from include.columns import TABLES
from include.contract.schema import CONTRACT, CONTRACTS, read_contract
from include.errors import ConfigurationError

STANDARD = json.loads(OpenDataContractStandard.json_schema())


def written(table: str) -> Any:
    return yaml.safe_load((CONTRACTS / f"{table}.odcs.yaml").read_text())


@pytest.mark.parametrize("table", TABLES)
def test_a_contract_is_valid_by_the_standards_own_schema(table: str) -> None:
    jsonschema.validate(written(table), STANDARD)
    assert CONTRACT[table].name == table == written(table)["name"]


def test_columns_are_what_the_file_says() -> None:
    events = CONTRACT["events"]
    assert (events.key, events.keep, events.attributes, events.freshness_days) == ("event_id", "first", False, 2)
    assert events.required() == ["event_id", "item_id", "event_type", "event_ts", "quantity"]
    assert events.names()[-2:] == ["order_id", "currency"]
    kind, event_ts, quantity = (events.column(name) for name in ("event_type", "event_ts", "quantity"))
    assert kind.allowed == ("view", "cart", "purchase", "return")
    assert (event_ts.kind, event_ts.since, event_ts.by_end_of_day) == ("timestamp", "1900-01-01", True)
    assert (quantity.kind, quantity.above) == ("number", 0)
    title = CONTRACT["items"].column("title")
    assert (title.max_length, title.forbidden) == (2000, r"[\x00-\x08\x0E-\x1F\x7F]")
    assert CONTRACT["items"].column("in_stock").default is True
    assert CONTRACT["items"].attributes and CONTRACT["items"].keep == "latest"


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda one: one["schema"].append(one["schema"][0]), "too many values"),
        (lambda one: one.update(colour="red"), "colour"),
        (lambda one: one["schema"][0]["properties"][1].update(logicalType="vector"), "user_id has the type vector"),
        (lambda one: one["schema"][0]["properties"][1].update(logicalTypeOptions={"format": "uuid"}), "format"),
        (lambda one: one["schema"][0]["properties"][1].update(logicalTypeOptions={"pattern": "^A"}), "of the form"),
        (lambda one: one.pop("slaProperties"), "not enough values"),
    ],
)
def test_what_nothing_would_hold_is_refused(tmp_path: Path, change: Any, message: str) -> None:
    values = written("events")
    change(values)
    (tmp_path / "events.odcs.yaml").write_text(yaml.safe_dump(values))
    with pytest.raises(ConfigurationError, match=message):
        read_contract(tmp_path / "events.odcs.yaml")
