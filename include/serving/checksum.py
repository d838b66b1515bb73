"""The checksum of a batch: the same from the lake's Parquet and from PostgreSQL, in any row order.

A user's text is `user_id|item_ids|thousandths of the scores|reason_codes|reason_item_ids`, lists
joined by commas and a null item as nothing. Its digest is the number that the first 15 hex digits of
the text's MD5 write; the checksum is the sum of all digests modulo 2^64, as 16 hex digits.
`reco.batch_checksum` computes it in the database. MD5 guards against accidents here, not attacks.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

from include.columns import ITEM_IDS, REASON_CODES, REASON_ITEM_IDS, SCORES, USER_ID
from include.errors import ValidationError

if TYPE_CHECKING:
    import pyarrow as pa

HEX_DIGITS = 15
MODULUS = 1 << 64
COLUMNS = (USER_ID, ITEM_IDS, SCORES, REASON_CODES, REASON_ITEM_IDS)


def user_text(
    user_id: str,
    item_ids: Sequence[str],
    scores: Sequence[float],
    reason_codes: Sequence[int],
    reason_item_ids: Sequence[str | None],
) -> str:
    """Return one user's text; `scores` are the float32 values, exactly, as Python floats."""
    return "|".join((
        user_id,
        ",".join(item_ids),
        ",".join(str(int(score * 1000 // 1)) for score in scores),
        ",".join(str(code) for code in reason_codes),
        ",".join(item or "" for item in reason_item_ids),
    ))  # fmt: skip


def digest(text: str) -> int:
    """Return the number of one user's text, below 2^60."""
    return int(hashlib.md5(text.encode(), usedforsecurity=False).hexdigest()[:HEX_DIGITS], 16)


def combine(digests: Iterable[int]) -> str:
    """Return the checksum of a batch from the digests of its users."""
    return f"{sum(digests) % MODULUS:016x}"


def table_texts(table: pa.Table) -> list[str]:
    """Return the text of each row of a batch's `recommendations`.

    Parameters
    ----------
    table
        Columns user_id, item_ids, scores (list<float32>), reason_codes, reason_item_ids.

    Raises
    ------
    ValidationError
        When a score is not a number, or a list is null.
    """
    import pyarrow.compute as pc

    joined = [pc.cast(table[USER_ID], "string")]
    for name in (ITEM_IDS, SCORES, REASON_CODES, REASON_ITEM_IDS):
        if table[name].null_count:
            raise ValidationError(f"{table[name].null_count} users have no {name}", remedy="clear task score")
        joined.append(pc.binary_join(_as_strings(table[name].combine_chunks(), name), ","))
    texts: list[str] = pc.binary_join_element_wise(*joined, "|").to_pylist()
    return texts


def table_checksum(table: pa.Table) -> str:
    """Return the checksum of a batch's `recommendations`; see `table_texts`."""
    return combine(digest(text) for text in table_texts(table))


def _as_strings(lists: pa.Array, name: str) -> pa.ListArray:
    """Return list<string> with the elements as the checksum writes them."""
    import pyarrow as pa
    import pyarrow.compute as pc

    if isinstance(lists, pa.ChunkedArray):
        lists = pa.concat_arrays(lists.chunks) if lists.num_chunks else pa.array([], lists.type)
    values = lists.flatten()
    if name == SCORES:
        values = pc.cast(values, "float64")
        wrong = len(values) - (pc.sum(pc.is_finite(values)).as_py() or 0)
        if wrong:
            raise ValidationError(f"{wrong} scores are not finite numbers", remedy="clear task train, and what follows")
        values = pc.cast(pc.floor(pc.multiply(values, 1000.0)), "int64")
    offsets = pc.cast(lists.offsets, "int32")
    if len(offsets):
        offsets = pc.subtract(offsets, offsets[0])
    return pa.ListArray.from_arrays(offsets, pc.fill_null(pc.cast(values, "string"), ""))
