"""From delivered files to the contract: mappings, casting, duplicates, quarantine, checks."""

from include.contracts.dataset import Dataset, TableMapping, dataset_names, load_dataset
from include.contracts.schema import CONTRACT, EVENT_TYPES, ContractColumn, ContractTable

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
