"""The lake: folders of Parquet whose manifest is the commit record."""

from include.lake.folders import commit_file, commit_folder, find_complete, open_folder, staging_folder
from include.lake.local import LocalLake
from include.lake.manifest import MANIFEST, FileEntry, Manifest, find_manifest, load_manifest
from include.lake.partitions import list_days, load_days, partition_folder, partition_uris
from include.lake.s3_failures import s3_failure
from include.lake.store import FileInfo, Lake, connect_lake, open_lake

__all__ = [
    "MANIFEST",
    "FileEntry",
    "FileInfo",
    "Lake",
    "LocalLake",
    "Manifest",
    "commit_file",
    "commit_folder",
    "connect_lake",
    "find_complete",
    "find_manifest",
    "list_days",
    "load_days",
    "load_manifest",
    "open_folder",
    "open_lake",
    "partition_folder",
    "partition_uris",
    "s3_failure",
    "staging_folder",
]
