"""The nights' results, in words that a newcomer understands."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from typing import Any

from rich.table import Table

from devstack.progress import Display
from include.columns import ITEMS, TABLES, USERS
from include.errors import NightshelfError
from include.lake import Lake, list_days, load_days, load_manifest
from include.serving.database import Connection, connect
from include.serving.statements import statement
from include.settings import Settings

COUNTS = ("landed", "ingested", "duplicates", "quarantined")
MODELS = {
    "challenger": "this night's model",
    "champion": "the champion before",
    "incumbent": "the champion before",  # in decisions of former releases
    "popularity": "popularity",
}
METRICS = ("recall", "ndcg", "coverage")
PROBLEMS = 5


def row_accounts(lake: Lake, last: dt.date) -> dict[str, dict[str, int]]:
    """Return by table how many rows of the days up to `last` were landed, ingested, duplicate and quarantined."""
    accounts = {}
    for table in TABLES:
        days = [day for day in list_days(lake, table) if day <= last]
        manifests = load_days(lake, table, days).values()
        accounts[table] = {name: sum(manifest.counts.get(name, 0) for manifest in manifests) for name in COUNTS}
        accounts[table]["days"] = len(days)
    return accounts


def show_summary(display: Display, settings: Settings, lake: Lake, last_night: dt.date) -> None:
    """Show what the nights gave, and say so where something is not there yet."""
    display.say()
    display.say(f"Nightshelf, data set {settings.dataset}, up to the night of {last_night}", style="bold")
    _show_accounts(display, row_accounts(lake, last_night))
    with connect(settings.analyst_url, "summary") as connection:
        _show_landing(display, _one(connection, "landing"))
        live = _one(connection, "live")
        if live is None:
            display.say("No batch is live yet.")
        else:
            _show_night(display, lake, connection, live)
    display.say()


def _show_landing(display: Display, compared: Mapping[str, Any] | None) -> None:
    """Say what the last night found missing, late or changed in the landing zone."""
    if compared is None or not compared["differences"]:
        return
    display.say()
    display.say(f"Landing zone  {compared['differences']} days or files are not as in the lake:", style="yellow")
    for problem in compared["problems"][:PROBLEMS]:
        display.say(f"              - {problem}")


def _show_night(display: Display, lake: Lake, connection: Connection, live: Mapping[str, Any]) -> None:
    decision = _one(connection, "decision", run_date=live["run_date"])
    if decision is not None:
        _show_metrics(display, decision)
    knows = _training_counts(lake, str(live["batch_id"]))
    display.say()
    if knows:
        display.say(f"Known         {knows.get(USERS, 0):,} users, {knows.get(ITEMS, 0):,} items")
    full = f", {live['shortfall']:,} of them with short lists" if live["shortfall"] else ""
    display.say(f"Served        {live['users']:,} users with {live['recommendations']:,} recommendations{full}")
    display.say(f"Live batch    {live['batch_id']}, model {live['model_version']}, checksum {live['checksum']}")
    customer = _one(connection, "customer")
    if customer is not None:
        _show_shelf(display, str(customer["user_id"]), _all(connection, "shelf", user_id=customer["user_id"]))


def _show_accounts(display: Display, accounts: Mapping[str, Mapping[str, int]]) -> None:
    table = _numbers("rows", "days", *COUNTS)
    for name, counts in accounts.items():
        table.add_row(name, *(f"{counts[key]:,}" for key in ("days", *COUNTS)))
    display.console.print(table)


def _show_metrics(display: Display, decision: Mapping[str, Any]) -> None:
    metrics = decision["metrics"]
    k = metrics.get("k", "k")
    table = _numbers("held-out days", *(f"{name}@{k}" for name in METRICS))
    for key, label in MODELS.items():
        if key in metrics:
            table.add_row(label, *(_figure(metrics[key].get(name)) for name in METRICS))
    display.say()
    display.console.print(table)
    display.say()
    verdict = {"promote": "promote: the night's model serves", "keep": "keep: the champion goes on serving"}
    display.say(f"Decision      {verdict.get(decision['decision'], decision['decision'])}, because")
    for reason in decision["reasons"]:
        display.say(f"              - {reason}")


def _numbers(first: str, *others: str) -> Table:
    """Return a table of which all columns but the first hold numbers."""
    table = Table(first, box=None, pad_edge=False, header_style="dim")
    for name in others:
        table.add_column(name, justify="right")
    return table


def _show_shelf(display: Display, user: str, rows: Sequence[Mapping[str, Any]]) -> None:
    table = Table(box=None, pad_edge=False, show_header=False, padding=(0, 2, 0, 0))
    for _ in range(3):
        table.add_column(no_wrap=True)
    for row in rows:
        table.add_row(str(row["rank"]), str(row["title"] or row["item_id"]), str(row["reason_text"] or ""))
    display.say()
    display.say(f"The shelf of customer {user}:")
    display.console.print(table)


def show_places(display: Display, settings: Settings, airflow: str) -> None:
    """Show what to look at next; `airflow` says where that is and as whom to log in."""
    display.say(f"Airflow       {airflow}")
    display.say("MLflow        make mlflow")
    display.say("SQL prompt    make psql, or make psql SQL='select * from nightly_runs'")
    display.say(f"Everything    {settings.home}; make status, make down")


def _training_counts(lake: Lake, batch_id: str) -> dict[str, int]:
    """Return how many users and items the live batch's training set knows; nothing when it is gone."""
    try:
        folder = load_manifest(lake, f"batches/{batch_id}").details["training_set"]
        return dict(load_manifest(lake, folder).counts)
    except (NightshelfError, KeyError):
        return {}


def _figure(value: object) -> str:
    return f"{value:.4f}" if isinstance(value, float | int) else "-"


def _all(connection: Connection, name: str, **parameters: object) -> list[dict[str, Any]]:
    with connection.cursor() as cursor:
        cursor.execute(statement(f"summary/{name}"), parameters)
        names = [column.name for column in cursor.description or ()]
        return [dict(zip(names, row, strict=True)) for row in cursor.fetchall()]


def _one(connection: Connection, name: str, **parameters: object) -> dict[str, Any] | None:
    rows = _all(connection, name, **parameters)
    return rows[0] if rows else None
