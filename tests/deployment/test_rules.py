"""Alert rules and dashboards name what exists: metrics, pages of the runbook, columns, data sources."""

from __future__ import annotations

import json
import re
import runpy
import shutil
import subprocess
from pathlib import Path
from typing import Any

import psycopg2
import pytest
import yaml

from include.serving.statements import FOLDER
from include.settings import PROJECT
from tests.databases import Database
from tests.deployment.stage import add_night, fill_shelf, make_metadata

FILES = PROJECT / "deploy"
RULES = [
    rule
    for group in yaml.safe_load((FILES / "prometheus" / "rules.yml").read_text())["groups"]
    for rule in group["rules"]
]
BOARDS = {path.stem: json.loads(path.read_text()) for path in (FILES / "grafana" / "dashboards").glob("*.json")}
PANELS = [(f"{name}: {panel['title']}", panel) for name, board in sorted(BOARDS.items()) for panel in board["panels"]]
SOURCES = {
    source["uid"]: source
    for source in yaml.safe_load((FILES / "grafana/provisioning/datasources/nightshelf.yml").read_text())["datasources"]
}
EXPORTED = {
    f"nightshelf_{column}"
    for path in (FOLDER / "metrics").glob("*.sql")
    for column in re.findall(r"double precision AS ([a-z_]+)", path.read_text())
} | {"nightshelf_source_up", "nightshelf_fresh_by_seconds"}
AIRFLOWS = {"airflow_executor_open_slots"}


def queries(source: str) -> list[Any]:
    found = [
        pytest.param(target["rawSql"], id=name)
        for name, panel in PANELS
        for target in panel["targets"]
        if target["datasource"]["uid"] == source
    ]
    assert found
    return found


def check_metrics(expression: str) -> None:
    named = set(re.findall(r"\b(?:nightshelf|airflow)_[a-z_]+", expression))
    assert named <= EXPORTED | AIRFLOWS, named


def test_there_is_an_alert_for_everything_that_must_wake_or_tell_somebody() -> None:
    assert {rule["alert"] for rule in RULES} == {
        "ShelfNotFresh", "NightSlow", "QuarantineShare", "TaskFailed", "DriftVerdict", "LandingDiffers",
        "MetricsMissing",
    }  # fmt: skip


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: str(rule["alert"]))
def test_an_alert_names_its_page_and_asks_for_metrics_that_exist(rule: dict[str, Any]) -> None:
    page = PROJECT / rule["annotations"]["runbook_url"]
    assert page == PROJECT / "docs" / "runbook" / f"{rule['alert']}.md"
    assert f"Alert of Prometheus, a *{rule['labels']['severity']}*." in page.read_text()
    assert rule["labels"]["severity"] in ("page", "ticket")
    check_metrics(rule["expr"])


CASES = Path(__file__).with_name("rules_test.yml")


def promtool(*arguments: str | Path) -> str:
    """Run promtool, which must be content, and return what it said."""
    program = shutil.which("promtool")
    if program is None:
        pytest.skip("promtool (Debian: package prometheus) is not installed")
    done = subprocess.run([program, *arguments], capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def test_each_alert_is_seen_to_fire_and_to_stay_silent() -> None:
    cases = [case for test in yaml.safe_load(CASES.read_text())["tests"] for case in test["alert_rule_test"]]
    for fires in (True, False):
        assert {case["alertname"] for case in cases if bool(case["exp_alerts"]) == fires} == {
            rule["alert"] for rule in RULES
        }


def test_the_alerts_fire_when_they_shall_and_say_what_they_shall() -> None:
    assert f"SUCCESS: {len(RULES)} rules found" in promtool("check", "rules", FILES / "prometheus" / "rules.yml")
    promtool("test", "rules", CASES)


def test_the_dashboards_are_there_and_their_panels_do_not_overlap() -> None:
    assert set(BOARDS) == {"night", "model", "shelf", "drift", "on-call"}
    assert len({board["uid"] for board in BOARDS.values()}) == len(BOARDS)
    for name, board in BOARDS.items():
        taken: set[tuple[int, int]] = set()
        for panel in board["panels"]:
            at = panel["gridPos"]
            cells = {(at["x"] + x, at["y"] + y) for x in range(at["w"]) for y in range(at["h"])}
            assert not cells & taken and max(x for x, _ in cells) < 24, f"{name}: {panel['title']}"
            taken |= cells


@pytest.mark.parametrize("panel", [panel for _, panel in PANELS], ids=[name for name, _ in PANELS])
def test_a_panel_has_a_data_source_and_metrics_that_exist(panel: dict[str, Any]) -> None:
    assert panel["targets"]
    for target in panel["targets"]:
        assert target["datasource"]["uid"] in SOURCES
        check_metrics(target.get("expr", ""))


def run(url: str, query: str) -> list[tuple[Any, ...]]:
    """Run a panel's query as Grafana does with the times of its picker filled in."""
    filled = query.replace("$__timeFrom()", "'2026-10-01'::timestamptz").replace(
        "$__timeTo()", "'2100-01-01'::timestamptz"
    )
    assert "$" not in filled
    with psycopg2.connect(url) as connection, connection.cursor() as cursor:
        cursor.execute(filled)
        rows = cursor.fetchall()
    connection.close()
    return rows


def test_prometheus_can_read_what_every_panel_asks(tmp_path: Path) -> None:
    asked = [target["expr"] for _, panel in PANELS for target in panel["targets"] if "expr" in target]
    rules = [{"record": f"panel:{number}", "expr": expression} for number, expression in enumerate(asked)]
    (tmp_path / "panels.yml").write_text(yaml.safe_dump({"groups": [{"name": "panels", "rules": rules}]}))
    assert f"SUCCESS: {len(asked)} rules found" in promtool("check", "rules", tmp_path / "panels.yml")


@pytest.fixture(scope="module")
def staged(postgres: Database) -> Any:
    from tests.databases import fresh_copy

    with fresh_copy(postgres) as copy:
        fill_shelf(copy)
        make_metadata(copy.writer_url)
        add_night(copy.writer_url, 2, 5, try_number=2)
        add_night(copy.writer_url, 1, 1200, state="failed")
        add_night(copy.writer_url, 0, 0, state="running")
        yield copy


@pytest.mark.postgres
@pytest.mark.parametrize("query", queries("shelf"))
def test_a_panel_on_the_shelf_shows_an_analyst_something(query: str, staged: Database) -> None:
    assert run(staged.analyst_url, query)


@pytest.mark.postgres
@pytest.mark.parametrize("query", queries("airflow"))
def test_a_panel_on_airflow_shows_something(query: str, staged: Database) -> None:
    assert run(staged.writer_url, query)


@pytest.mark.postgres
def test_the_monitor_may_read_what_it_needs_of_airflow_and_no_more(staged: Database) -> None:
    """The panels and metrics, as somebody who was granted what deploy/airflow/grants.py grants."""
    grants = runpy.run_path(str(PROJECT / "deploy" / "airflow" / "grants.py"))["GRANTS"]
    statements = [text for path in (FOLDER / "metrics").glob("*.sql") if "task_instance" in (text := path.read_text())]
    assert len(grants) == 2 and len(statements) == 3
    for grant in grants:
        staged.rows(grant.replace("TO monitor", "TO analyst"))
    monitor = f"{staged.analyst_url}?options=-csearch_path%3Dpublic"  # an analyst's own is reco
    for query in [*(parameter.values[0] for parameter in queries("airflow")), *statements]:
        assert run(monitor, str(query))
    with pytest.raises(psycopg2.errors.InsufficientPrivilege):
        run(monitor, "SELECT conf FROM dag_run")
