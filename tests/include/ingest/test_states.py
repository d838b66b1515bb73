"""Items and users: the latest state stays, and what a source says nothing of is not empty."""

from __future__ import annotations

import datetime as dt
from typing import Any

import pytest

from include.contract import Dataset
from include.lake import Lake
from tests.include.contract.mappings import DAY, SHOP, deliver
from tests.include.ingest.days import reasons, rows

pytestmark = pytest.mark.spark


def test_of_equal_items_the_latest_state_stays(ingest: Any, landing: Lake, lake: Lake) -> None:
    text = "article,name,price,stock,since,maker,changed\n" + "".join(
        [
            "milk,Old,1,no,,,2026-03-01\n",
            "milk,New,1.5,,2026-02-01,Farm,2026-03-02 10:00:00\n",
            "milk,Undated,1,,,,\n",
            "tea,First,,,,,\n",
            "tea,Second,,false,,,\n",
            "jam,Jam,,perhaps,,,\n",
            "ham,,,,,,\n",
            "egg,Egg,,,soon,,2026-03-03\n",
        ]
    )
    deliver(landing, "items", DAY, {"a.csv": text})
    assert ingest("items") == (8, 2, 3, 3)
    milk, tea = rows(lake, "items")
    assert milk == {
        "item_id": "MILK",
        "title": "New",
        "category": None,
        "price": 1.5,
        "in_stock": True,
        "launched_on": dt.date(2026, 2, 1),
        "updated_ts": dt.datetime(2026, 3, 2, 10, tzinfo=dt.UTC),
        "currency": None,
        "attributes": [("maker", "Farm"), ("initial", "N")],
    }
    assert (tea["title"], tea["in_stock"], tea["attributes"]) == ("Second", False, [("initial", "S")])
    assert sorted(reasons(lake, "items").values()) == [
        ["in_stock=perhaps is not true or false"],
        ["launched_on=soon is not a date", "updated_ts=2026-03-03 is after the day of its delivery in UTC"],
        ["title is missing"],
    ]


STOCK: dict[str, Any] = {
    "files": ["stock_*"],
    "required": ["article", "stock"],
    "optional": ["maker"],
    "columns": {"item_id": "upper(article)", "in_stock": "stock"},
    "attributes": {"maker": "maker"},
}


GOODS: dict[str, Any] = {
    "files": ["goods_*"],
    "required": ["article", "name"],
    "optional": ["price"],
    "columns": {"item_id": "upper(article)", "title": "name", "price": "price"},
    "attributes": {"initial": "left(name, 1)"},
}


def with_items(**items: Any) -> Dataset:
    return Dataset.model_validate({**SHOP, "tables": {**SHOP["tables"], "items": items}})


def test_what_a_source_says_nothing_of_is_absent_and_not_empty(ingest: Any, landing: Lake, lake: Lake) -> None:
    files = {
        "goods_1.csv": "article,name,price\nmilk,Milk,1.5\ntea,Tea,\n,Nothing,1\n",
        "stock_1.csv": "article,stock,maker\nmilk,no,Farm\njam,yes,\n",
        "stock_2.csv": "article,stock\ntea,no\n",
    }
    deliver(landing, "items", DAY, files)
    assert ingest("items", dataset=with_items(sources=[GOODS, STOCK])) == (6, 3, 2, 1)
    stored = {row["item_id"]: row for row in rows(lake, "items")}
    assert {name: (row["title"], row["price"], row["in_stock"]) for name, row in stored.items()} == {
        "MILK": ("Milk", 1.5, False),
        "TEA": ("Tea", None, False),
        "JAM": (None, None, True),
    }
    assert {name: sorted(row["absent"]) for name, row in stored.items()} == {
        "MILK": [],
        "TEA": ["maker"],
        "JAM": ["initial", "price", "title"],
    }
    assert dict(stored["MILK"]["attributes"]) == {"maker": "Farm", "initial": "M"}


def test_rows_that_each_carry_one_property_become_one(ingest: Any, landing: Lake, lake: Lake) -> None:
    source = {
        "required": ["article", "property", "value", "changed"],
        "partial": True,
    }
    columns = {
        "item_id": "article",
        "title": "if(property = 'name', value, null)",
        "category": "if(property = 'category', value, null)",
        "updated_ts": "changed",
    }
    attributes = {"maker": "if(property = 'maker', value, null)", "size": "if(property = 'size', value, null)"}
    lines = [
        "maker,Ox,2026-03-01",
        "name,Old,2026-03-01",
        "name,New,2026-03-02",
        "size,L,2026-03-02",
        "odd,1,2026-03-02",
    ]
    text = "article,property,value,changed\n" + "".join(f"milk,{line}\n" for line in lines)
    deliver(landing, "items", DAY, {"a.csv": text})
    sources = [{**source, "columns": columns, "attributes": attributes}]
    assert ingest("items", dataset=with_items(sources=sources)) == (5, 1, 4, 0)
    (milk,) = rows(lake, "items")
    assert (milk["title"], milk["category"], dict(milk["attributes"])) == ("New", None, {"maker": "Ox", "size": "L"})
    assert "category" in milk["absent"]
    assert "title" not in milk["absent"]


def test_users_without_attributes_have_an_empty_map(ingest: Any, landing: Lake, lake: Lake) -> None:
    deliver(landing, "users", DAY, {"a.csv": "customer,town\nann,\n,Rome\n"})
    assert ingest("users") == (2, 1, 0, 1)
    (ann,) = rows(lake, "users")
    assert (ann["user_id"], ann["segment"], ann["attributes"]) == ("ann", None, [])
