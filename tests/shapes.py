"""Small exports in the shapes that shops and public data sets have, all of one made-up shop.

    .venv/bin/python -m tests.shapes shopify FOLDER

Sixty customers buy what their own group likes of 24 products, four weeks long.
"""

from __future__ import annotations

import csv
import datetime as dt
import json
import random
import sys
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import NamedTuple
from zoneinfo import ZoneInfo

FIRST = dt.datetime(2026, 3, 2)
DAYS, USERS, ITEMS, GROUPS, EVENTS_A_DAY = 28, 60, 24, 3, 70
NAMES = ("Strap top", "Rib top", "Slim jean", "Chino", "Runner", "Loafer")
COLOURS = ("Black", "White", "Navy", "Olive")
CATEGORIES = ("Vest", "Trousers", "Shoes")


class Event(NamedTuple):
    number: int
    at: dt.datetime
    user: int
    item: int
    kind: str  # view, cart or purchase


def events() -> list[Event]:
    """Return what happened, in order."""
    dice = random.Random(7)
    made = []
    for day in range(DAYS):
        for second in sorted(dice.randrange(86_400) for _ in range(EVENTS_A_DAY)):
            user = dice.randrange(USERS)
            group = user % GROUPS if dice.random() < 0.9 else dice.randrange(GROUPS)
            item = group * ITEMS // GROUPS + min(int(dice.expovariate(0.4)), ITEMS // GROUPS - 1)
            kind = dice.choices(("view", "cart", "purchase"), (5, 2, 5))[0]
            made.append(Event(len(made), FIRST + dt.timedelta(days=day, seconds=second), user, item, kind))
    return made


def title(item: int) -> str:
    return f"{NAMES[item // 4]} - {COLOURS[item % 4]}"


def price(item: int) -> float:
    return 9.95 + 5 * (item % 5)


