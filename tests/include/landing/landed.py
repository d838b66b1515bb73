"""The export of a small shop, and its lines once they have landed."""

from __future__ import annotations

import gzip
from pathlib import Path

from include.lake import Lake

HEADER = "receipt,article,name,at,pieces,customer,amount"


ROWS = [
    "1,milk,Milk,2026-03-02 09:00:00,1,ann,1.20",
    '2,bread,"Bread, ""dark""",2026-03-02 10:00:00,2,bob,3.10',
    "2,bread,Bread,2026-03-02 10:00:00,2,,3.10",
    "broken line",
    "3,milk,Milk,2026-03-05 09:00:00,1,ann,1.20",
    "4,milk,Milk,someday,1,cid,1.20",
]


def lines(lake: Lake, table: str, day: str) -> list[str]:
    """Return the data lines of a day, without the headers."""
    files = [info.path for info in lake.list_files(f"{table}/ingest_date={day}") if info.path.endswith(".csv.gz")]
    texts = [gzip.decompress(lake.read_bytes(path)).decode().splitlines() for path in files]
    return [line for text in texts for line in text[1:]]


def source(tmp_path: Path, rows: list[str], header: str = HEADER) -> Path:
    path = tmp_path / "receipts.csv"
    path.write_text("\n".join([header, *rows]) + "\n")
    return path
