"""The first and the last records of somebody's files, however large the files are.

Files whose columns agree are one source: several years are often several files.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import islice
from pathlib import Path

from include.contract.source import Delivery
from include.errors import InputError
from include.landing.formats import format_of
from include.landing.formats.text import marked_encoding
from include.landing.formats.values import as_text
from include.landing.sources import SourceFile
from include.landing.stored import ARCHIVE, StoredFile
from include.mapping.headerless import invent_names
from include.mapping.names import called, event_type
from include.mapping.sniff import LINES_JUDGED, csv_rows, has_header, sniff_delimiter, sniff_encoding

RECORDS = 20_000
LAST_RECORDS = 2_000
HEAD_BYTES = 8 << 20
TAIL_BYTES = 1 << 18
# How Excel tells itself the delimiter, before the header.
SEPARATOR_LINE = re.compile(r'"?sep=(.)"?\r?\n', re.IGNORECASE)

Record = Mapping[str, str]


@dataclass(frozen=True)
class Sample:
    """Some records of files that have the same columns.

    Parameters
    ----------
    records
        Texts by column, empty for none. Nested columns are named by dotted paths; of an array of
        objects each element makes one record.
    header
        Whether the files say what their columns are called.
    explode
        The array whose elements became records, empty for none.
    read
        How many records were read before that.
    to_the_end
        Whether the last records are among them.
    """

    paths: tuple[Path, ...]
    columns: tuple[str, ...]
    records: tuple[Record, ...]
    delimiter: str = ""
    encoding: str = "utf-8"
    header: bool = True
    explode: str = ""
    read: int = 0
    to_the_end: bool = True

    def values(self, column: str) -> list[str]:
        return [record.get(column, "").strip() for record in self.records]


def read_samples(source: Path) -> tuple[list[Sample], list[str]]:
    """Return the samples of `source`, a file or a folder, and the names of what is no table.

    Raises
    ------
    InputError
        When there is no such file or folder, or nothing in it can be read.
    """
    if not source.exists():
        raise InputError(f"{source} does not exist", remedy="give the path of your file or of its folder")
    paths = [source] if source.is_file() else sorted(path for path in source.iterdir() if _is_data(path))
    found: dict[tuple[object, ...], Sample] = {}
    unread = [f"{path.name}/" for path in source.iterdir() if path.is_dir()] if source.is_dir() else []
    for path in paths:
        sample = _read(path)
        if sample is None or not sample.records:
            unread.append(path.name)
            continue
        key = (sample.columns, sample.delimiter, sample.header, path.suffix, event_type(path.stem))
        known = found.get(key)
        found[key] = _joined(known, sample) if known else sample
    if not found:
        raise InputError(
            f"{source} holds no table that can be read; it holds {', '.join(unread[:10]) or 'nothing'}",
            remedy="export CSV, JSON lines, Parquet or Avro, unpacked, in one folder; save spreadsheets as CSV",
        )
    return list(found.values()), unread


def _is_data(path: Path) -> bool:
    return path.is_file() and path.name[0] not in "._~" and path.suffix not in (".yaml", ".yml", ".md")


def _joined(one: Sample, other: Sample) -> Sample:
    encoding = one.encoding if other.encoding == "utf-8" else other.encoding
    return replace(one, paths=one.paths + other.paths, records=one.records + other.records, encoding=encoding)


def _read(path: Path) -> Sample | None:
    known = format_of(path.name)
    if known is None or known.TITLE == "CSV":
        return _read_csv(path, sure=known is not None)
    opened = SourceFile(path, Delivery.model_validate({"required": ["*"]})).records()
    records = [record.values for record in islice(opened, RECORDS) if not record.broken]
    explode = _item_array(records)
    flat = tuple(row for record in records for row in flatten(record, explode))
    columns = tuple(dict.fromkeys(name for row in flat for name in row))
    return Sample((path,), columns, flat, explode=explode, read=len(records), to_the_end=len(records) < RECORDS)


def _read_csv(path: Path, sure: bool) -> Sample | None:
    """Return the sample of a file that is CSV, by its name or, where that is not sure, by its content."""
    if not sure and is_archive(path):
        return None
    head, tail, whole = ends(path)
    if not sure and b"\0" in head and not marked_encoding(head):
        return None
    encoding = sniff_encoding(head + tail)
    text = head.decode(encoding, errors="replace").removeprefix("\ufeff")
    told = SEPARATOR_LINE.match(text)
    text = text[told.end() :] if told else text
    delimiter = told[1] if told else sniff_delimiter(text)
    rows = list(csv_rows(text, delimiter))
    if not rows or (not sure and not _is_a_table(rows)):
        return None
    rows = rows if whole else rows[:-1]
    rows = rows[: RECORDS + 1] + rows[RECORDS + 1 :][-LAST_RECORDS:]
    last = tail.decode(encoding, errors="replace").partition("\n")[2]
    rows += [row for row in csv_rows(last, delimiter) if len(row) == len(rows[0])]
    header = has_header(rows)
    names = [name.strip() for name in rows.pop(0)] if header else invent_names(rows, path)
    records = tuple({name: value for name, value in zip(names, row, strict=False) if name} for row in rows)
    columns = tuple(filter(None, names))
    seen = whole or bool(tail)
    return Sample((path,), columns, records, delimiter, encoding, header, read=len(records), to_the_end=seen)


def _is_a_table(rows: Sequence[Sequence[str]]) -> bool:
    """Return whether nearly all records have as many fields as the first, and more than two."""
    widths = [len(row) for row in rows[:LINES_JUDGED]]
    return widths[0] > 2 and widths.count(widths[0]) > 0.95 * len(widths) > 2


def ends(path: Path) -> tuple[bytes, bytes, bool]:
    """Return the first bytes of a file, the last of what is not in them, and whether that is all of it."""
    from pyarrow.fs import LocalFileSystem

    with StoredFile(str(path), LocalFileSystem(), str(path)).open() as stream:
        head = stream.read(HEAD_BYTES)
        whole = not stream.read(1)
    with path.open("rb") as plain:
        if whole or plain.read(len(head)) != head:  # of a compressed file only the first records are looked at
            return head, b"", whole
        plain.seek(max(HEAD_BYTES, path.stat().st_size - TAIL_BYTES))
        return head, plain.read(), False


def is_archive(path: Path) -> bool:
    with path.open("rb") as stream:
        return stream.read(len(ARCHIVE)) == ARCHIVE


def flatten(record: Mapping[str, object], explode: str = "", prefix: str = "") -> list[dict[str, str]]:
    """Return a record's values by dotted path, once for each element of the array `explode`."""
    rows: list[dict[str, str]] = [{}]
    for key, value in record.items():
        name = f"{prefix}{key}"
        if isinstance(value, Mapping):
            parts = flatten(value, explode, f"{name}.")
        elif name == explode and isinstance(value, list):
            parts = [row for element in value for row in flatten(element, "", f"{name}.")] or [{}]
        else:
            parts = [{name: as_text(value) or ""}]
        rows = [{**row, **part} for row in rows for part in parts]
    return rows


def _item_array(records: Sequence[Mapping[str, object]]) -> str:
    """Return the path of the array whose objects name items, empty for none."""
    for record in records[:LINES_JUDGED]:
        for path, elements in _arrays(record):
            if any(called(key, "item_id") >= 1 for key in elements[0]):
                return path
    return ""


def _arrays(record: Mapping[str, object], prefix: str = "") -> Iterator[tuple[str, list[Mapping[str, object]]]]:
    for key, value in record.items():
        if isinstance(value, Mapping):
            yield from _arrays(value, f"{prefix}{key}.")
        elif isinstance(value, list) and value and isinstance(value[0], Mapping):
            yield f"{prefix}{key}", value
