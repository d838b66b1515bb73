from __future__ import annotations

import datetime as dt

import pytest

from include.errors import MissingArtifactError
from include.lake import Lake, list_days, load_days, partition_folder, partition_uris, staging_folder
from tests.commits import commit_all

DAYS = [dt.date(2026, 1, day) for day in (1, 2, 3, 4)]


def commit(lake: Lake, day: dt.date, name: str) -> None:
    staged = staging_folder("t")
    lake.write_bytes(f"{staged}/{name}", name.encode())
    commit_all(lake, staged, partition_folder("events", day), fingerprint=f"{day}")


def test_days_are_listed_in_order_and_only_when_committed(lake: Lake) -> None:
    for day in (DAYS[2], DAYS[0]):
        commit(lake, day, "x.parquet")
    lake.write_bytes(f"{partition_folder('events', DAYS[1])}/part.parquet", b"killed before its manifest")
    lake.write_bytes("events/readme/x", b"something else")
    assert list_days(lake, "events") == [DAYS[0], DAYS[2]]
    assert list_days(lake, "items") == []


def test_another_marker_closes_a_day_of_the_landing_zone(lake: Lake) -> None:
    lake.write_bytes(f"{partition_folder('events', DAYS[0])}/_SUCCESS", b"")
    assert list_days(lake, "events", marker="_SUCCESS") == [DAYS[0]]


def test_a_range_has_the_files_that_its_manifests_list(lake: Lake) -> None:
    for day in DAYS:
        commit(lake, day, "x.parquet")
    lake.write_bytes(f"{partition_folder('events', DAYS[1])}/stray.parquet", b"left by a killed run")
    uris, manifests = partition_uris(lake, "events", DAYS[1], DAYS[2])
    assert list(manifests) == DAYS[1:3]
    assert [manifests[day].fingerprint for day in manifests] == ["2026-01-02", "2026-01-03"]
    expected = [f"{partition_folder('events', day)}/{manifests[day].paths()[0]}" for day in manifests]
    assert uris == [lake.uri_of(path) for path in expected]


def test_the_manifest_of_a_day_that_is_gone_is_missed(lake: Lake) -> None:
    for day in DAYS:
        commit(lake, day, "x.parquet")
    assert list(load_days(lake, "events", DAYS)) == DAYS
    lake.delete(partition_folder("events", DAYS[2]))
    with pytest.raises(MissingArtifactError, match=r"ingest_date=2026-01-03 has no _manifest\.json"):
        load_days(lake, "events", DAYS)
