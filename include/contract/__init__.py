"""The contract of events, items and users, and the mappings of data sets to it."""

from include.columns import EVENT_TYPES
from include.contract.dataset import Dataset, TableMapping, dataset_names, load_dataset, load_drift_policy, load_policy
from include.contract.schema import CONTRACT, ContractColumn, ContractTable

__all__ = [
    "CONTRACT",
    "EVENT_TYPES",
    "ContractColumn",
    "ContractTable",
    "Dataset",
    "TableMapping",
    "dataset_names",
    "load_dataset",
    "load_drift_policy",
    "load_policy",
]
