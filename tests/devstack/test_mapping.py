import io
from pathlib import Path
from typing import Any

from rich.console import Console

from devstack.mapping import show_trial
from devstack.progress import Display


def shown(known: float) -> str:
    events = {"landed": 1200, "ingested": 1000, "duplicates": 50, "quarantined": 150}
    reasons = {
        "cancelled": {"rows": 30, "example": 'cancelled: {"id":"7"}'},
        "item_id is missing": {"rows": 120, "example": "item_id is missing: " + "x" * 1000},
    }
    none = dict.fromkeys(events, 0)
    tables: dict[str, Any] = {"events": {**events, "reasons": reasons}, "items": {**none, "reasons": {}}}
    result = {"mapping": "/data/shop.yaml", "tables": tables, "events_with_known_item": known, "unused": []}
    text = io.StringIO()
    show_trial(Display(Console(file=text, width=120, soft_wrap=True)), result, Path("/data/shop"))
    return text.getvalue()


def test_the_trial_is_shown_with_the_most_frequent_reason_first() -> None:
    text = shown(known=1.0)
    assert "1,200" in text and "1,000" in text
    assert text.index("120 of events set aside: item_id is missing") < text.index("30 of events set aside: cancelled")
    assert "x" * 200 in text and "x" * 400 not in text
    assert text.endswith("make nightly DATASET=/data/shop.yaml SOURCE=/data/shop\n")
    assert "catalogue" not in text


def test_events_whose_items_nobody_knows_are_told() -> None:
    assert "Only 3% of the events have an item of the catalogue" in shown(known=0.03)
