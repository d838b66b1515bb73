"""The checksum: exact on a small table, and the same whatever the order and the chunks."""

import hashlib

import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from include.errors import ValidationError
from include.serving.checksum import combine, digest, table_checksum, table_texts, user_text

SCHEMA = pa.schema([
    ("user_id", pa.string()),
    ("item_ids", pa.list_(pa.string())),
    ("scores", pa.list_(pa.float32())),
    ("reason_codes", pa.list_(pa.int8())),
    ("reason_item_ids", pa.list_(pa.string())),
])  # fmt: skip

score = st.floats(-1e6, 1e6, width=32)
text = st.text(st.characters(codec="utf-8", exclude_characters="\0"), max_size=5)
entry = st.tuples(text, score, st.integers(1, 3), st.none() | text)
row = st.tuples(text, st.lists(entry, max_size=4))


def as_table(rows: list) -> pa.Table:
    columns = [[user for user, _ in rows]]
    columns += [[[entry[i] for entry in entries] for _, entries in rows] for i in range(4)]
    return pa.table([pa.array(c, type=field.type) for c, field in zip(columns, SCHEMA, strict=True)], schema=SCHEMA)


def test_the_text_of_a_user() -> None:
    table = as_table([("u1", [("a", 1.2345, 1, "b"), ("c", -0.0005, 2, None)]), ("u2", [])])
    assert table_texts(table) == ["u1|a,c|1234,-1|1,2|b,", "u2||||"]


def test_the_checksum_by_hand() -> None:
    table = as_table([("u1", [("a", 1.0, 1, "b")]), ("u2", [])])
    numbers = [int(hashlib.md5(t).hexdigest()[:15], 16) for t in (b"u1|a|1000|1|b", b"u2||||")]
    assert table_checksum(table) == f"{sum(numbers):016x}"


def test_the_sum_wraps_at_64_bits() -> None:
    assert combine([2**60 - 1] * 20) == f"{(20 * (2**60 - 1)) % 2**64:016x}"


@settings(deadline=None)
@given(st.lists(row, max_size=6), st.randoms())
def test_rows_in_any_order_and_any_chunks(rows: list, random: object) -> None:
    table = as_table(rows)
    shuffled = list(rows)
    random.shuffle(shuffled)  # type: ignore[attr-defined]
    half = len(shuffled) // 2
    chunked = pa.concat_tables([as_table(shuffled[:half]), as_table(shuffled[half:])])
    assert table_checksum(chunked) == table_checksum(table)
    assert table_texts(table) == [
        user_text(user, *(list(column) for column in zip(*entries, strict=True))) if entries else f"{user}||||"
        for user, entries in rows
    ]
    assert table_checksum(table) == combine(digest(text) for text in table_texts(table))


def test_a_score_that_is_no_number_is_refused() -> None:
    with pytest.raises(ValidationError, match="1 scores are not finite"):
        table_checksum(as_table([("u1", [("a", float("nan"), 1, None), ("b", 1.0, 1, None)])]))


def test_a_missing_list_is_refused() -> None:
    table = as_table([("u1", [])]).set_column(1, "item_ids", pa.array([None], pa.list_(pa.string())))
    with pytest.raises(ValidationError, match="1 users have no item_ids"):
        table_checksum(table)
