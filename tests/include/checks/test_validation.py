"""The checks of a day: what stops the night, what only warns, and what a person reads then."""

from __future__ import annotations

import datetime as dt
import json
import logging
from typing import Any

import pytest

from include.checks.validation import Report, raise_if_broken, summary, validate_day
from include.errors import MissingArtifactError, ValidationError
from include.lake import Lake, open_folder
from include.policy import load_policy
from tests.include.checks.partitions import GOOD, commit_day, commit_rows
from tests.include.contract.mappings import DAY, NEXT_DAY

POLICY = load_policy({"quality": {"max_quarantined_share": 0.5, "warn_quarantined_share": 0.2}})


def broken(report: Report, severity: str) -> list[tuple[str, str, str]]:
    return [(finding.table, finding.rule, finding.column) for finding in report.broken(severity)]


def events(*changes: dict[str, Any]) -> list[dict[str, Any]]:
    """Return one good event per change, each with its own id."""
    return [{**GOOD["events"], "event_id": str(number), **change} for number, change in enumerate(changes)]


def test_a_good_day_passes_and_is_stored(lake: Lake) -> None:
    commit_day(lake)
    report = validate_day(lake, DAY, POLICY)
    assert summary(report) == {"checks": len(report.findings), "failed": 0, "warnings": 0}
    assert len(report.findings) > 20
    raise_if_broken(report)
    manifest = open_folder(lake, "validations/ingest_date=2026-03-02")
    assert manifest.counts == summary(report)
    stored = json.loads(lake.read_bytes(f"validations/ingest_date=2026-03-02/{manifest.paths()[0]}"))
    assert [finding["check"] for finding in stored] == [finding.check for finding in report.findings]
    assert report.data_docs == lake.uri_of("data_docs/ingest_date=2026-03-02/index.html")
    assert b"<html" in lake.read_bytes("data_docs/ingest_date=2026-03-02/index.html")


def test_a_closed_shop_only_warns(lake: Lake) -> None:
    commit_day(lake, events=[], items=[], users=[])
    report = validate_day(lake, DAY, POLICY)
    assert broken(report, "fail") == []
    assert broken(report, "warn") == [("events", "rowCount", "")]
    raise_if_broken(report)


def test_what_breaks_the_contract_stops_the_night_with_one_clear_line(lake: Lake) -> None:
    commit_day(lake, events=events({"event_type": "stare"}, {"event_type": "view"}, {"event_type": "gaze"}))
    report = validate_day(lake, DAY, POLICY)
    assert broken(report, "fail") == [("events", "invalidValues", "event_type")]
    with pytest.raises(ValidationError) as error:
        raise_if_broken(report)
    message = str(error.value)
    for part in (
        "events of 2026-03-02",
        "events.event_type.invalidValues is 2, it must be 0",
        "2 of 3 rows break it, for example stare, gaze",
        "data_docs/ingest_date=2026-03-02/index.html",
        "Remedy: map the type to one of these",
    ):
        assert part in message
    assert "\n" not in message
    assert error.value.exit_code == 3


def test_the_findings_are_stored_when_the_night_stops(lake: Lake) -> None:
    commit_day(lake, events=events({"quantity": 0.0}))
    assert validate_day(lake, DAY, POLICY).broken("fail")
    assert open_folder(lake, "validations/ingest_date=2026-03-02").counts["failed"] == 1


@pytest.mark.parametrize(
    ("rows", "found"),
    [
        ({"events": events({"event_id": "1"}, {"event_id": "1"})}, ("duplicateValues", "event_id")),
        ({"events": events({"event_id": None})}, ("nullValues", "event_id")),
        ({"events": events({"item_id": None})}, ("nullValues", "item_id")),
        ({"events": events({"event_ts": None})}, ("nullValues", "event_ts")),
        (
            {"events": events({"event_ts": dt.datetime(2026, 3, 3, tzinfo=dt.UTC)})},
            ("invalidValues", "event_ts"),
        ),
        ({"events": events({"price": -1.0})}, ("invalidValues", "price")),
        ({"items": [GOOD["items"], GOOD["items"]]}, ("duplicateValues", "item_id")),
        ({"items": [{**GOOD["items"], "title": None}]}, ("nullValues", "title")),
        ({"users": [{"user_id": None, "segment": "x"}]}, ("nullValues", "user_id")),
    ],
)
def test_each_rule_stops_the_night(lake: Lake, rows: dict[str, Any], found: tuple[str, str]) -> None:
    commit_day(lake, **rows)
    assert found in [finding[1:] for finding in broken(validate_day(lake, DAY, POLICY), "fail")]


@pytest.mark.parametrize(("quarantined", "failed", "warned"), [(2, 0, 0), (3, 0, 1), (30, 1, 1)])
def test_the_quarantine_itself_can_stop_the_night(lake: Lake, quarantined: int, failed: int, warned: int) -> None:
    commit_day(lake)
    commit_rows(lake, "events", events(*[{}] * 10), quarantined=quarantined)
    counts = summary(validate_day(lake, DAY, POLICY))
    assert (counts["failed"], counts["warnings"]) == (failed, warned)


def test_items_that_were_never_delivered_are_a_warning_with_their_names(
    lake: Lake, caplog: pytest.LogCaptureFixture
) -> None:
    commit_day(lake)
    commit_day(lake, day=NEXT_DAY, items=[], events=events({"item_id": "TEA"}, {}, {"item_id": "JAM"}))
    report = validate_day(lake, NEXT_DAY, POLICY)
    assert broken(report, "warn") == [("events", "some_unknown_items", "")]
    with caplog.at_level(logging.WARNING):
        raise_if_broken(report)
    assert "for example TEA, JAM. Remedy: have the items delivered" in caplog.text


def test_items_delivered_later_are_not_known_yet(lake: Lake) -> None:
    commit_day(lake, items=[])
    commit_day(lake, day=NEXT_DAY)
    assert ("events", "some_unknown_items", "") in broken(validate_day(lake, DAY, POLICY), "warn")


def test_validating_again_finds_the_same(lake: Lake) -> None:
    commit_day(lake)
    manifests = []
    for _ in range(2):
        validate_day(lake, DAY, POLICY)
        manifests.append(open_folder(lake, "validations/ingest_date=2026-03-02"))
    assert manifests[0] == manifests[1]


def test_a_table_that_was_not_ingested_is_named(lake: Lake) -> None:
    commit_rows(lake, "events", [])
    with pytest.raises(MissingArtifactError, match="items/ingest_date=2026-03-02"):
        validate_day(lake, DAY, POLICY)
