import datetime as dt
import json
from typing import Any

import numpy as np
import pytest

from include.errors import ConfigurationError
from include.lake import Lake, open_folder
from include.model import Recommender
from include.night import evaluating
from include.serving.database import WRITER, connect
from include.serving.decisions import Decision, record_decision
from include.settings import Settings
from include.tracking import load_model
from include.tracking.store import MODEL, tracking
from jobs import evaluate, gate, train
from tests.databases import Database
from tests.jobs.nights import commit_training_set, with_policy
from tests.training_sets import RUN_DATE

pytestmark = pytest.mark.postgres


def run(settings: Settings, folder: str, version: str) -> Any:
    return evaluate.run(settings, evaluate.EvaluateConfig(folder, version))


def make_version(settings: Settings, folder: str) -> str:
    return str(train.run(settings, train.TrainConfig(folder))["model_version"])


def promote(settings: Settings, run_date: dt.date, version: str) -> None:
    with connect(settings.database_url, "tests", role=WRITER) as connection:
        record_decision(connection, Decision(run_date, "main", "promote", version, None, ["test"], {}, "f"))


def read(lake: Lake, folder: str) -> dict[str, Any]:
    report: dict[str, Any] = json.loads(lake.read_bytes(f"{folder}/{open_folder(lake, folder).paths()[0]}"))
    return report


@pytest.fixture
def night(tracked: Settings, database: Database, lake: Lake) -> tuple[Settings, str, str]:
    settings, folder = with_policy(tracked, database), commit_training_set(lake)
    return settings, folder, make_version(settings, folder)


def test_the_first_night_meets_popularity_alone(night: tuple[Settings, str, str], lake: Lake) -> None:
    settings, folder, version = night
    result = run(settings, folder, version)
    assert result["evaluation"].startswith(f"evaluations/{RUN_DATE}-")
    assert set(result["metrics"]) == {"challenger", "popularity"}
    report = read(lake, result["evaluation"])
    assert (report["model_version"], report["champion"], report["k"]) == (version, None, 5)
    models = report["models"]
    assert models["challenger"]["metrics"]["users"] == models["popularity"]["metrics"]["users"] == 40
    assert models["challenger"]["metrics"]["recall"] > models["popularity"]["metrics"]["recall"] + 0.1
    assert models["challenger"]["views"]["unseen"]["segment:everybody"]["users"] == 40
    assert report["view"] == "unseen" and report["lacks"] is None
    low, high = models["challenger"]["intervals"]["recall"]
    assert low < models["challenger"]["metrics"]["recall"] < high
    assert models["challenger"]["bare"]["recall"] > 0 and models["popularity"]["bare"] == {}
    assert report["sanity"] == {**report["sanity"], "empty": 0.0, "overlap": None}
    assert lake.list_files("_staging") == []


def test_evaluating_again_changes_nothing(night: tuple[Settings, str, str], lake: Lake) -> None:
    settings, folder, version = night
    result = run(settings, folder, version)
    files = {info.path: lake.content_tag(info.path) for info in lake.list_files("evaluations")}
    assert run(settings, folder, version) == result
    assert {info.path: lake.content_tag(info.path) for info in lake.list_files("evaluations")} == files


def test_a_damaged_report_is_made_again_equal(night: tuple[Settings, str, str], lake: Lake) -> None:
    settings, folder, version = night
    result = run(settings, folder, version)
    before = read(lake, result["evaluation"])
    lake.delete(result["evaluation"])
    assert run(settings, folder, version) == result
    assert read(lake, result["evaluation"]) == before


def test_the_champion_of_the_nights_before_is_compared(
    night: tuple[Settings, str, str], database: Database, lake: Lake
) -> None:
    settings, folder, version = night
    alone = run(settings, folder, version)
    champion = make_version(with_policy(settings, database, model={"epochs": 1}), folder)
    settings = with_policy(settings, database)
    promote(settings, RUN_DATE - dt.timedelta(days=1), champion)
    result = run(settings, folder, version)
    assert result["evaluation"] != alone["evaluation"]
    models = read(lake, result["evaluation"])["models"]
    assert models["champion"]["version"] == champion
    assert models["champion"]["metrics"]["recall"] < models["challenger"]["metrics"]["recall"]
    assert models["challenger"] == read(lake, alone["evaluation"])["models"]["challenger"]
    assert models["champion_recipe"]["metrics"] == models["champion"]["metrics"]  # it was made of the same data
    assert 0 < read(lake, result["evaluation"])["sanity"]["overlap"] <= 1


def test_the_same_recipe_is_not_fitted_twice(night: tuple[Settings, str, str], lake: Lake) -> None:
    settings, folder, version = night
    earlier = make_version(settings, commit_training_set(lake, RUN_DATE - dt.timedelta(days=1), seed=1, tag="earlier"))
    promote(settings, RUN_DATE - dt.timedelta(days=1), earlier)
    result = run(settings, folder, version)
    assert set(result["metrics"]) == {"challenger", "champion", "popularity"}


def test_factors_that_are_no_numbers_keep_the_champion(
    night: tuple[Settings, str, str], lake: Lake, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings, folder, version = night

    def broken(settings: Settings, version: str, kind: Any) -> Recommender:
        model = load_model(settings, version, kind)
        for member in model.members.values():
            member.item.embeddings[0, 0] = np.nan
        return model

    monkeypatch.setattr(evaluating, "load_model", broken)
    result = run(settings, folder, version)
    assert "not finite numbers" in result["lacks"]
    decided = gate.run(settings, gate.GateConfig(result["evaluation"]))
    assert (decided["decision"], decided["reasons"]) == ("keep", [result["lacks"]])


def test_what_was_promoted_this_night_or_later_is_not_looked_at(night: tuple[Settings, str, str]) -> None:
    settings, folder, version = night
    result = run(settings, folder, version)
    promote(settings, RUN_DATE, version)
    promote(settings, RUN_DATE + dt.timedelta(days=1), version)
    assert run(settings, folder, version) == result


def test_the_run_in_mlflow_shows_the_headline_and_links_the_card(night: tuple[Settings, str, str], lake: Lake) -> None:
    settings, folder, version = night
    result = run(settings, folder, version)
    with tracking(settings) as client:
        run_id = client.get_model_version(MODEL, version).run_id
        data = client.get_run(run_id).data
        shown = {file.path for part in ("", "evaluation_report") for file in client.list_artifacts(run_id, part)}
    figures = ("metrics.csv", "differences.csv", "recall_all.svg", "recall_unseen.svg")
    assert {"model_card.md", *(f"evaluation_report/{name}" for name in figures)} <= shown
    assert round(data.metrics["recall"], 4) == result["metrics"]["challenger"]["recall"]
    assert data.tags["evaluation"] == result["evaluation"]
    card = lake.read_bytes(data.tags["model_card"]).decode()
    assert f"# Model card: version {version} of {RUN_DATE}" in card
    assert "### challenger" in card and "| popularity |" in card and "| `dimensions` | 8 |" in card


def test_without_a_database_the_setting_is_named(tracked: Settings, lake: Lake) -> None:
    folder = commit_training_set(lake)
    with pytest.raises(ConfigurationError, match="NIGHTSHELF_DATABASE_URL"):
        run(with_policy(tracked), folder, "1")
