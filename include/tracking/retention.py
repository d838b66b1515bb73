"""Versions that are no longer needed: how old they are, and how one is deleted with all that it stored."""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection

from include.settings import Settings
from include.tracking.store import MODEL, tracking
from include.tracking.versions import RUN_DATE


def old_versions(settings: Settings, before: dt.date, needed: Collection[str]) -> list[tuple[str, dt.date]]:
    """Return the versions whose run date is before a day, with that date, the oldest first.

    Those in `needed`, those with an alias and the newest one stay: decisions count on from its number.
    """
    with tracking(settings) as client:
        found = client.search_model_versions(f"name = '{MODEL}'")
        newest = max((int(version.version) for version in found), default=0)
        aliased = set(client.get_registered_model(MODEL).aliases.values()) if found else set()
    kept = {*map(str, needed), *map(str, aliased), str(newest)}
    days = [(str(each.version), each.tags.get(RUN_DATE)) for each in found if str(each.version) not in kept]
    dated = [(version, dt.date.fromisoformat(day)) for version, day in days if day]
    return sorted((each for each in dated if each[1] < before), key=lambda each: (each[1], int(each[0])))


def delete_version(settings: Settings, version: str) -> None:
    """Delete a version, its run and the run's artifacts; one that is gone is no error."""
    from mlflow.exceptions import MlflowException
    from mlflow.store.artifact.artifact_repository_registry import get_artifact_repository

    with tracking(settings) as client:
        try:
            run_id = client.get_model_version(MODEL, version).run_id
        except MlflowException as error:
            if error.error_code == "RESOURCE_DOES_NOT_EXIST":
                return
            raise
        client.delete_model_version(MODEL, version)
        if run_id:
            get_artifact_repository(client.get_run(run_id).info.artifact_uri).delete_artifacts()
            client.delete_run(run_id)
