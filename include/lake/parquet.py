"""A tag of a Parquet file's rows, equal whenever the rows and the schema are.

Spark's writer lists the encodings of a column in the footer in an order that differs from one
JVM to the next, so equal rows give files that differ in some bytes. The pages before the
footer do not; the footer's schema is added in words.
"""

from __future__ import annotations

import hashlib

from include.lake.store import CHUNK, Lake

MAGIC = b"PAR1"
TAIL = 8  # the footer's length in 4 bytes, and MAGIC


def rows_tag(lake: Lake, path: str) -> str:
    """Return 64 hex digits for the rows, their order and the schema of one Parquet file.

    A file that only bears the name gets the lake's own tag.

    Parameters
    ----------
    path
        Relative to the lake's root.
    """
    import pyarrow.parquet as pq

    filesystem, root = lake.filesystem()
    digest = hashlib.sha256()
    with filesystem.open_input_file(f"{root}/{path}") as stream:
        stream.seek(max(0, stream.size() - TAIL))
        tail = stream.read(TAIL)
        if tail[4:] != MAGIC:
            return lake.content_tag(path)
        metadata = pq.read_metadata(stream)
        digest.update(f"{metadata.num_rows} {metadata.schema.to_arrow_schema()}".encode())
        left = stream.size() - TAIL - int.from_bytes(tail[:4], "little")
        stream.seek(0)
        while left:
            chunk = stream.read(min(CHUNK, left))
            digest.update(chunk)
            left -= len(chunk)
    return digest.hexdigest()
