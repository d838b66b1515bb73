"""The MLflow store: opened in one place, its errors as one clear line."""

from __future__ import annotations

import logging
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import unquote, urlsplit

from include.errors import TrackingError
from include.settings import Settings, hand_on, load_s3_settings

if TYPE_CHECKING:
    from mlflow import MlflowClient

logger = logging.getLogger(__name__)

MODEL = "nightshelf"
EXPERIMENT = "nightshelf"
# MLflow reads them when it is imported, so they are set before and nowhere else.
QUIET = {
    "MLFLOW_DISABLE_TELEMETRY": "true",
    "MLFLOW_ENABLE_ARTIFACTS_PROGRESS_BAR": "false",
    "MLFLOW_LOGGING_LEVEL": "WARNING",
}


@contextmanager
def tracking(settings: Settings) -> Iterator[MlflowClient]:
    """Open the store for the length of a `with`.

    Raises
    ------
    TrackingError
        When the store cannot be reached, or refuses.
    """
    for name, value in QUIET.items():
        os.environ.setdefault(name, value)
    if password := settings.tracking_password.get_secret_value():
        hand_on({"MLFLOW_TRACKING_PASSWORD": password})
    from mlflow import MlflowClient
    from mlflow.exceptions import MlflowException
    from sqlalchemy.exc import SQLAlchemyError

    uri = settings.tracking_uri
    if settings.artifact_uri.startswith("s3://"):
        hand_on(load_s3_settings().environment())  # MLflow's client of S3 reads nothing else
    try:
        if uri.startswith("sqlite:///"):
            Path(unquote(uri.removeprefix("sqlite:///"))).parent.mkdir(parents=True, exist_ok=True)
        yield MlflowClient(tracking_uri=uri, registry_uri=uri)
    except (MlflowException, SQLAlchemyError, OSError) as error:
        reason = next(iter(str(error).strip().splitlines()), type(error).__name__)
        raise TrackingError(
            f"MLflow at {describe(uri)} failed: {reason}",
            remedy="see that the store is there and its disk is not full (`make status`), then clear the task",
        ) from error


def describe(uri: str) -> str:
    """Return a tracking URI without the password that it may hold."""
    parts = urlsplit(uri)
    return uri if parts.password is None else uri.replace(f":{parts.password}@", ":***@")


def experiment_id(client: MlflowClient, settings: Settings) -> str:
    """Return the experiment's id; make it on first use.

    A tracking server decides by itself where artifacts lie; a database asks us.
    """
    from mlflow.exceptions import MlflowException

    found = client.get_experiment_by_name(EXPERIMENT)
    if found is None:
        is_server = urlsplit(settings.tracking_uri).scheme in ("http", "https")
        try:
            return str(client.create_experiment(EXPERIMENT, None if is_server else settings.artifact_uri))
        except MlflowException as error:
            found = client.get_experiment_by_name(EXPERIMENT)
            if found is None:
                raise
            logger.info("another process made the experiment: %s", error.error_code)
    return str(found.experiment_id)


def ensure_model(client: MlflowClient) -> None:
    """Make the registered model unless it is there."""
    from mlflow.exceptions import MlflowException

    if client.search_registered_models(f"name = '{MODEL}'"):
        return
    try:
        client.create_registered_model(MODEL, description="The model behind the nightly recommendations.")
    except MlflowException as error:
        if error.error_code != "RESOURCE_ALREADY_EXISTS":
            raise
