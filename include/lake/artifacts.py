"""Artifacts: folders whose name carries a fingerprint of all that they are made from, made once and never changed.

An artifact is in `<kind>/<run date>-<fingerprint>`, or in `<kind>/<run date>/<part>-<fingerprint>` where one day has
several parts. Equal inputs give an equal name, so a step that runs again finds what it made before.
"""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from include.errors import MissingArtifactError
from include.lake.folders import commit_folder, find_complete, open_folder, staging
from include.lake.manifest import MANIFEST, Manifest, fingerprint
from include.lake.store import Lake

if TYPE_CHECKING:
    import pyarrow as pa

READ_ROWS = 1 << 17
DATE = len("2026-01-31")
DELETE = "delete the folder, clear the task that writes it, and what follows"


@dataclass(frozen=True)
class Artifact:
    """A committed folder, to be read by its manifest.

    Attributes
    ----------
    folder
        Path relative to the lake's root.
    """

    lake: Lake
    folder: str
    manifest: Manifest

    @property
    def name(self) -> str:
        """The last part of the folder's path, `<run date>-<fingerprint>`."""
        return self.folder.rpartition("/")[2]

    @property
    def uri(self) -> str:
        """The folder's URI, for messages and for Spark."""
        return self.lake.uri_of(self.folder)

    @property
    def run_date(self) -> dt.date:
        """The night that the artifact was made for, as its manifest says."""
        return dt.date.fromisoformat(self.detail("run_date"))

    def paths(self, name: str = "") -> list[str]:
        """Return the files below the subfolder `name`, or all, relative to the lake's root.

        Raises
        ------
        MissingArtifactError
            When the manifest lists none.
        """
        found = [f"{self.folder}/{path}" for path in self.manifest.paths(name)]
        if not found:
            raise MissingArtifactError(f"{self.uri} has no files of {name or 'any kind'}", remedy=DELETE)
        return found

    def detail(self, name: str) -> Any:
        """Return one of the manifest's details.

        Raises
        ------
        MissingArtifactError
            When the manifest does not have it.
        """
        if name not in self.manifest.details:
            raise MissingArtifactError(f"the manifest of {self.uri} does not say {name}", remedy=DELETE)
        return self.manifest.details[name]

    def read_json(self) -> dict[str, Any]:
        """Return the object in the artifact's only JSON file.

        Raises
        ------
        MissingArtifactError
            When it holds no JSON object.
        """
        paths = self.paths()
        path = next((path for path in paths if path.endswith(".json")), paths[0])
        try:
            found = json.loads(self.lake.read_bytes(path))
        except ValueError:
            found = None
        if not isinstance(found, dict):
            raise MissingArtifactError(f"{self.lake.uri_of(path)} holds no JSON object", remedy=DELETE)
        return found

    def read_table(self, name: str = "", columns: list[str] | None = None) -> pa.Table:
        """Return the rows of the Parquet files below the subfolder `name`, or of all, in the manifest's order."""
        return read_table(self.lake, self.paths(name), columns)

    def read_batches(
        self, name: str = "", columns: list[str] | None = None, rows: int = READ_ROWS
    ) -> Iterator[pa.RecordBatch]:
        """Yield the rows that `read_table` returns, at most `rows` at a time. A folder without files yields none."""
        import pyarrow.parquet as pq

        filesystem, root = self.lake.filesystem()
        for path in self.manifest.paths(name):
            with pq.ParquetFile(f"{root}/{self.folder}/{path}", filesystem=filesystem) as file:
                yield from file.iter_batches(rows, columns=columns)


@dataclass(frozen=True)
class Content:
    """What was made in staging.

    Attributes
    ----------
    files
        Those that belong, relative to the staging folder; what else lies there is left behind.
    counts, inputs, details
        See `Manifest`.
    """

    files: Collection[str]
    counts: Mapping[str, int] = field(default_factory=dict)
    inputs: Mapping[str, str] = field(default_factory=dict)
    details: Mapping[str, Any] = field(default_factory=dict)


def open_artifact(lake: Lake, folder: str) -> Artifact:
    """Return the artifact in `folder` after checking that each of its files is there in full size.

    Raises
    ------
    MissingArtifactError
        When it was never finished, or a file is missing or cut off.
    """
    folder = folder.rstrip("/")
    return Artifact(lake, folder, open_folder(lake, folder))


def newest_artifact(lake: Lake, kind: str, up_to: dt.date) -> Artifact | None:
    """Return the artifact of a kind with the latest run date up to a day, of several the last by name; None if none."""
    parts = (info.path.split("/") for info in lake.list_files(kind))
    names = [part[1] for part in parts if len(part) == 3 and part[2] == MANIFEST]
    known = sorted(name for name in names if dt.date.fromisoformat(name[:DATE]) <= up_to)
    return open_artifact(lake, f"{kind}/{known[-1]}") if known else None


def find_or_make(
    lake: Lake,
    kind: str,
    run_date: dt.date,
    inputs: Mapping[str, object],
    make: Callable[[str], Content],
    *,
    part: str = "",
) -> Artifact:
    """Return the artifact of these inputs: the committed one if it is complete, else one made now.

    Parameters
    ----------
    kind
        The folder of all artifacts of that kind.
    inputs
        All that the content depends on, JSON by way of `str`; `format` among them where the code itself may change it.
    make
        Writes into the staging folder that it is given, relative to the lake's root, and says what it made.
    part
        What is made of the day, where there are several.

    Raises
    ------
    LakeError
        When somebody else committed other content in the meantime.
    """
    tag = fingerprint(inputs)
    folder = f"{kind}/{run_date}/{part}-{tag}" if part else f"{kind}/{run_date}-{tag}"
    manifest = find_complete(lake, folder)
    if manifest is None:
        with staging(lake, kind) as staged:
            manifest = commit_folder(lake, staged, folder, fingerprint=tag, **vars(make(staged)))
    return Artifact(lake, folder, manifest)


def write_json(lake: Lake, staged: str, name: str, value: Mapping[str, Any], *, allow_nan: bool = False) -> str:
    """Write `value` into `staged` and return `name`; equal values give equal bytes.

    Raises
    ------
    ValueError
        When a number is not finite, unless `allow_nan`: JSON proper has none.
    """
    text = json.dumps(value, indent=1, sort_keys=True, allow_nan=allow_nan) + "\n"
    lake.write_bytes(f"{staged}/{name}", text.encode())
    return name


def write_table(lake: Lake, staged: str, name: str, table: pa.Table) -> str:
    """Write a small table into the subfolder `name` of `staged` as one Parquet file and return its path there."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    sink = pa.BufferOutputStream()
    pq.write_table(table, sink, compression="zstd")
    lake.write_bytes(f"{staged}/{name}/part.parquet", sink.getvalue().to_pybytes())
    return f"{name}/part.parquet"


def read_table(lake: Lake, paths: Collection[str], columns: list[str] | None = None) -> pa.Table:
    """Return the rows of Parquet files one after the other.

    Parameters
    ----------
    paths
        Relative to the lake's root; at least one.
    """
    import pyarrow as pa
    import pyarrow.parquet as pq

    filesystem, root = lake.filesystem()
    read = [
        pq.read_table(f"{root}/{path}", filesystem=filesystem, columns=columns, partitioning=None) for path in paths
    ]
    return pa.concat_tables(read)
