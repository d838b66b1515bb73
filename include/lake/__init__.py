"""The lake: folders of Parquet whose manifest is the commit record."""

from include.lake.artifacts import (
    Artifact,
    Content,
    find_or_make,
    newest_artifact,
    open_artifact,
    read_table,
    write_json,
    write_table,
)
from include.lake.disk import disk_failure
from include.lake.folders import commit_folder, delete_staging, find_complete, open_folder, staging, staging_folder
from include.lake.local import LocalLake
from include.lake.manifest import MANIFEST, FileEntry, Manifest, find_manifest, load_manifest
from include.lake.months import find_merged, merge_months, plan_merge
from include.lake.opening import connect_lake, open_lake
from include.lake.partitions import committed_days, file_uris, list_days, load_days, partition_folder, partition_uris
from include.lake.s3_failures import s3_failure
from include.lake.store import FileInfo, Lake

__all__ = [
    "MANIFEST",
    "Artifact",
    "Content",
    "FileEntry",
    "FileInfo",
    "Lake",
    "LocalLake",
    "Manifest",
    "commit_folder",
    "committed_days",
    "connect_lake",
    "delete_staging",
    "disk_failure",
    "file_uris",
    "find_complete",
    "find_manifest",
    "find_merged",
    "find_or_make",
    "list_days",
    "load_days",
    "load_manifest",
    "merge_months",
    "newest_artifact",
    "open_artifact",
    "open_folder",
    "open_lake",
    "partition_folder",
    "partition_uris",
    "plan_merge",
    "read_table",
    "s3_failure",
    "staging",
    "staging_folder",
    "write_json",
    "write_table",
]
