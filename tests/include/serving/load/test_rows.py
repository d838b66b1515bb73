"""Lists as binary COPY: decoded by hand and compared with what went in."""

import struct
from types import SimpleNamespace
from typing import Any

import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from include.errors import PublishError, ValidationError
from include.list_kinds import ListKind
from include.serving.load.copy import Stream
from include.serving.load.items import ItemKeys
from include.serving.load.lists import read_lists
from include.serving.load.rows import HEADER, TRAILER
from include.serving.load.rows import encode as encode_lists
from tests.batches import LISTS

KEYS = {f"item {n}": n * 3 for n in range(1, 9)}
CODES = {23: "i", 700: "f", 21: "h"}
TEXT = 25

entry = st.tuples(
    st.sampled_from(sorted(KEYS)),
    st.floats(-1e6, 1e6, width=32),
    st.integers(1, 3),
    st.none() | st.sampled_from(sorted(KEYS)),
)
text = st.text(st.characters(codec="utf-8", exclude_characters="\0"), max_size=6)
fan = st.tuples(text, *[st.floats(-9, 9, width=32)] * 3)
user = st.tuples(text, text, st.lists(entry, max_size=4))


def as_batch(users: list[Any]) -> pa.RecordBatch:
    rows = [
        dict(zip(LISTS.names, (user_id, segment, *([e[i] for e in entries] for i in range(4))), strict=True))
        for user_id, segment, entries in users
    ]
    return pa.RecordBatch.from_pylist(rows, LISTS)


def encode(users: list[Any], *, size: int = 7, slices: int = 1) -> bytes:
    """Return what COPY would read of the first slice, for a batch in two parts."""
    keys, stream = ItemKeys(KEYS), Stream()
    pending: Any = SimpleNamespace(done=lambda: False)
    for part in (users[:2], users[2:]):
        lists = read_lists(as_batch(part))
        encoded = encode_lists(lists, keys.of(lists.members), keys.of(lists.reason_items), 5, slices)
        stream.put(encoded[0], pending)
    stream.put(None, pending)
    return b"".join(iter(lambda: stream.read(size), b""))


def decode(data: bytes) -> list[tuple[Any, ...]]:
    assert data.startswith(HEADER)
    assert data.endswith(TRAILER)
    place, rows = len(HEADER), []
    while data[place : place + 2] != TRAILER:
        (fields,) = struct.unpack_from(">h", data, place)
        place += 2
        row = []
        for _ in range(fields):
            (size,) = struct.unpack_from(">i", data, place)
            row.append(data[place + 4 : place + 4 + size])
            place += 4 + size
        rows.append((
            struct.unpack(">i", row[0])[0], row[1].decode(), row[2].decode(), *(decode_array(f) for f in row[3:])
        ))  # fmt: skip
    assert place == len(data) - len(TRAILER)
    return rows


def decode_array(data: bytes) -> list[Any]:
    dimensions, nulls, oid, length, lower = struct.unpack_from(">5i", data)
    assert (dimensions, nulls, lower) == (1, 0, 1)
    if oid == TEXT:
        return decode_texts(data[20:], length)
    code = CODES[oid]
    width = struct.calcsize(f">{code}")
    elements = struct.unpack(">" + f"i{code}" * length, data[20:])
    assert set(elements[::2]) <= {width}
    return list(elements[1::2])


def decode_texts(data: bytes, length: int) -> list[str]:
    texts, place = [], 0
    for _ in range(length):
        (size,) = struct.unpack_from(">i", data, place)
        texts.append(data[place + 4 : place + 4 + size].decode())
        place += 4 + size
    assert place == len(data)
    return texts


@settings(deadline=None, max_examples=30)
@given(st.lists(st.tuples(text, text, st.lists(fan, max_size=4)), max_size=4))
def test_users_and_figures_come_out_as_they_went_in(rows: list[Any]) -> None:
    kind = ListKind("fans", key="item_id", scope="subject", member="user", figures=("support", "lift"))
    batch = pa.RecordBatch.from_pylist([
        {"item_id": key, "subject": scope, "user_ids": [e[0] for e in entries], "scores": [e[1] for e in entries],
         "reason_codes": [6] * len(entries), "reason_item_ids": [None] * len(entries),
         "support": [e[2] for e in entries], "lift": [e[3] for e in entries]}
        for key, scope, entries in rows
    ], kind.schema)  # fmt: skip
    lists = read_lists(batch, kind)
    (data,) = encode_lists(lists, None, ItemKeys(KEYS).of(lists.reason_items), 5, 1)
    assert decode(HEADER + bytes(data) + TRAILER) == [
        (5, key, scope, [e[0] for e in entries], [e[1] for e in entries], [6] * len(entries), [0] * len(entries),
         [e[2] for e in entries], [e[3] for e in entries])
        for key, scope, entries in rows
    ]  # fmt: skip


@settings(deadline=None)
@given(st.lists(user, max_size=5), st.integers(1, 300))
def test_rows_come_out_as_they_went_in(users: list[Any], size: int) -> None:
    expected = [
        (
            5, user_id, segment,
            [KEYS[e[0]] for e in entries], [e[1] for e in entries], [e[2] for e in entries],
            [KEYS[e[3]] if e[3] else 0 for e in entries],
        )
        for user_id, segment, entries in users
    ]  # fmt: skip
    assert sorted(decode(encode(users, size=size))) == sorted(expected)


def test_every_user_is_in_one_slice() -> None:
    users = [(f"user {n}", "s", [("item 1", float(n), 1, None)] * (n % 3)) for n in range(50)]
    lists = read_lists(as_batch(users))
    keys = ItemKeys(KEYS)
    parts = encode_lists(lists, keys.of(lists.members), keys.of(lists.reason_items), 5, 3)
    rows = [decode(HEADER + bytes(part) + TRAILER) for part in parts]
    assert all(rows)
    assert sorted(row[1] for part in rows for row in part) == sorted(user for user, *_ in users)
    (whole,) = encode_lists(lists, keys.of(lists.members), keys.of(lists.reason_items), 5, 1)
    assert sorted(row for part in rows for row in part) == sorted(decode(HEADER + bytes(whole) + TRAILER))


def test_an_unknown_item_is_named() -> None:
    with pytest.raises(PublishError, match="item 'ghost'"):
        encode([("a", "s", [("ghost", 1.0, 1, None)])])
    with pytest.raises(PublishError, match="item 'ghost'"):
        encode([("a", "s", [("item 1", 1.0, 1, "ghost")])])


def test_an_unknown_item_that_no_list_holds_is_no_matter() -> None:
    names = pa.DictionaryArray.from_arrays(pa.array([1], pa.int32()), ["ghost", "item 1"])
    columns = [["a"], ["s"], pa.ListArray.from_arrays([0, 1], names), [[1.0]], [[1]], [["item 2"]]]
    lists = read_lists(pa.RecordBatch.from_arrays([pa.array(column) for column in columns], LISTS.names))
    assert ItemKeys(KEYS).of(lists.members)[1] == KEYS["item 1"]


def test_lists_of_uneven_length_are_refused_with_the_user() -> None:
    batch = pa.RecordBatch.from_pylist(
        [{"user_id": "bob", "segment": "s", "item_ids": ["item 1"], "scores": [], "reason_codes": [1],
          "reason_item_ids": [None]}], LISTS)  # fmt: skip
    with pytest.raises(ValidationError, match="scores of user 'bob'"):
        read_lists(batch)
