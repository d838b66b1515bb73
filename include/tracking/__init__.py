"""MLflow: runs, registered versions, aliases. Nothing outside this package imports mlflow."""

from include.tracking.aliases import set_aliases
from include.tracking.numbers import newest_version, use_up_versions
from include.tracking.retention import delete_version, old_versions
from include.tracking.store import MODEL
from include.tracking.versions import Lineage, find_lineage, find_version, load_model, log_metrics, log_texts, register

__all__ = [
    "MODEL",
    "Lineage",
    "delete_version",
    "find_lineage",
    "find_version",
    "load_model",
    "log_metrics",
    "log_texts",
    "newest_version",
    "old_versions",
    "register",
    "set_aliases",
    "use_up_versions",
]
