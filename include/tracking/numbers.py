"""The numbers of versions: decisions name them for good, so none is ever given twice."""

from __future__ import annotations

from include.settings import Settings
from include.tracking.store import MODEL, ensure_model, tracking

USED_UP = "numbers_used_up"


def newest_version(settings: Settings) -> int:
    """Return the highest number that the store gave or has used up, 0 without any."""
    with tracking(settings) as client:
        ensure_model(client)
        versions = [int(found.version) for found in client.search_model_versions(f"name = '{MODEL}'")]
        return max([*versions, int(client.get_registered_model(MODEL).tags.get(USED_UP, 0))])


def use_up_versions(settings: Settings, up_to: int) -> None:
    """Let the next version have a higher number than `up_to`; what has one of these numbers is deleted.

    MLflow counts on from the highest number that it ever gave.
    """
    with tracking(settings) as client:
        ensure_model(client)
        for found in client.search_model_versions(f"name = '{MODEL}'"):
            if int(found.version) <= up_to:
                client.delete_model_version(MODEL, str(found.version))
        number = 0
        while number < up_to:
            number = int(client.create_model_version(MODEL, source="", description="Never trained.").version)
            client.delete_model_version(MODEL, str(number))
        client.set_registered_model_tag(MODEL, USED_UP, str(up_to))
