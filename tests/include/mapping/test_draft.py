"""First mappings of exports in many shapes, as text; `tests/jobs/test_shapes.py` runs six of them."""

from __future__ import annotations

import datetime as dt
import json
from pathlib import Path

import pytest

from include.contract import Dataset, load_dataset
from include.errors import InputError
from include.mapping.draft import draft_mapping
from include.mapping.write import write_mapping
from tests.shapes import SHAPES, write_shape


def mapped(folder: Path) -> Dataset:
    text = write_mapping(draft_mapping(folder))
    (folder / "mapping.yaml").write_text(text)
    return load_dataset(str(folder / "mapping.yaml"))


def columns(dataset: Dataset, table: str) -> dict[str, str]:
    (part,) = dataset.table(table).parts
    return part.columns


@pytest.mark.parametrize("name", SHAPES)
def test_the_six_shapes_are_mapped_whole(name: str, tmp_path: Path) -> None:
    dataset = mapped(write_shape(name, tmp_path / name))
    assert {"event_id", "user_id", "item_id", "event_type", "event_ts", "quantity"} <= set(columns(dataset, "events"))
    assert {"item_id", "title", "category"} <= set(columns(dataset, "items"))
    assert dataset.policy_override == ({} if name == "movielens" else {"evaluation": {"holdout_days": 7}})


def test_orders_of_shopify(tmp_path: Path) -> None:
    dataset = mapped(write_shape("shopify", tmp_path))
    assert dataset.time_zone == "America/New_York"
    assert columns(dataset, "events")["user_id"] == columns(dataset, "users")["user_id"] == "Email"
    assert columns(dataset, "events")["order_id"] == "Name"
    assert dataset.tables.events.reject == {
        "cancelled": "max(source.`Cancelled at`) over (partition by source.Name) is not null"
    }
    title = "concat_ws(' - ', coalesce(Title, max(Title) over (partition by Handle, ingest_date)), `Option1 Value`)"
    assert columns(dataset, "items")["title"] == title


def test_properties_of_retailrocket(tmp_path: Path) -> None:
    dataset = mapped(write_shape("retailrocket", tmp_path))
    items = dataset.tables.items
    assert items.source and items.source.partial and items.land and items.land.day_format == "epoch_ms"
    assert items.columns["category"] == "if(property = 'categoryid', value, null)"
    assert items.columns["in_stock"] == "if(property = 'available', value, null)"
    assert items.columns["price"] == "if(property = '790', substring(value, 2), null)"
    types = columns(dataset, "events")["event_type"]
    assert "when 'addtocart' then 'cart'" in types and "when 'transaction' then 'purchase'" in types
    assert dataset.tables.users.land and dataset.tables.users.land.distinct == "range"


def test_ratings_of_movielens(tmp_path: Path) -> None:
    dataset = mapped(write_shape("movielens", tmp_path))
    assert columns(dataset, "events")["event_type"] == "if(try_cast(rating as double) >= 4, 'purchase', 'view')"
    assert columns(dataset, "items")["category"] == "nullif(trim(split(genres, '[|]')[0]), '(no genres listed)')"
    assert dataset.first_day == dt.date(2025, 2, 23)
    assert dataset.tables.items.land and dataset.tables.items.land.day is None


def test_nested_products_of_a_tracking_export(tmp_path: Path) -> None:
    dataset = mapped(write_shape("tracking", tmp_path))
    events = dataset.tables.events
    assert events.source and events.source.explode == "properties.products"
    assert events.columns["event_id"] == "concat_ws('-', messageId, explode_position)"
    assert events.columns["item_id"] == "coalesce(`properties.products.product_id`, `properties.product_id`)"
    assert events.columns["user_id"] == "coalesce(userId, anonymousId)"
    assert "other_event" in events.reject
    items = dataset.tables.items
    assert items.source and items.source.explode is None and items.columns["title"] == "`properties.name`"
    assert items.land and items.land.skip_without == ("properties.name",)


def test_invoices_of_a_german_erp(tmp_path: Path) -> None:
    dataset = mapped(write_shape("erp", tmp_path))
    events = dataset.tables.events
    assert events.source
    assert (events.source.delimiter, events.source.encoding) == (";", "cp1252")
    assert (events.source.decimal, events.source.thousands) == (",", ".")
    assert events.columns["event_id"] == "concat_ws('-', `Belegnr.`, Pos)"
    assert events.reject["sum_line"] == "source.`Belegnr.` in ('Summe')"
    assert dataset.time_zone == "Europe/Berlin"


def test_zeros_that_one_file_has_lost_are_put_back(tmp_path: Path) -> None:
    write_shape("fashion", tmp_path)
    lines = (tmp_path / "articles.csv").read_text().splitlines()
    (tmp_path / "articles.csv").write_text("\n".join([lines[0], *(line[1:] for line in lines[1:])]) + "\n")
    assert columns(mapped(tmp_path), "items")["item_id"] == "lpad(article_id, 10, '0')"


