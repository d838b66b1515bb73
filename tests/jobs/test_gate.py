import json
from typing import Any

import pytest

from include.errors import MissingArtifactError
from include.lake import Lake
from include.settings import Settings
from jobs import gate
from tests.commits import commit_all
from tests.databases import Database
from tests.include.evaluation.reports import GROUPS, make_report
from tests.jobs.nights import with_policy

pytestmark = pytest.mark.postgres


def commit(lake: Lake, recall: float, *, name: str = "f1", champion: float | None = None) -> str:
    report = make_report(recall, champion=champion)
    lake.write_bytes(f"staged/{name}/report.json", json.dumps(report).encode())
    folder = f"evaluations/2026-01-31-{name}"
    commit_all(lake, f"staged/{name}", folder, fingerprint=name)
    return folder


def run(settings: Settings, folder: str) -> Any:
    return gate.run(settings, gate.GateConfig(folder))


def test_a_promotion_is_recorded_with_its_reasons_and_figures(
    settings: Settings, database: Database, lake: Lake
) -> None:
    result = run(with_policy(settings, database), commit(lake, 0.14))
    assert result["decision"] == "promote"
    assert any(line.startswith("recall@20 0.1400 is 1.400 x popularity's 0.1000") for line in result["reasons"])
    (row,) = database.rows(
        "select run_date::text, variant, kind, model_version, incumbent, reasons, "
        "metrics -> 'challenger' ->> 'recall', fingerprint from reco.model_decision"
    )
    assert row == ("2026-01-31", "main", "promote", "2", None, result["reasons"], "0.14", "f1")
    (checks,) = database.rows("select metrics -> 'checks' from reco.model_decisions")
    assert [check["text"] for check in checks[0]] == result["reasons"]
    assert checks[0][1]["figures"]["needed"] == 0


def test_analysts_see_the_figures_of_each_group_once(settings: Settings, database: Database, lake: Lake) -> None:
    folder = commit(lake, 0.14, champion=0.12)
    for _ in range(2):
        run(with_policy(settings, database), folder)
    rows = database.rows(
        "SELECT model, user_group, users, value FROM reco.model_metrics WHERE view = 'all' AND metric = 'recall' "
        "AND run_date = '2026-01-31' AND challenger = '2' AND evaluation = '2026-01-31-f1' ORDER BY 1, 2",
        role="analyst",
    )
    values = {"challenger": 0.14, "champion": 0.12, "popularity": 0.1}
    assert rows == [(name, group, 100, value) for name, value in values.items() for group in sorted(GROUPS)]


def test_a_refusal_names_the_champion(settings: Settings, database: Database, lake: Lake) -> None:
    result = run(with_policy(settings, database), commit(lake, 0.14, champion=0.2))
    assert (result["decision"], result["champion"]) == ("keep", "1")
    assert result["reasons"][0].startswith("recall@20 0.1400 is 0.700 x the champion's 0.2000")
    assert result["reasons"][0].endswith("less than 0.97 x")


def test_the_first_decision_on_an_evaluation_stands(
    settings: Settings, database: Database, lake: Lake, caplog: pytest.LogCaptureFixture
) -> None:
    folder = commit(lake, 0.14)
    first = run(with_policy(settings, database), folder)
    assert run(with_policy(settings, database), folder) == first
    assert "stands" not in caplog.text
    stricter = with_policy(settings, database, gate={"min_ratio_to_popularity": 2.0})
    assert run(stricter, folder) == first
    assert "the rules would say keep now; the decision recorded first stands" in caplog.text
    assert database.rows("select count(*) from reco.model_decision") == [(1,)]


def test_an_evaluation_that_is_not_there_is_named(settings: Settings, database: Database) -> None:
    with pytest.raises(MissingArtifactError, match="evaluations/nothing"):
        run(with_policy(settings, database), "evaluations/nothing")
