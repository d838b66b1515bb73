import json
from typing import Any

import pytest

from include.errors import MissingArtifactError
from include.lake import Lake
from include.settings import Settings
from jobs import gate
from tests.commits import commit_all
from tests.databases import Database
from tests.jobs.nights import with_policy

pytestmark = pytest.mark.postgres


def commit(
    lake: Lake, recall: float, *, name: str = "f1", called: str = "champion", champion: float | None = None
) -> str:
    def model(version: str, value: float) -> dict[str, Any]:
        return {"version": version, "metrics": {"users": 100, "recall": value, "coverage": 0.5}}

    models = {"challenger": model("2", recall), "popularity": model("popularity", 0.1)}
    if champion is not None:
        models[called] = model("1", champion)
    report = {
        "run_date": "2026-01-31", "k": 20, "variant": "main", "model_version": "2",
        called: None if champion is None else "1", "models": models,
    }  # fmt: skip
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
    assert "recall@20 0.1400 is 1.400 x popularity's 0.1000, at least 1 x" in result["reasons"]
    (row,) = database.rows(
        "select run_date::text, variant, kind, model_version, incumbent, reasons, "
        "metrics -> 'challenger' ->> 'recall', fingerprint from reco.model_decision"
    )
    assert row == ("2026-01-31", "main", "promote", "2", None, result["reasons"], "0.14", "f1")


@pytest.mark.parametrize("called", ["champion", "incumbent"])
def test_a_refusal_names_the_champion_also_by_a_report_of_a_former_release(
    settings: Settings, database: Database, lake: Lake, called: str
) -> None:
    result = run(with_policy(settings, database), commit(lake, 0.14, called=called, champion=0.2))
    assert (result["decision"], result["champion"]) == ("keep", "1")
    assert result["reasons"][0] == "recall@20 0.1400 is 0.700 x the champion's 0.2000, less than 0.98 x"


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
