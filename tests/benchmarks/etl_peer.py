"""The same ingest in DuckDB, in an environment of its own: `etl_peer.py SOURCE TARGET THREADS`.

Writes {"rows": ..., "seconds": ...}.
"""

from __future__ import annotations

import json
import sys
import time

import duckdb

QUERY = """
COPY (
    SELECT * EXCLUDE (number) FROM (
        SELECT
            trim(event_id) AS event_id, nullif(trim(user_id), '') AS user_id, trim(item_id) AS item_id, event_type,
            try_cast(event_ts AS TIMESTAMP) AS event_ts, try_cast(quantity AS DOUBLE) AS quantity,
            try_cast(price AS DOUBLE) AS price, ingest_date,
            row_number() OVER (PARTITION BY ingest_date, trim(event_id) ORDER BY file_row_number) AS number
        FROM read_parquet('{source}/*/*.parquet', hive_partitioning = true, file_row_number = true)
        WHERE trim(event_id) <> '' AND trim(item_id) <> '' AND event_type IN ('view', 'cart', 'purchase', 'return')
            AND event_ts < ingest_date + INTERVAL 1 DAY AND quantity > 0 AND (price IS NULL OR price >= 0)
    ) WHERE number = 1
) TO '{target}' (FORMAT parquet, COMPRESSION zstd, PARTITION_BY (ingest_date))
"""


def main(source: str, target: str, threads: str) -> None:
    """Cast, check, drop duplicates and write by day."""
    with duckdb.connect() as connection:
        connection.execute(f"SET threads = {threads}")
        started = time.perf_counter()
        connection.execute(QUERY.format(source=source, target=target))
        seconds = time.perf_counter() - started
        (rows,) = connection.execute(f"SELECT count(*) FROM read_parquet('{target}/*/*.parquet')").fetchone() or (0,)
    sys.stdout.write(json.dumps({"rows": rows, "seconds": seconds}) + "\n")


if __name__ == "__main__":
    main(*sys.argv[1:])
