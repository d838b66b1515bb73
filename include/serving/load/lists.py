"""Users' lists as arrays, checked: the input of hashing and encoding."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from include.columns import ITEM_IDS, REASON_CODES, REASON_ITEM_IDS, SCORES, SEGMENT, USER_ID
from include.errors import ValidationError
from include.serving.load.hashing import Array
from include.types import NOTHING

if TYPE_CHECKING:
    import pyarrow as pa

LISTS = (ITEM_IDS, SCORES, REASON_CODES, REASON_ITEM_IDS)


class Texts(NamedTuple):
    """Texts as Arrow has them: int32 offsets, one more than texts, into uint8 data."""

    offsets: Array
    data: Array


class Coded(NamedTuple):
    """A column of texts as int32 codes of the texts in `names`; NOTHING for null."""

    codes: Array
    names: pa.Array


class ListArrays(NamedTuple):
    """Some users' lists: those of user u are the places offsets[u] to offsets[u + 1] of the four arrays."""

    users: Texts
    segments: Texts
    offsets: Array
    items: Coded
    scores: Array
    reasons: Array
    reason_items: Coded

    @property
    def longest(self) -> int:
        return int(np.diff(self.offsets).max(initial=0))


def read_lists(batch: pa.RecordBatch) -> ListArrays:
    """Return the arrays of some rows of a batch's `recommendations`.

    Parameters
    ----------
    batch
        Columns user_id, segment, item_ids, scores, reason_codes, reason_item_ids; texts as such or as codes.

    Raises
    ------
    ValidationError
        When a column or item is null, a score is no finite number, or a user's lists differ in length.
    """
    import pyarrow as pa
    import pyarrow.compute as pc

    for name in (USER_ID, SEGMENT, *LISTS):
        if batch[name].null_count:
            raise ValidationError(f"{batch[name].null_count} users have no {name}", remedy="clear task score")
    offsets = _offsets(batch)
    scores = np.asarray(batch[SCORES].flatten().cast(pa.float32()).to_numpy(zero_copy_only=False))
    wrong = len(scores) - int(np.isfinite(scores).sum())
    if wrong:
        raise ValidationError(f"{wrong} scores are not finite numbers", remedy="clear task train, and what follows")
    items = _coded(batch[ITEM_IDS].flatten())
    if (items.codes == NOTHING).any():
        raise ValidationError("a list holds an item that is null", remedy="clear task score")
    reasons = batch[REASON_CODES].flatten()
    if reasons.null_count or (pc.min(reasons).as_py() or 0) < 0:
        raise ValidationError("a reason code is null or negative", remedy="clear task score")
    return ListArrays(
        users=texts(batch[USER_ID]),
        segments=texts(batch[SEGMENT]),
        offsets=offsets,
        items=items,
        scores=scores,
        reasons=reasons.to_numpy(zero_copy_only=False).astype(np.int16, copy=False),
        reason_items=_coded(batch[REASON_ITEM_IDS].flatten()),
    )


def texts(array: pa.Array) -> Texts:
    """Return the texts of an array without nulls."""
    import pyarrow as pa

    array = array.cast(pa.string())
    _, offsets, data = array.buffers()
    if not len(array):
        return Texts(np.zeros(1, np.int32), np.zeros(0, np.uint8))
    chosen = np.frombuffer(offsets, np.int32)[array.offset : array.offset + len(array) + 1]
    return Texts(chosen, np.frombuffer(data, np.uint8) if data is not None else np.zeros(0, np.uint8))


def _offsets(batch: pa.RecordBatch) -> Array:
    import pyarrow.compute as pc

    lengths = pc.list_value_length(batch[ITEM_IDS]).to_numpy(zero_copy_only=False)
    for name in LISTS[1:]:
        uneven = np.flatnonzero(pc.list_value_length(batch[name]).to_numpy(zero_copy_only=False) != lengths)
        if len(uneven):
            user = batch[USER_ID][int(uneven[0])].as_py()
            raise ValidationError(f"{name} of user {user!r} is not as long as {ITEM_IDS}", remedy="clear task score")
    return np.concatenate([np.zeros(1, np.int64), np.cumsum(lengths, dtype=np.int64)])


def _coded(values: Any) -> Coded:
    import pyarrow as pa

    if not pa.types.is_dictionary(values.type):
        values = values.cast(pa.string()).dictionary_encode()
    codes = values.indices.fill_null(NOTHING).to_numpy(zero_copy_only=False)
    return Coded(codes.astype(np.int32, copy=False), values.dictionary)
