import os
import re
from pathlib import Path

import pytest

from include.errors import TrackingError
from include.settings import Settings, load_settings
from include.tracking import find_version
from include.tracking.store import EXPERIMENT, describe, tracking
from tests.mlflow_stores import init_store


def test_making_the_store_again_changes_nothing(store: Settings) -> None:
    init_store(store)
    with tracking(store) as client:
        found = client.get_experiment_by_name(EXPERIMENT)
    assert found is not None
    assert found.artifact_location == store.artifact_uri


def test_a_store_that_cannot_be_opened_is_named(tmp_path: Path) -> None:
    (tmp_path / "mlflow").write_text("a file where a folder should be")
    broken = load_settings({"NIGHTSHELF_HOME": str(tmp_path)})
    with pytest.raises(TrackingError, match=r"MLflow at sqlite:///.*/mlflow\.db failed"):
        find_version(broken, "x")


def test_a_password_is_never_shown() -> None:
    assert describe("postgresql://ada:secret@db/mlflow") == "postgresql://ada:***@db/mlflow"
    assert describe("sqlite:////home/mlflow.db") == "sqlite:////home/mlflow.db"


def test_the_servers_password_may_come_from_a_file(store: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MLFLOW_TRACKING_PASSWORD", "")
    with tracking(store):
        assert os.environ["MLFLOW_TRACKING_PASSWORD"] == ""
    path = store.home / "password"
    path.write_text("pa55\n")
    asked = load_settings({"NIGHTSHELF_HOME": str(store.home), "MLFLOW_TRACKING_PASSWORD_FILE": str(path)})
    with tracking(asked):
        assert os.environ["MLFLOW_TRACKING_PASSWORD"] == "pa55"


def test_only_this_package_imports_mlflow() -> None:
    root = Path(__file__).resolve().parents[3]
    sources = [path for folder in ("include", "jobs", "plugins", "dags") for path in (root / folder).rglob("*.py")]
    importing = {path.parent for path in sources if re.search(r"^\s*(import|from) mlflow\b", path.read_text(), re.M)}
    assert importing == {root / "include" / "tracking"}
