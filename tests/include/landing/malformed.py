"""Seeded files and rows with every fault that a delivery can have."""

from __future__ import annotations

import gzip
import io
import json
import random
import string
from collections.abc import Callable

import fastavro
import pyarrow as pa
import pyarrow.parquet as pq

COLUMNS = ["receipt", "article", "at", "pieces", "customer", "amount"]
ODD = [
    "",
    " ",
    '"',
    '""',
    "'",
    "\\",
    "\x00",
    "\x07",
    "\u2028",
    "\ufeff",
    "\u202e",
    "é" * 3,
    "🛒",
    "NULL",
    "\\N",
    "-",
    "0",
]
WRONG = [
    "x",
    "-1",
    "1e999",
    "NaN",
    "inf",
    "2026-13-45",
    "9999999999999999999999",
    "12:30",
    "0x1F",
    "1,5",
    "true",
    "[1]",
]
AVRO = {"type": "record", "name": "r", "fields": [{"name": name, "type": ["null", "string"]} for name in COLUMNS]}


def good_row(chance: random.Random) -> list[str]:
    return [f"{chance.randrange(10**6)}", chance.choice(["milk", "tea"]), "2026-03-02 09:00:00", "1", "ann", "1.20"]


def odd_value(chance: random.Random, value: str, kind: int) -> str:
    return [
        lambda: chance.choice(ODD) + value + chance.choice(ODD),
        lambda: chance.choice(WRONG),
        lambda: chance.choice(string.printable) * chance.choice([1, 5_000]),
        lambda: "".join(chance.choice(string.printable) for _ in range(9)),
        lambda: "x" * 20_000,
    ][kind]()


def broken_row(chance: random.Random) -> list[str]:
    """Return a row with one or two faults in its values or in their number."""
    row = good_row(chance)
    for _ in range(chance.randint(1, 2)):
        at = chance.randrange(len(row)) if row else 0
        fault = chance.randrange(8)
        if fault == 0:
            row[at:at] = [chance.choice(ODD)]
        elif fault == 1 and row:
            del row[at]
        elif fault == 2:
            chance.shuffle(row)
        elif row:
            row[at] = odd_value(chance, row[at], fault - 3)
    return row


def rows_of(chance: random.Random, size: int) -> list[list[str]]:
    return [broken_row(chance) if chance.random() < 0.7 else good_row(chance) for _ in range(size)]


def csv_text(chance: random.Random, rows: list[list[str]]) -> str:
    """Return rows as CSV of a program that quotes as it likes."""

    def field(value: str) -> str:
        style = chance.randrange(12)
        if style == 0:
            return f'"{value}'
        if style == 1:
            return f'{value}"'
        if style == 2:
            return f'"{value}"'
        return '"' + value.replace('"', '""') + '"' if any(sign in value for sign in ',"\n\r') else value

    end = chance.choice(["\n", "\n", "\r\n", "\r"])
    return "".join(",".join(map(field, row)) + end for row in [COLUMNS, *rows])


def csv_file(chance: random.Random, rows: list[list[str]]) -> tuple[str, bytes]:
    text = csv_text(chance, rows)
    data = text.encode(chance.choice(["utf-8"] * 6 + ["utf-8-sig", "utf-16", "utf-16-le"]), errors="replace")
    return "csv", data


def jsonl_file(chance: random.Random, rows: list[list[str]]) -> tuple[str, bytes]:
    def line(row: list[str]) -> str:
        record = dict(zip(COLUMNS, row, strict=False))
        text = json.dumps(record, ensure_ascii=chance.random() < 0.5)
        return [
            lambda: text,
            lambda: text,
            lambda: text[: chance.randrange(len(text) + 1)],
            lambda: text + text,
            lambda: json.dumps({**record, "at": {"deep": [row]}, "pieces": 1.0}),
            lambda: chance.choice(["[]", "null", "7", '"text"', "{}", '{"receipt": "\\ud800"}', "[" * 3000]),
        ][chance.randrange(6)]()

    return "jsonl", "".join(line(row) + "\n" for row in rows).encode(errors="replace")


def _columns(chance: random.Random, rows: list[list[str]]) -> dict[str, list[str | None]]:
    padded = [[*row, *[None] * len(COLUMNS)] for row in rows]
    return {name: [row[at] for row in padded] for at, name in enumerate(COLUMNS)}


def parquet_file(chance: random.Random, rows: list[list[str]]) -> tuple[str, bytes]:
    columns: dict[str, object] = dict(_columns(chance, rows))
    odd = [
        pa.array([chance.randrange(2**40) for _ in rows], pa.time64("us")),
        pa.array([bytes([chance.randrange(256)]) for _ in rows]),
        pa.array([{"sku": "x", "n": n} for n in range(len(rows))]),
        pa.array([chance.randrange(-(2**62), 2**62) for _ in rows], pa.timestamp("ns")),
        pa.array([chance.random() * 10 ** chance.randrange(300) for _ in rows]),
        pa.nulls(len(rows)),
    ]
    columns[chance.choice([*COLUMNS, "more"])] = chance.choice(odd)
    buffer = io.BytesIO()
    pq.write_table(pa.table(columns), buffer)
    return "parquet", buffer.getvalue()


def avro_file(chance: random.Random, rows: list[list[str]]) -> tuple[str, bytes]:
    columns = _columns(chance, rows)
    records = [dict(zip(columns, row, strict=True)) for row in zip(*columns.values(), strict=True)]
    buffer = io.BytesIO()
    fastavro.writer(buffer, AVRO, records, codec=chance.choice(["null", "deflate"]))
    return "avro", buffer.getvalue()


KINDS: list[Callable[[random.Random, list[list[str]]], tuple[str, bytes]]] = [
    csv_file, csv_file, csv_file, jsonl_file, jsonl_file, parquet_file, avro_file,
]  # fmt: skip


def damage(chance: random.Random, data: bytes) -> bytes:
    """Return the bytes of a file after an accident."""
    at = chance.randrange(len(data) + 1)
    return [
        lambda: b"",
        lambda: data[:at],
        lambda: data[:at] + bytes(chance.randrange(256) for _ in range(9)) + data[at:],
        lambda: data[:at] + b"\x00" * 50 + data[at:],
        lambda: data[at:],
        lambda: bytes(chance.randrange(256) for _ in range(200)),
    ][chance.randrange(6)]()


def files(seed: int, size: int) -> dict[str, bytes]:
    """Return about `size` malformed rows and files, by name; some of the files are whole, some damaged or misnamed."""
    chance = random.Random(seed)
    found: dict[str, bytes] = {}
    made = 0
    while made < size:
        rows = rows_of(chance, chance.choice([0, 1, 1, 2, 5, 40]))
        ending, data = chance.choice(KINDS)(chance, rows)
        packed = ending in ("csv", "jsonl") and chance.random() < 0.3
        data = gzip.compress(data, mtime=0) if packed else data
        if chance.random() < 0.4:
            data = damage(chance, data)
        if chance.random() < 0.03:
            ending = chance.choice(["csv", "jsonl", "parquet", "avro"])
        found[f"{len(found):05d}.{ending}{'.gz' if packed else ''}"] = data
        made += len(rows) + 1
    return found