def test_orders_of_woocommerce(tmp_path: Path) -> None:
    order = "Order ID,Order Date,Status,Customer User ID,Billing Email,SKU,Item #,Quantity,Item Cost"
    rows = [
        f"{100 + n // 2},2026-01-{1 + n // 8:02} 10:00:00,{'wc-cancelled' if n > 90 else 'wc-completed'},{n % 3},"
        f"c{n % 20}@x.com,MUG-{n % 9},{n % 2},1,9.99"
        for n in range(100)
    ]
    (tmp_path / "orders.csv").write_text("\n".join([order, *rows]) + "\n")
    products = [f'{n},MUG-{n},"Mug, {n}",{n % 2},"Kitchen > Mugs, Sale"' for n in range(9)]
    (tmp_path / "products.csv").write_text("\n".join(["ID,SKU,Name,In stock?,Categories", *products]) + "\n")
    dataset = mapped(tmp_path)
    assert columns(dataset, "events")["event_id"].startswith("md5(")
    assert columns(dataset, "items")["in_stock"] == "`In stock?`"
    assert columns(dataset, "items")["category"] == "trim(split(Categories, '[,]')[0])"
    assert dataset.tables.events.reject["cancelled"] == "source.Status in ('wc-cancelled')"


def test_files_by_month_of_one_log(tmp_path: Path) -> None:
    for month in ("Jan", "Feb"):
        rows = [
            f"2026-01-0{1 + n % 9} 00:00:0{n % 9} UTC,{('view', 'cart', 'purchase')[n % 3]},{n % 7},{n % 5}"
            for n in range(60)
        ]
        (tmp_path / f"2026-{month}.csv").write_text(
            "\n".join(["event_time,event_type,product_id,user_id", *rows]) + "\n"
        )
    (part,) = mapped(tmp_path).tables.events.parts
    assert part.land and part.land.files == ("2026-*.csv",)


def test_clicks_and_buys_are_two_sources(tmp_path: Path) -> None:
    rows = [f"{n // 3},2026-01-0{1 + n % 9}T00:00:00.000Z,{n % 7}" for n in range(60)]
    for kind in ("clicks", "buys"):
        (tmp_path / f"{kind}.csv").write_text("\n".join(["session_id,timestamp,item_id", *rows]) + "\n")
    parts = mapped(tmp_path).tables.events.parts
    assert {part.source.files: part.columns["event_type"] for part in parts} == {
        ("buys.csv",): "'purchase'",
        ("clicks.csv",): "'view'",
    }


def test_ga4_events_with_items(tmp_path: Path) -> None:
    kinds = ("page_view", "view_item", "add_to_cart", "purchase")
    with (tmp_path / "events.jsonl").open("w") as stream:
        for n in range(80):
            item = {"item_id": f"S{n % 9}", "item_name": f"Thing {n % 9}", "price": 9.5, "quantity": 1}
            at = (1767225600 + n * 3600) * 1_000_000
            event = {"event_timestamp": str(at), "event_name": kinds[n % 4], "user_pseudo_id": f"{n % 11}.5"}
            stream.write(json.dumps({**event, "event_params": [{"key": "x"}], "items": [item] if n % 4 else []}) + "\n")
    dataset = mapped(tmp_path)
    events = dataset.tables.events
    assert events.source and events.source.explode == "items"
    assert events.land and events.land.day_format == "epoch_us"
    assert events.columns["event_ts"] == "timestamp_micros(try_cast(event_timestamp as bigint))"
    assert events.columns["user_id"] == "user_pseudo_id"
    assert columns(dataset, "items")["title"] == "`items.item_name`"


def test_placeholders_of_anonymous_customers_are_named(tmp_path: Path) -> None:
    users = ["guest", "0", "K1", "K2", "K3", "0", "0"]
    rows = [f"{n},2026-01-01,{users[n % 7]},P{n % 5},1" for n in range(70)]
    (tmp_path / "sales.csv").write_text("\n".join(["id,date,customer,product,qty", *rows]) + "\n")
    assert mapped(tmp_path).tables.events.missing == {"user_id": ("0", "guest")}


def test_tables_that_must_be_joined_first_are_refused_with_what_each_has(tmp_path: Path) -> None:
    (tmp_path / "orders.csv").write_text(
        "order_id,user_id,order_dow\n" + "".join(f"{n},{n % 9},1\n" for n in range(40))
    )
    lines = "".join(f"{n // 2},{n % 7},{n % 2}\n" for n in range(80))
    (tmp_path / "order_products.csv").write_text(f"order_id,product_id,reordered\n{lines}")
    with pytest.raises(InputError, match=r"order_products\.csv has item; orders\.csv has customer") as refused:
        draft_mapping(tmp_path)
    assert "(from 'orders.csv' join 'order_products.csv' using (order_id)) to 'events.csv'" in refused.value.remedy
