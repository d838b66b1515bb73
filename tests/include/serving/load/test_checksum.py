"""The checksum: what PostgreSQL computes, whatever the order and the chunks."""

from typing import Any

import psycopg2.extras
import pyarrow as pa
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from include.errors import ValidationError
from include.serving.load import combine, table_digest
from include.serving.load.checksum import digests
from include.serving.load.hashing import place_rows
from include.serving.load.items import ItemKeys
from include.serving.load.lists import read_lists, texts
from tests.batches import LISTS, table_checksum
from tests.databases import Database

score = st.floats(-1e6, 1e6, width=32)
text = st.text(st.characters(codec="utf-8", exclude_characters="\0"), max_size=30)
entry = st.tuples(text, score, st.integers(1, 3), st.none() | text)
row = st.tuples(text, text, st.lists(entry, max_size=4))

CONTENT = """
SELECT reco.checksum(sum(reco.row_digest(
    user_id, segment, item_ids::text[], scores::real[], reasons::smallint[], reason_items::text[]
)))
FROM unnest(%s::text[], %s::text[]) WITH ORDINALITY AS listed (user_id, segment, place)
INNER JOIN jsonb_to_recordset(%s) AS lists (
    place int, item_ids text[], scores real[], reasons smallint[], reason_items text[]
) USING (place)
"""


def as_table(rows: list[Any]) -> pa.Table:
    columns = [[user for user, _, _ in rows], [segment for _, segment, _ in rows]]
    columns += [[[entry[i] for entry in entries] for *_, entries in rows] for i in range(4)]
    return pa.table([pa.array(c, type=field.type) for c, field in zip(columns, LISTS, strict=True)], schema=LISTS)


def said_by_server(database: Database, rows: list[Any]) -> str:
    names = ("item_ids", "scores", "reasons", "reason_items")
    lists = [
        {"place": place, **{name: [entry[i] for entry in entries] for i, name in enumerate(names)}}
        for place, (_, _, entries) in enumerate(rows, start=1)
    ]
    values = ([user for user, _, _ in rows], [segment for _, segment, _ in rows], psycopg2.extras.Json(lists))
    ((checksum,),) = database.rows("SET ROLE reco_writer; " + CONTENT, values)
    return str(checksum)


@pytest.mark.postgres
@settings(deadline=None, max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(row, max_size=5))
def test_the_server_computes_the_same(postgres: Database, rows: list[Any]) -> None:
    assert table_checksum(as_table(rows)) == said_by_server(postgres, rows)


@pytest.mark.postgres
def test_users_are_placed_as_the_server_places_them(postgres: Database) -> None:
    users = [f"user {n}" * (n % 4) + "é" * (n % 3) for n in range(200)]
    found = postgres.rows(
        "SET ROLE reco_writer; CREATE TEMPORARY TABLE placed (user_id text) PARTITION BY HASH (user_id); "
        "SELECT array_agg(place ORDER BY number) FROM unnest(%s::text[]) WITH ORDINALITY AS t (user_id, number), "
        "generate_series(0, 2) AS place WHERE satisfies_hash_partition('placed'::regclass, 3, place, user_id)",
        (users,),
    )
    names = texts(pa.array(users))
    assert found == [(place_rows(names.offsets, names.data, 3).tolist(),)]


def test_a_sum_wraps_at_64_bits() -> None:
    assert combine([2**64 - 1] * 20) == f"{(20 * (2**64 - 1)) % 2**64:016x}"
    assert combine([]) == "0" * 16


@settings(deadline=None)
@given(st.lists(row, max_size=6), st.randoms())
def test_rows_in_any_order_and_any_chunks(rows: list[Any], random: Any) -> None:
    shuffled = list(rows)
    random.shuffle(shuffled)
    half = len(shuffled) // 2
    chunked = pa.concat_tables([as_table(shuffled[:half]), as_table(shuffled[half:])])
    assert table_checksum(chunked) == table_checksum(as_table(rows))


def coded(table: pa.Table) -> pa.Table:
    for place in (2, 5):
        lists = table.column(place).combine_chunks()
        array = pa.ListArray.from_arrays(lists.offsets, lists.values.dictionary_encode())
        table = table.set_column(place, LISTS.names[place], array)
    return table


LIST = [("a", 1.5, 1, "b"), ("c", -0.5, 2, None), ("d", 0.25, 3, None)]
WHOLE = [("u1", "north", LIST), ("u2", "south", LIST[:1])]


def test_codes_and_slices_of_arrays_make_no_difference() -> None:
    table = as_table(WHOLE)
    assert table_checksum(coded(table)) == table_checksum(table)
    assert table_digest(table.slice(1)) == table_digest(as_table(WHOLE[1:]))


@pytest.mark.parametrize("other", [
    [("u2", "north", LIST), ("u1", "south", LIST[:1])],  # lists change places
    [("u1", "south", LIST), ("u2", "north", LIST[:1])],
    [("u1", "north", [LIST[1], LIST[0], LIST[2]]), WHOLE[1]],  # and entries
    [("u1", "north", [("a", 1.5, 1, None), ("c", -0.5, 2, "b"), LIST[2]]), WHOLE[1]],
    [("u1", "north", [("a", 1.5000001, 1, "b"), *LIST[1:]]), WHOLE[1]],
    [("u1", "north", LIST[:2]), ("u2", "south", LIST[:1])],
    [WHOLE[0], WHOLE[1], WHOLE[1]],
    [WHOLE[0]],
])  # fmt: skip
def test_every_kind_of_damage_changes_it(other: list[Any]) -> None:
    assert table_checksum(as_table(other)) != table_checksum(as_table(WHOLE))


def test_what_is_stored_depends_on_the_keys() -> None:
    lists = read_lists(as_table(WHOLE).to_batches()[0])
    sums = set()
    for keys in ({"a": 1, "b": 2, "c": 3, "d": 4}, {"a": 1, "b": 2, "c": 4, "d": 3}):
        known = ItemKeys(keys)
        sums.add(digests(lists, known.of(lists.members), known.of(lists.reason_items)).stored)
    assert len(sums) == 2


def test_a_score_that_is_no_number_is_refused() -> None:
    with pytest.raises(ValidationError, match="1 scores are not finite"):
        table_checksum(as_table([("u1", "s", [("a", float("nan"), 1, None), ("b", 1.0, 1, None)])]))


@pytest.mark.parametrize("name", LISTS.names)
def test_a_missing_column_of_a_user_is_refused(name: str) -> None:
    place = LISTS.get_field_index(name)
    table = as_table([("u1", "s", [])]).set_column(place, name, pa.array([None], LISTS.field(name).type))
    with pytest.raises(ValidationError, match=f"1 rows of recommendations have no {name}"):
        table_checksum(table)


@pytest.mark.parametrize(("entry", "problem"), [
    ((None, 1.0, 1, None), "an item that is null"), (("a", 1.0, -1, None), "null or negative"),
    (("a", 1.0, None, None), "null or negative"),
])  # fmt: skip
def test_an_entry_without_item_or_reason_is_refused(entry: Any, problem: str) -> None:
    with pytest.raises(ValidationError, match=problem):
        table_checksum(as_table([("u1", "s", [entry])]))
