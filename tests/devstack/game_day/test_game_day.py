"""The game day without a stack: its faults, what counts as wrong, who is told, what is reported."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
import requests

from devstack.game_day import __main__ as game_day
from devstack.game_day.__main__ import choose, parser
from devstack.game_day.exercise import Outcome
from devstack.game_day.faults import FAULTS
from devstack.game_day.faults.clock_jumps import build
from devstack.game_day.hook import on_call
from devstack.game_day.readers import count_wrong
from devstack.game_day.report import write_json, write_table
from devstack.game_day.stage import CLOCK
from include.settings import PROJECT

OUTCOME = Outcome(
    name="full_disk",
    alerted_after_s=0.5,
    recovered=True,
    wrong_rows_seen=0,
    task="ingest",
    line="ingest of nightly_recommendations, LakeError: /tmp/home/lake/a.parquet: No space | left",
    recovery="make room",
    recovery_s=61.4,
    lists_read=900,
)


def test_there_are_twelve_faults_and_the_page_has_a_row_for_each() -> None:
    names = {fault.name for fault in FAULTS}
    assert len(names) == len(FAULTS) == 12
    page = (PROJECT / "docs" / "game-day.md").read_text()
    assert set(re.findall(r"^\| (\w+) \| ", page, re.MULTILINE)) - {"fault"} <= names


def test_some_faults_are_chosen_by_name_and_those_of_a_lake_follow_each_other() -> None:
    assert [fault.name for fault in choose("s3_away, full_disk,mlflow_lost")] == ["full_disk", "mlflow_lost", "s3_away"]
    assert len(choose(parser().parse_args([]).faults)) == 12
    with pytest.raises(SystemExit, match="there is no fault earthquake; there are postgresql_down, full_disk"):
        choose("earthquake")


def test_a_game_day_that_is_told_to_end_stops_its_stack(monkeypatch: pytest.MonkeyPatch) -> None:
    stopped = []

    def strike(*_: object) -> Iterator[Outcome]:
        try:
            os.kill(os.getpid(), signal.SIGTERM)
            yield OUTCOME
        finally:
            stopped.append(True)

    monkeypatch.setattr(game_day, "run", strike)
    before = signal.getsignal(signal.SIGTERM)
    try:
        with pytest.raises(SystemExit, match="143"):
            game_day.main(["--faults", "full_disk"])
    finally:
        signal.signal(signal.SIGTERM, before)
    assert stopped == [True]


@pytest.mark.parametrize(
    ("rows", "wrong"),
    [
        ([(1, "a"), (2, "a"), (3, "a")], 0),
        ([], 3),
        ([(1, "a"), (3, "a"), (4, "a")], 2),
        ([(1, "a"), (2, "b"), (3, "a")], 1),
        ([(1, "a"), (1, "b"), (2, "a"), (2, "b")], 3),
    ],
)
def test_a_row_is_wrong_when_it_is_missing_out_of_place_or_of_another_batch(
    rows: list[tuple[int, str]], wrong: int
) -> None:
    assert count_wrong(rows, 3) == wrong


def test_on_call_notes_when_it_was_told_of_a_task() -> None:
    began = time.monotonic()
    with on_call() as told:
        requests.post(told.url, json={"text": "*Nightshelf: train of nightly has failed*\nwhy"}, timeout=10)
        found = told.find(began, "train")
        assert found is not None and began <= found[0] <= time.monotonic() and found[1].endswith("why")
        assert told.find(began, "score") is None and told.find(time.monotonic(), "train") is None


def test_the_file_has_the_four_figures_and_the_table_replaces_the_rows_of_its_faults(tmp_path: Path) -> None:
    write_json([OUTCOME], tmp_path / "out.json")
    (fault,) = json.loads((tmp_path / "out.json").read_text())["faults"]
    figures = {"name": "full_disk", "alerted_after_s": 0.5, "recovered": True, "wrong_rows_seen": 0}
    assert figures.items() <= fault.items()
    page = tmp_path / "game-day.md"
    page.write_text("# G\n<!-- generated: game day -->\n| a |\n|---|\n| s3_away | x |\n<!-- end -->\nafter\n")
    write_table([OUTCOME], page)
    write_table([OUTCOME], page)
    *_, kept, made, end, after = page.read_text().splitlines()
    assert (kept, end, after) == ("| s3_away | x |", "<!-- end -->", "after")
    assert made == (
        "| full_disk | 0 s | ingest of nightly_recommendations, LakeError: a.parquet: No space \\| left "
        "| [ingest](runbook/ingest.md): make room | in 61 s | 900, 0 |"
    )


def test_a_night_that_ended_well_by_itself_needs_nobody(tmp_path: Path) -> None:
    page = tmp_path / "game-day.md"
    page.write_text("<!-- generated: game day -->\n| a |\n|---|\n<!-- end -->\n")
    healed = replace(OUTCOME, alerted_after_s=None, task="", line="", recovery="", recovery_s=0.0)
    for outcome, recovered in ((healed, "by itself"), (replace(healed, recovered=False), "no")):
        write_table([outcome], page)
        row = (
            f"| full_disk | no need | no task has failed for good | none: Airflow ran it again | {recovered} | 900, 0 |"
        )
        assert row in page.read_text()


def test_the_clock_of_a_process_jumps(tmp_path: Path) -> None:
    library, clock = build(tmp_path), tmp_path / "clock"
    ask = "import time, datetime; print(int(time.time()), int(datetime.datetime.now().timestamp()), time.monotonic())"

    def ahead() -> tuple[int, float]:
        environment = {"LD_PRELOAD": str(library), CLOCK: str(clock)}
        done = subprocess.run([sys.executable, "-c", ask], env=environment, capture_output=True, text=True, check=True)
        first, second, monotonic = done.stdout.split()
        assert abs(int(first) - int(second)) <= 1
        return int(first) - int(time.time()), float(monotonic) - time.monotonic()

    assert abs(ahead()[0]) <= 5
    clock.write_text("86400")
    jumped, monotonic = ahead()
    assert abs(jumped - 86400) <= 5 and abs(monotonic) <= 60
