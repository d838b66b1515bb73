"""MLflow: runs, registered versions, aliases. Nothing outside this package imports mlflow."""

from include.tracking.aliases import set_aliases
from include.tracking.store import MODEL
from include.tracking.versions import Lineage, find_version, load_model, log_metrics, register

__all__ = [
    "MODEL",
    "Lineage",
    "find_version",
    "load_model",
    "log_metrics",
    "register",
    "set_aliases",
]
