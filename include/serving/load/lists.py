"""Lists as arrays, checked: the input of hashing and encoding."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from include.columns import REASON_CODES, REASON_ITEM_IDS
from include.errors import ValidationError
from include.list_kinds import LIST_KINDS, RECOMMENDATIONS, ListKind
from include.serving.load.hashing import Array
from include.types import NOTHING

if TYPE_CHECKING:
    import pyarrow as pa


class Texts(NamedTuple):
    """Texts as Arrow has them: int32 offsets, one more than texts, into uint8 data."""

    offsets: Array
    data: Array


class Coded(NamedTuple):
    """A column of texts as int32 codes of the texts in `names`; NOTHING for null."""

    codes: Array
    names: pa.Array


class ListArrays(NamedTuple):
    """Some lists of a kind: that of row r are the places offsets[r] to offsets[r + 1] of the arrays.

    `figures` is (number of figures, places).
    """

    kind: ListKind
    keys: Texts
    scopes: Texts
    offsets: Array
    members: Coded
    scores: Array
    reasons: Array
    reason_items: Coded
    figures: Array

    @property
    def lengths(self) -> Array:
        return np.diff(self.offsets)


def read_lists(batch: pa.RecordBatch, kind: ListKind = LIST_KINDS[RECOMMENDATIONS]) -> ListArrays:
    """Return the arrays of some rows of a batch's lists of `kind`.

    Parameters
    ----------
    batch
        The columns of `kind.schema`; texts as such or as codes.

    Raises
    ------
    ValidationError
        When a column or member is null, a score or figure is no finite number, or arrays of a list differ in length.
    """
    import pyarrow.compute as pc

    for name in kind.columns:
        if batch[name].null_count:
            raise ValidationError(
                f"{batch[name].null_count} rows of {kind.name} have no {name}", remedy="clear task score"
            )
    offsets = _offsets(batch, kind)
    member, scores, *_ = kind.lists
    numbers = [_numbers(batch, name) for name in (scores, *kind.figures)]
    members = _coded(batch[member].flatten())
    if (members.codes == NOTHING).any():
        raise ValidationError(f"a list of {kind.name} holds an {kind.member} that is null", remedy="clear task score")
    reasons = batch[REASON_CODES].flatten()
    if reasons.null_count or (pc.min(reasons).as_py() or 0) < 0:
        raise ValidationError("a reason code is null or negative", remedy="clear task score")
    return ListArrays(
        kind=kind,
        keys=texts(batch[kind.key]),
        scopes=texts(batch[kind.scope]),
        offsets=offsets,
        members=members,
        scores=numbers[0],
        reasons=reasons.to_numpy(zero_copy_only=False).astype(np.int16, copy=False),
        reason_items=_coded(batch[REASON_ITEM_IDS].flatten()),
        figures=np.array(numbers[1:], dtype=np.float32).reshape(len(kind.figures), len(numbers[0])),
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


def _numbers(batch: pa.RecordBatch, name: str) -> Array:
    import pyarrow as pa

    numbers = np.asarray(batch[name].flatten().cast(pa.float32()).to_numpy(zero_copy_only=False))
    wrong = len(numbers) - int(np.isfinite(numbers).sum())
    if wrong:
        raise ValidationError(f"{wrong} {name} are not finite numbers", remedy="clear task train, and what follows")
    return numbers


def _offsets(batch: pa.RecordBatch, kind: ListKind) -> Array:
    import pyarrow.compute as pc

    member, *others = kind.lists
    lengths = pc.list_value_length(batch[member]).to_numpy(zero_copy_only=False)
    for name in others:
        uneven = np.flatnonzero(pc.list_value_length(batch[name]).to_numpy(zero_copy_only=False) != lengths)
        if len(uneven):
            which = f"{kind.key.removesuffix('_id')} {batch[kind.key][int(uneven[0])].as_py()!r}"
            raise ValidationError(f"{name} of {which} is not as long as {member}", remedy="clear task score")
    return np.concatenate([np.zeros(1, np.int64), np.cumsum(lengths, dtype=np.int64)])


def _coded(values: Any) -> Coded:
    import pyarrow as pa

    if not pa.types.is_dictionary(values.type):
        values = values.cast(pa.string()).dictionary_encode()
    codes = values.indices.fill_null(NOTHING).to_numpy(zero_copy_only=False)
    return Coded(codes.astype(np.int32, copy=False), values.dictionary)
