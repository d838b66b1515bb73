"""Values become the contract's, whatever type they were delivered in; what breaks a limit is set aside by name."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal
from functools import reduce
from typing import Any

import pytest
from pyspark.sql import DataFrame, SparkSession
from pyspark.sql import functions as F  # noqa: N812 - the name that everyone knows

from include.contract.dataset import TableMapping
from include.contract.schema import CONTRACT
from include.errors import ConfigurationError
from include.ingest.casting import cast_to_contract, evaluating, failing_expression

pytestmark = pytest.mark.spark

PLACED = "ingest_date string, source_file string, _block long, _position long, _malformed boolean, _line string"
PLACE = ("2026-03-02", "a", 0, 1, False)
EVENT = {
    "event_id": "'1'",
    "item_id": "'milk'",
    "event_type": "'view'",
    "event_ts": "'2026-03-02 09:00:00'",
    "quantity": "1",
}


def mapping(columns: dict[str, str], names: list[str], **more: Any) -> Any:
    table = TableMapping.model_validate({"source": {"required": names}, "columns": columns, **more})
    return table.parts[0]


def delivered(spark: SparkSession, name: str, kind: str, values: list[Any], line: str | None = None) -> DataFrame:
    rows = [(*PLACE, line, value) for value in values]
    return spark.createDataFrame(rows, f"{PLACED}, `{name}` {kind}").coalesce(1)


Case = tuple[str, list[Any]]


def cast(
    spark: SparkSession, column: str, *cases: Case, zone: str = "UTC", **more: Any
) -> list[list[tuple[str | None, list[str]]]]:
    """Return, for each case, the contract's value as text and the reasons of each value delivered for a column.

    A case is a type and values of it; all are cast in one job.
    """
    part = mapping({**EVENT, column: "given"}, ["given"], **more)
    with evaluating(spark, zone):
        frames = [
            cast_to_contract(delivered(spark, "given", kind, values), CONTRACT["events"], part).select(
                F.lit(number).alias("case"), F.col(column).cast("string").alias("value"), "reasons"
            )
            for number, (kind, values) in enumerate(cases)
        ]
    rows = reduce(DataFrame.unionByName, frames).collect()
    return [[(row["value"], row["reasons"]) for row in rows if row["case"] == n] for n in range(len(cases))]


def test_whole_floats_are_whole_numbers_in_ids_and_text_stays_text(spark: SparkSession) -> None:
    # Text, or what a spreadsheet has cut off: which number that was, nobody knows
    as_they_are = [
        "4.00638E+12",
        "007.0",
        "v1.0",
        "1.0.0",
        "1E5",
        "0000123",
        "1.5E0",
        "9.9E99",
        "1.10",
        "ABC.0",
        "12.50",
    ]
    found = cast(
        spark,
        "user_id",
        ("string", as_they_are),
        ("string", ["17850.0", "1.2345678E7", "1.2345678e+07", "17850.00", "-3.0", "1.2345E7"]),
        ("double", [17850.0, 12345678.0, float("nan"), None, 2.5, 1e15, float("inf")]),
        ("float", [17850.0, 0.0]),
        ("decimal(12,2)", [Decimal("17850.00"), Decimal("2.50")]),
        ("bigint", [17850, 2**62]),
        ("binary", [b"abc"]),
        ("array<int>", [[1, 2]]),
        ("struct<a:int>", [(1,)]),
        ("boolean", [True]),
        ("date", [dt.date(2026, 3, 2)]),
    )
    assert all(reasons == [] for case in found for _, reasons in case)
    assert [[value for value, _ in case] for case in found] == [
        as_they_are,
        ["17850", "12345678", "12345678", "17850", "-3", "12345000"],
        ["17850", "12345678", None, None, "2.5", "1000000000000000", "Infinity"],
        ["17850", "0"],
        ["17850", "2.50"],
        ["17850", str(2**62)],
        ["abc"],
        ["[1, 2]"],
        ["{1}"],
        ["true"],
        ["2026-03-02"],
    ]


def test_blanks_of_any_kind_are_cut_off(spark: SparkSession) -> None:
    texts = [" ann ", "ann\u00a0", "\u3000\u200bann", "Zoë\u202f", "\u00a0", "an\u00a0n"]
    (found,) = cast(spark, "user_id", ("string", texts))
    assert [value for value, _ in found] == ["ann", "ann", "ann", "Zoë", None, "an\u00a0n"]


def test_a_title_is_no_id(spark: SparkSession) -> None:
    part = mapping({"item_id": "given", "title": "given"}, ["given"])
    frame = cast_to_contract(delivered(spark, "given", "string", ["7.0"]), CONTRACT["items"], part)
    assert [(row.item_id, row.title) for row in frame.collect()] == [("7", "7.0")]


def test_what_may_not_stand_in_a_text_sets_the_row_aside(spark: SparkSession) -> None:
    cut = "u" * 100
    given = ["u\x00x", "u0001\x00", "\x00", "a\tb", "ü\U0001f600", "u" * 255, "u" * 256, "\ud7ff"]
    texts, (broken,) = cast(spark, "user_id", ("string", given), ("binary", [b"caf\xe9"]))
    assert [reasons for _, reasons in texts] == [
        ["user_id=u\ufffdx holds a control character"],
        ["user_id=u0001\ufffd holds a control character"],
        ["user_id=\ufffd holds a control character"],
        ["user_id=a\ufffdb holds a control character"],
        [],
        [],
        [f"user_id={cut} is longer than 255 characters"],
        [],
    ]
    assert broken[1] == ["user_id=caf\ufffd is no text in UTF-8"]


def test_titles_and_attributes_have_limits_of_their_own(spark: SparkSession) -> None:
    part = mapping({"item_id": "'1'", "title": "given"}, ["given"], attributes={"text": "given"})
    given = ["a\tb\nc", "Mug\x00blue", "x" * 2001, "\x0bvertical tab"]
    frame = cast_to_contract(delivered(spark, "given", "string", given), CONTRACT["items"], part)
    assert [row["reasons"] for row in frame.select("reasons").collect()] == [
        [],
        ["title=Mug\ufffdblue holds a control character", "text=Mug\ufffdblue holds a control character"],
        [f"title={'x' * 100} is longer than 2000 characters"],
        [],
    ]


def test_half_a_character_is_seen_in_the_record(spark: SparkSession) -> None:
    lines = {
        '{"a": "\\ud800"}': True,
        '{"a": "\\udc00x"}': True,
        '{"a": "\\ud83d\\ude00"}': False,
        '{"a": "\\\\ud800"}': False,
    }
    frames = [delivered(spark, "given", "string", ["?"], line) for line in lines]
    part = mapping({**EVENT, "user_id": "given"}, ["given"])
    rows = cast_to_contract(reduce(DataFrame.unionByName, frames), CONTRACT["events"], part).collect()
    half = ["text with half a character (a lone surrogate)"]
    assert [row["reasons"] for row in rows] == [half if wrong else [] for wrong in lines.values()]


def test_times_are_the_shops_and_offsets_are_understood(spark: SparkSession) -> None:
    given = ["2026-03-02T16:40:00-08:00", "2026-03-02 23:59:59", "2026-03-03T00:00:00", "2026-03-03T07:59:59Z", "12:30"]
    (found,) = cast(spark, "event_ts", ("string", given), zone="America/Los_Angeles")
    assert found == [
        ("2026-03-02 16:40:00", []),
        ("2026-03-02 23:59:59", []),
        (
            "2026-03-03 00:00:00",
            ["event_ts=2026-03-03T00:00:00 is after the day of its delivery in America/Los_Angeles"],
        ),
        ("2026-03-02 23:59:59", []),
        (None, ["event_ts=12:30 is not a time"]),
    ]
    assert spark.conf.get("spark.sql.session.timeZone") == "UTC"


def test_any_type_is_a_time_or_a_reason(spark: SparkSession) -> None:
    found = cast(
        spark,
        "event_ts",
        ("bigint", [1_772_442_000]),
        ("array<string>", [["2026-03-02"]]),
        ("date", [dt.date(2026, 3, 2)]),
        ("timestamp_ntz", [dt.datetime(2026, 3, 2, 9)]),
        ("string", ["0001-01-01", "0000-00-00", "+12026-01-01"]),
    )
    assert [[reasons for _, reasons in case] for case in found] == [
        [["event_ts=1772442000 is not a time"]],
        [["event_ts=[2026-03-02] is not a time"]],
        [[]],
        [[]],
        [
            ["event_ts=0001-01-01 is before 1900-01-01"],
            ["event_ts=0000-00-00 is not a time"],
            ["event_ts=+12026-01-01 is not a time"],
        ],
    ]


def test_a_missing_float_is_missing_and_a_flag_may_be_a_number(spark: SparkSession) -> None:
    assert cast(spark, "price", ("double", [float("nan"), 1.5, float("inf")]), ("boolean", [True])) == [
        [(None, []), ("1.5", []), (None, ["price=Infinity is not a number"])],
        [(None, ["price=true is not a number"])],
    ]
    part = mapping({"item_id": "'1'", "title": "'a'", "in_stock": "given"}, ["given"])
    frame = cast_to_contract(delivered(spark, "given", "double", [1.0, 0.0, None, 2.0]), CONTRACT["items"], part)
    assert [(row.in_stock, row.reasons) for row in frame.collect()] == [
        (True, []),
        (False, []),
        (True, []),
        (None, ["in_stock=2 is not true or false"]),
    ]


def test_placeholders_are_missing_values(spark: SparkSession) -> None:
    nothing = {"missing": {"user_id": ["null", "0", "guest", "\\N"], "item_id": ["0"]}}
    given = ["null", "0", "guest", "\\N", " guest ", "0.0", "NULL", "10"]
    texts, floats = cast(spark, "user_id", ("string", given), ("double", [0.0, 1.0]), **nothing)
    assert [value for value, _ in texts] == [None, None, None, None, None, None, "NULL", "10"]
    assert floats == [(None, []), ("1", [])]
    assert cast(spark, "item_id", ("string", ["0"]), **nothing) == [[(None, ["item_id is missing"])]]


@pytest.mark.parametrize(
    ("name", "expression", "message"),
    [
        ("Order ID", "Order ID", r"'Order ID', is no expression.*Remedy: write `Order ID` between backticks"),
        ("unit-price", "unit-price", r"UNRESOLVED_COLUMN.*Remedy: write `unit-price` between backticks"),
        ("a.b", "a.b", r"a\.b.*Remedy: write `a.b` between backticks"),
        ("given", "sum(given)", r"sum\(given\)"),
        ("given", "explode(split(given, ','))", "explode"),
        ("given", "no_such_function(given)", "no_such_function"),
        ("given", "given +", "PARSE_SYNTAX_ERROR"),
        ("given", "(select 1", "PARSE_SYNTAX_ERROR"),
    ],
)
def test_an_expression_that_spark_refuses_is_one_line_with_a_remedy(
    spark: SparkSession, name: str, expression: str, message: str
) -> None:
    part = mapping({**EVENT, "user_id": expression}, [name])
    with pytest.raises(ConfigurationError, match=message) as error:
        cast_to_contract(delivered(spark, name, "string", ["1"]), CONTRACT["events"], part)
    assert "\n" not in str(error.value)
    assert str(error.value).startswith("tables.events.columns.user_id of the mapping")


def test_backticks_and_windows_are_fine(spark: SparkSession) -> None:
    part = mapping({**EVENT, "user_id": "max(`Order ID`) over (partition by ingest_date)"}, ["Order ID"])
    frame = cast_to_contract(delivered(spark, "Order ID", "string", ["1", "2"]), CONTRACT["events"], part)
    assert [row.user_id for row in frame.collect()] == ["2", "2"]


def test_a_condition_is_true_or_false(spark: SparkSession) -> None:
    part = mapping({**EVENT, "user_id": "given"}, ["given"], reject={"odd": "quantity"})
    with pytest.raises(ConfigurationError, match=r"events\.reject\.odd .*it gives a double, not true or false"):
        cast_to_contract(delivered(spark, "given", "string", ["1"]), CONTRACT["events"], part)


@pytest.mark.parametrize(
    ("section", "expression", "why"),
    [
        ("columns", "if(given = '1', raise_error('no such shop'), given)", "no such shop"),
        ("columns", "element_at(split(given, ','), 0)", "INVALID_INDEX_OF_ZERO"),
        ("reject", "assert_true(quantity > 1) is null", "quantity"),
    ],
)
def test_an_expression_that_fails_at_a_row_is_found(
    spark: SparkSession, section: str, expression: str, why: str
) -> None:
    columns = {**EVENT, "user_id": expression if section == "columns" else "given"}
    part = mapping(columns, ["given"], reject={"user_id": expression} if section == "reject" else {})
    frame = delivered(spark, "given", "string", ["1"])
    with evaluating(spark):
        wrong = failing_expression(frame, CONTRACT["events"], part)
    assert wrong is not None
    message = str(wrong)
    assert message.startswith(f"tables.events.{section}.user_id of the mapping, {expression!r}")
    assert why in message
    assert "\n" not in message
    assert "SQLSTATE" not in message
