import datetime as dt
import json
from typing import Any

import pytest

from include.errors import ConfigurationError
from include.lake import Lake, open_folder
from include.serving.database import WRITER, connect
from include.serving.decisions import Decision, record_decision
from include.settings import Settings
from include.tracking.store import MODEL, tracking
from jobs import evaluate, train
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
    assert models["challenger"]["segments"]["everybody"]["users"] == 40
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


def test_the_champion_of_the_nights_before_is_compared(night: tuple[Settings, str, str], lake: Lake) -> None:
    settings, folder, version = night
    alone = run(settings, folder, version)
    champion = make_version(with_policy(settings, model={"epochs": 1}), folder)
    settings = with_policy(settings).model_copy(update={"database_url": settings.database_url})
    promote(settings, RUN_DATE - dt.timedelta(days=1), champion)
    result = run(settings, folder, version)
    assert result["evaluation"] != alone["evaluation"]
    models = read(lake, result["evaluation"])["models"]
    assert models["champion"]["version"] == champion
    assert models["champion"]["metrics"]["recall"] < models["challenger"]["metrics"]["recall"]
    assert models["challenger"] == read(lake, alone["evaluation"])["models"]["challenger"]


def test_what_was_promoted_this_night_or_later_is_not_looked_at(night: tuple[Settings, str, str]) -> None:
    settings, folder, version = night
    result = run(settings, folder, version)
    promote(settings, RUN_DATE, version)
    promote(settings, RUN_DATE + dt.timedelta(days=1), version)
    assert run(settings, folder, version) == result


def test_the_run_in_mlflow_shows_the_headline(night: tuple[Settings, str, str]) -> None:
    settings, folder, version = night
    result = run(settings, folder, version)
    with tracking(settings) as client:
        data = client.get_run(client.get_model_version(MODEL, version).run_id).data
    assert round(data.metrics["recall"], 4) == result["metrics"]["challenger"]["recall"]
    assert data.tags["evaluation"] == result["evaluation"]


def test_without_a_database_the_setting_is_named(tracked: Settings, lake: Lake) -> None:
    folder = commit_training_set(lake)
    with pytest.raises(ConfigurationError, match="NIGHTSHELF_DATABASE_URL"):
        run(with_policy(tracked), folder, "1")