def category(item: int) -> str:
    return CATEGORIES[item * GROUPS // ITEMS]


def table(
    path: Path, header: Sequence[str], rows: Iterable[Sequence[object]], delimiter: str = ",", encoding: str = "utf-8"
) -> None:
    with path.open("w", newline="", encoding=encoding) as stream:
        writer = csv.writer(stream, delimiter=delimiter, lineterminator="\n")
        writer.writerow(header)
        writer.writerows(rows)


def purchases() -> list[Event]:
    return [event for event in events() if event.kind == "purchase"]


def shopify(folder: Path) -> None:
    """Orders with a line a product, what holds for the order on its first line only; products with variants."""
    zone, rows = ZoneInfo("America/New_York"), []
    for number, event in enumerate(purchases()):
        at = event.at.replace(tzinfo=zone).strftime("%Y-%m-%d %H:%M:%S %z")
        cancelled = at if number % 50 == 7 else ""
        lines = [event.item, (event.item + 1) % ITEMS][: 1 + number % 2]
        email = "" if number % 25 == 3 else f"customer{event.user}@example.com"
        for place, item in enumerate(lines):
            head = ("paid", "USD") if place == 0 else ("", "")
            rows.append(
                (f"#{1001 + number}", email, *head, at, 1, title(item), f"{price(item):.2f}", f"SKU-{item:04}",
                 cancelled if place == 0 else "")
            )  # fmt: skip
    order = "Name,Email,Financial Status,Currency,Created at,Lineitem quantity,Lineitem name,Lineitem price"
    table(folder / "orders_export.csv", f"{order},Lineitem sku,Cancelled at".split(","), rows)
    products = []
    for item in range(ITEMS):
        name, first = NAMES[item // 4], item % 4 == 0
        described = (name, f'<p class="lead">{name},\nmade to last.</p>', category(item)) if first else ("", "", "")
        products.append(
            (
                name.lower().replace(" ", "-"),
                *described,
                COLOURS[item % 4],
                f"SKU-{item:04}",
                item % 6,
                f"{price(item):.2f}",
            )
        )
    columns = "Handle,Title,Body (HTML),Type,Option1 Value,Variant SKU,Variant Inventory Qty,Variant Price"
    table(folder / "products_export.csv", columns.split(","), products)
    people = [(f"'70{user:08}", f"customer{user}@example.com", ("US", "CA")[user % 2], "0.00") for user in range(USERS)]
    table(
        folder / "customers_export.csv", ["Customer ID", "Email", "Default Address Country Code", "Total Spent"], people
    )


def retailrocket(folder: Path) -> None:
    """A log in milliseconds, and items as one property a row, once a week."""
    kinds = {"view": "view", "cart": "addtocart", "purchase": "transaction"}
    log = [
        (_seconds(e) * 1000 + e.number, 250_000 + e.user * 37, kinds[e.kind], 355_000 + e.item * 37,
         13_000 + e.number if e.kind == "purchase" else "")
        for e in events()
    ]  # fmt: skip
    table(folder / "events.csv", ("timestamp", "visitorid", "event", "itemid", "transactionid"), log)
    properties: list[tuple[object, ...]] = []
    for week in range(4):
        at = int(FIRST.replace(tzinfo=dt.UTC).timestamp() + week * 7 * 86_400) * 1000
        for item in range(ITEMS):
            key = (at, 355_000 + item * 37)
            properties += [
                (*key, "categoryid", 1000 + item * GROUPS // ITEMS), (*key, "available", int((item + week) % 9 > 0)),
                (*key, "790", f"n{price(item) * 1000:.3f}"),
            ]  # fmt: skip
    table(folder / "item_properties.csv", ("timestamp", "itemid", "property", "value"), properties)
    table(folder / "category_tree.csv", ("categoryid", "parentid"), [(1000 + group, 1) for group in range(GROUPS)])


def movielens(folder: Path) -> None:
    """Ratings in seconds over many years, and films with their genres in one text."""
    old = [
        Event(0, dt.datetime(2001, 6, 3, 12) + dt.timedelta(days=90 * year), year, year, "view") for year in range(20)
    ]
    ratings = [
        (e.user + 1, e.item * 7 + 1, (2.5, 3.0, 4.5)[("view", "cart", "purchase").index(e.kind)], _seconds(e))
        for e in [*old, *events()]
    ]
    table(folder / "ratings.csv", ("userId", "movieId", "rating", "timestamp"), sorted(ratings))
    genres = ("Drama", "Action|Thriller", "(no genres listed)")
    films = [
        (item * 7 + 1, f"{title(item)}, The ({1970 + item})", genres[item * GROUPS // ITEMS]) for item in range(ITEMS)
    ]
    table(folder / "movies.csv", ("movieId", "title", "genres"), films)


def fashion(folder: Path) -> None:
    """Till rows by day, ids with leading zeros; articles and customers as they are today."""
    code = [f"0{108_775_015 + item * 31}" for item in range(ITEMS)]
    rows = [
        (f"{e.at:%Y-%m-%d}", f"{e.user:064x}", code[e.item], price(e.item) / 590, 1 + e.number % 2) for e in purchases()
    ]
    table(folder / "transactions_train.csv", ("t_dat", "customer_id", "article_id", "price", "sales_channel_id"), rows)
    articles = [(code[i], code[i][:7], NAMES[i // 4], category(i), COLOURS[i % 4]) for i in range(ITEMS)]
    columns = "article_id,product_code,prod_name,product_type_name,colour_group_name"
    table(folder / "articles.csv", columns.split(","), articles)
    people = [(f"{user:064x}", ("ACTIVE", "PRE-CREATE")[user % 2], 18 + user) for user in range(USERS)]
    table(folder / "customers.csv", ("customer_id", "club_member_status", "age"), people)


def tracking(folder: Path) -> None:
    """A customer data platform's events: products stand inside the properties, those of an order in an array."""
    names = {"view": "Product Viewed", "cart": "Product Added", "purchase": "Order Completed"}
    with (folder / "events.jsonl").open("w", encoding="utf-8") as stream:
        for e in events():
            one = {"product_id": f"P{e.item:03}", "price": price(e.item), "quantity": 1}
            if e.kind == "purchase":
                other = {
                    "product_id": f"P{(e.item + 1) % ITEMS:03}",
                    "price": price((e.item + 1) % ITEMS),
                    "quantity": 1,
                }
                properties = {
                    "order_id": f"O{e.number}",
                    "currency": "GBP",
                    "products": [one, other][: 1 + e.number % 2],
                }
            else:
                properties = {**one, "name": title(e.item), "category": category(e.item)}
            event = {"type": "track", "event": names[e.kind], "properties": properties}
            if e.number % 12 == 5:
                event = {"type": "page", "properties": {"path": "/"}}
            who = {"anonymousId": f"anon-{e.user:05}", **({} if e.number % 3 == 0 else {"userId": f"U{e.user:05}"})}
            at = f"{e.at:%Y-%m-%dT%H:%M:%S}.602Z"
            stream.write(json.dumps({"messageId": f"m-{e.number:06}", **event, **who, "timestamp": at}) + "\n")


def erp(folder: Path) -> None:
    """A German ERP's invoices and credit notes, saved by Excel: semicolons, decimal commas, cp1252, a sum line."""
    rows: list[tuple[object, ...]] = []
    for number, event in enumerate(purchases()):
        kind, sign = ("Gutschrift", -1) if number % 20 == 9 else ("Rechnung", 1)
        for pos, item in enumerate([event.item, (event.item + 1) % ITEMS][: 1 + number % 2], start=1):
            cost = f"{price(item) * (200 if number == 5 else 1):,.2f} €".translate(str.maketrans(",.", ".,"))
            ids = (70_001 + number, pos, f"{event.user:05}", f"{item:06}")
            rows.append((*ids, f"{title(item)} für Größe 3; Stück", sign, cost, f"{event.at:%d.%m.%Y}", kind, "", ""))
    rows.append(("Summe", "", "", "", "", len(rows), "", "", "", "", ""))
    columns = "Belegnr.;Pos;Kd-Nr;Artikel-Nr;Bezeichnung;Menge;VK-Preis;Belegdatum;Belegart;;"
    table(folder / "belege.csv", columns.split(";"), rows, ";", "cp1252")
    articles = []
    for item in range(ITEMS):
        named = (f"{item:06}", f"{title(item)} für Größe 3", category(item))
        articles.append((*named, f"{price(item):.2f}".replace(".", ","), item % 6, "01.03.2026"))
    columns = "Artikel-Nr;Bezeichnung;Warengruppe;Preis;Bestand;Geändert"
    table(folder / "artikel.csv", columns.split(";"), articles, ";", "cp1252")
    people = [(f"{user:05}", ("Köln", "Ulm", "Zürich")[user % 3], "01.03.2026") for user in range(USERS)]
    table(folder / "kunden.csv", ["Kd-Nr", "Ort", "Geändert"], people, ";", "cp1252")


def _seconds(event: Event) -> int:
    return int(event.at.replace(tzinfo=dt.UTC).timestamp())


SHAPES: dict[str, Callable[[Path], None]] = {
    made.__name__: made for made in (shopify, retailrocket, movielens, fashion, tracking, erp)
}


def write_shape(name: str, folder: Path) -> Path:
    """Write the files of a shape to `folder` and return it."""
    folder.mkdir(parents=True, exist_ok=True)
    SHAPES[name](folder)
    return folder


if __name__ == "__main__":
    write_shape(sys.argv[1], Path(sys.argv[2]))
