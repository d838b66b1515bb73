"""MLflow: runs, registered versions, aliases. Nothing outside this package imports mlflow."""

from include.tracking.aliases import get_aliases, set_aliases
from include.tracking.store import MODEL, init_store
from include.tracking.versions import Lineage, find_version, load_model, log_metrics, register

__all__ = [
    "MODEL",
    "Lineage",
    "find_version",
    "get_aliases",
    "init_store",
    "load_model",
    "log_metrics",
    "register",
    "set_aliases",
]
