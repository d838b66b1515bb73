from __future__ import annotations

import copy
import datetime as dt
from pathlib import Path
from typing import Any

import pytest
import yaml

from include.columns import TABLES
from include.contract import CONTRACT, Dataset, dataset_names, load_dataset
from include.errors import ConfigurationError
from tests.include.contract.mappings import SHOP, shop


def changed(*place: str, value: Any) -> dict[str, Any]:
    values = copy.deepcopy(SHOP)
    section = values
    for part in place[:-1]:
        section = section[part]
    section[place[-1]] = value
    return values


def load(tmp_path: Path, values: object) -> Dataset:
    path = tmp_path / "shop.yaml"
    path.write_text(yaml.safe_dump(values))
    return load_dataset(str(path))


@pytest.mark.parametrize("name", dataset_names())
def test_the_data_sets_that_come_along_are_valid(name: str) -> None:
    dataset = load_dataset(name)
    assert dataset.name == name
    for table in TABLES:
        mapped = set(dataset.table(table).columns)
        assert set(CONTRACT[table].required()) <= mapped <= set(CONTRACT[table].names())
    assert dataset.policy().evaluation.holdout_days > 0


def test_both_data_sets_are_there() -> None:
    assert {"demo_shop", "online_retail"} <= set(dataset_names())
    assert load_dataset("online_retail").policy().evaluation.holdout_days == 31
    assert "CC BY 4.0" in load_dataset("online_retail").attribution


def test_a_mapping_is_loaded_by_its_path(tmp_path: Path) -> None:
    assert load(tmp_path, SHOP).table("events").columns["item_id"] == "upper(article)"


def test_a_backtick_at_the_beginning_needs_quotes_and_the_message_says_so(tmp_path: Path) -> None:
    (tmp_path / "x.yaml").write_text("a: `Order ID`")
    with pytest.raises(ConfigurationError, match='in quotes: "`Order ID`"'):
        load_dataset(str(tmp_path / "x.yaml"))


def test_the_policy_of_a_mapping_is_laid_over_the_defaults(tmp_path: Path) -> None:
    dataset = load(tmp_path, {**SHOP, "policy": {"ranking": {"top_n": 7}}})
    file = tmp_path / "mine.yaml"
    file.write_text("ranking: {top_n: 3}")
    assert (dataset.policy().ranking.top_n, dataset.policy(file).ranking.top_n) == (7, 3)


def test_the_drift_policy_of_a_mapping_is_laid_over_the_defaults(tmp_path: Path) -> None:
    day = dt.date(2026, 3, 6)
    dataset = load(tmp_path, {**SHOP, "drift": {"known_days": {day: "closed"}, "feed": {"min_volume": 0.3}}})
    file = tmp_path / "mine.yaml"
    file.write_text("feed: {min_volume: 0.1}")
    assert dataset.drift_policy().known_days == {day: "closed"}
    assert (dataset.drift_policy().feed.min_volume, dataset.drift_policy(file).feed.min_volume) == (0.3, 0.1)


def test_an_unknown_name_says_which_exist() -> None:
    with pytest.raises(ConfigurationError, match=r"'corner'.*demo_shop, online_retail"):
        load_dataset("corner")


def test_a_path_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match=r"mine\.yaml does not exist.*NIGHTSHELF_DATASET"):
        load_dataset(str(tmp_path / "mine.yaml"))


@pytest.mark.parametrize("text", ["a: [", "- a list", "", "\x00"])
def test_what_is_no_yaml_mapping_is_refused(tmp_path: Path, text: str) -> None:
    (tmp_path / "x.yaml").write_text(text)
    with pytest.raises(ConfigurationError, match=r"x\.yaml"):
        load_dataset(str(tmp_path / "x.yaml"))


@pytest.mark.parametrize(
    ("place", "value", "message"),
    [
        (("surprise",), 1, r"surprise, a key .* it knows .*policy"),
        (("tables", "events", "source", "requird"), ["a"], r"tables\.events\.source\.requird.*required, optional"),
        (("tables", "items", "land", "distinct"), "week", r"tables\.items\.land\.distinct"),
        (
            ("tables", "events", "columns", "color"),
            "x",
            r"tables\.events: columns has color; the contract has",
        ),
        (("tables", "users", "columns"), {"segment": "town"}, r"tables\.users: columns lacks user_id"),
        (("tables", "events", "attributes"), {"a": "b"}, r"events have no attributes"),
        (
            ("tables", "users", "source", "optional"),
            ["CUSTOMER"],
            r"CUSTOMER, customer more than once",
        ),
        (("tables", "items", "land", "columns"), ["nmae"], r"land uses nmae.*article, name"),
        (("tables", "users", "land", "encoding"), "klingon", r"klingon"),
        (("tables", "events", "source", "delimiter"), "||", r"tables\.events\.source\.delimiter"),
    ],
)
def test_a_mistake_is_named_with_its_place(tmp_path: Path, place: tuple[str, ...], value: object, message: str) -> None:
    with pytest.raises(ConfigurationError, match=message):
        load(tmp_path, changed(*place, value=value))


@pytest.mark.parametrize("place", [("tables", "items"), ("description",), ("tables",)])
def test_what_a_mapping_lacks_is_named(tmp_path: Path, place: tuple[str, ...]) -> None:
    values = copy.deepcopy(SHOP)
    section = values
    for part in place[:-1]:
        section = section[part]
    del section[place[-1]]
    with pytest.raises(ConfigurationError, match=rf"shop\.yaml lacks {'[.]'.join(place)}") as caught:
        load(tmp_path, values)
    assert "make map" in caught.value.remedy


def test_a_table_that_does_not_exist_is_named() -> None:
    with pytest.raises(ConfigurationError, match="events, items, users"):
        shop().table("orders")


def test_a_number_may_stand_without_quotes() -> None:
    columns = {**SHOP["tables"]["events"]["columns"], "quantity": 1}
    assert shop(columns=columns).table("events").columns["quantity"] == "1"


def test_the_fingerprint_of_a_mapping_follows_its_expressions() -> None:
    assert shop().table("events").fingerprint() == shop().table("events").fingerprint()
    assert shop(reject={}).table("events").fingerprint() != shop().table("events").fingerprint()
