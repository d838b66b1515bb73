"""The contract of events, items and users, and the mappings of data sets to it."""

from include.contract.dataset import Dataset, TableMapping, dataset_names, load_dataset
from include.contract.schema import CONTRACT, EVENT_TYPES, ContractColumn, ContractTable

__all__ = [
    "CONTRACT",
    "EVENT_TYPES",
    "ContractColumn",
    "ContractTable",
    "Dataset",
    "TableMapping",
    "dataset_names",
    "load_dataset",
]
