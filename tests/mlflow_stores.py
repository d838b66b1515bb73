"""MLflow stores on SQLite for tests: the tables are made once, each test copies the file."""

from __future__ import annotations

import shutil
from pathlib import Path

from include.settings import Settings
from include.tracking.store import MODEL, ensure_model, experiment_id, tracking


def make_tables(settings: Settings) -> Path:
    """Make an empty store and return its file."""
    with tracking(settings) as client:
        client.search_experiments()
    return store_file(settings)


def copy_tables(tables: Path, settings: Settings) -> Settings:
    """Give `settings` a store of its own."""
    target = store_file(settings)
    target.parent.mkdir(parents=True, exist_ok=True)
    shutil.copyfile(tables, target)
    return settings


def store_file(settings: Settings) -> Path:
    return Path(settings.tracking_uri.removeprefix("sqlite:///"))


def init_store(settings: Settings) -> None:
    """Make the experiment and the registered model; what is there stays."""
    with tracking(settings) as client:
        experiment_id(client, settings)
        ensure_model(client)


def get_aliases(settings: Settings) -> dict[str, str]:
    """Return alias to version."""
    with tracking(settings) as client:
        ensure_model(client)
        return {name: str(version) for name, version in client.get_registered_model(MODEL).aliases.items()}
