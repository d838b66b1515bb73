from __future__ import annotations

import copy
from typing import Any

import pytest
from pydantic import ValidationError

from include.contract import Dataset
from include.contract.source import Delivery, SourceMapping
from tests.include.contract.mappings import SHOP

GOODS = {"files": ["goods*"], "required": ["id", "name"], "columns": {"item_id": "id", "title": "name"}}
STOCK = {
    "files": ["stock*"],
    "required": ["id"],
    "optional": ["left"],
    "columns": {"item_id": "id", "in_stock": "left > 0"},
}


def dataset(table: str, **mapping: Any) -> Dataset:
    values = copy.deepcopy(SHOP)
    values["tables"][table] = mapping
    return Dataset.model_validate(values)


def source(columns: dict[str, str], *names: str) -> SourceMapping:
    looks = Delivery.model_validate({"required": names})
    return SourceMapping(source=looks, land=None, columns=columns, reject={}, missing={})


def test_several_sources_are_parts_that_add_up() -> None:
    table = dataset("items", sources=[GOODS, STOCK], reject={"test": "item_id = 'x'"}, delivery="whole").table("items")
    goods, stock = table.parts
    assert (goods.source.columns, stock.source.columns) == (("id", "name"), ("id", "left"))
    assert (goods.elsewhere, stock.elsewhere) == (("in_stock",), ("title",))
    assert goods.reject == stock.reject == {"test": "item_id = 'x'"}
    assert table.mapped == {"item_id", "title", "in_stock"}


def test_one_source_is_one_part() -> None:
    (part,) = Dataset.model_validate(SHOP).table("items").parts
    assert (part.elsewhere, part.source.files, part.attributes["maker"]) == ((), ("*",), "maker")


@pytest.mark.parametrize(
    ("table", "mapping", "message"),
    [
        ("items", {"sources": [STOCK]}, "no source maps title"),
        ("items", {"sources": [{**GOODS, "columns": {"title": "name"}}]}, "lacks item_id"),
        ("items", {"sources": [GOODS], "columns": {"item_id": "id"}}, "columns, attributes and land are in each"),
        ("items", {"sources": [GOODS], "source": {"required": ["id"]}}, "both source and sources"),
        ("items", {"columns": {"item_id": "id"}}, "lacks source"),
        ("items", {"sources": [{**GOODS, "attributes": {"a": "name"}, "land": {"columns": ["x"]}}]}, "land uses x"),
        ("items", {"sources": [GOODS], "missing": {"colour": ["-"]}}, "missing has colour"),
        ("events", {"sources": [{**GOODS, "columns": {"event_id": "id"}}]}, "lacks user_id|lacks item_id"),
        ("items", {"sources": [{**GOODS, "decimal": ",", "thousands": ","}]}, "cannot separate both"),
        ("items", {"sources": [{**GOODS, "required": ["id", "Ingest_Date"]}]}, "names Ingest_Date"),
        ("items", {"sources": [{**GOODS, "delimiter": "\n"}]}, "cannot be delimiter and quote"),
        ("items", {"sources": [{**GOODS, "encoding": "base64"}]}, "no encoding 'base64' of text"),
    ],
)
def test_sources_that_do_not_fit_are_refused(table: str, mapping: dict[str, Any], message: str) -> None:
    with pytest.raises(ValidationError, match=message):
        dataset(table, **mapping)


def test_a_time_zone_is_known_by_its_iana_name() -> None:
    assert Dataset.model_validate({**SHOP, "time_zone": "Europe/Berlin"}).zone.key == "Europe/Berlin"
    for name in ("CEST", "Europe/Nowhere", "../etc", ""):
        with pytest.raises(ValidationError, match="there is no time zone"):
            Dataset.model_validate({**SHOP, "time_zone": name})


@pytest.mark.parametrize(
    ("expression", "columns"),
    [
        ("upper(Preis)", {"Preis"}),
        ("'Preis'", set()),
        ("`VK-Preis` * 2", {"VK-Preis"}),
        ("if(preis > 0, `a``b`, p.q.id)", {"Preis", "a`b", "p.q.id"}),
        ('Preise + "Preis" + x.Preis', set()),
        ("replace(Preis, '\\'', '')", {"Preis"}),
    ],
)
def test_the_columns_that_an_expression_names(expression: str, columns: set[str]) -> None:
    assert source({}, "Preis", "VK-Preis", "a`b", "p.q.id").columns_in(expression) == columns


def test_a_column_is_absent_only_without_all_that_it_is_made_of() -> None:
    part = source({"item_id": "id", "title": "coalesce(name, old_name)", "category": "'all'"}, "id", "name", "old_name")
    assert part.absent(["name"]) == []
    assert part.absent(["name", "old_name"]) == ["title"]


def test_numbers_are_the_columns_of_number_expressions_but_no_ids() -> None:
    columns = {
        "item_id": "Artikel",
        "price": "Preis",
        "quantity": "if(Artikel = 'x', `Menge`, 1)",
        "event_type": "if(Menge < 0, 'a', 'b')",
    }
    part = source(columns, "Artikel", "Preis", "Menge")
    assert part.number_columns(["price", "quantity"]) == {"Preis", "Menge"}
