import datetime as dt

import pytest

from include.mapping.kinds import as_day, as_number, look_at


@pytest.mark.parametrize(
    ("values", "kind"),
    [
        (["", ""], "empty"),
        (["17", "4"], "integer"),
        (["9.5", "3"], "number"),
        (["2026-03-02", "2026-03-03T10:00:00.5+01:00"], "time"),
        (["ja", "nein", "Ja"], "flag"),
        (["SKU-1", "SKU-2"], "text"),
        (["007", "008"], "integer"),
    ],
)
def test_kinds(values: list[str], kind: str) -> None:
    assert look_at(values).kind == kind


@pytest.mark.parametrize(
    ("value", "decimal", "thousands", "number"),
    [
        ("14,95 €", ",", "", 14.95),
        ("1.234,50", ",", ".", 1234.5),
        ("$1,234.50", ".", ",", 1234.5),
        ("1 234,50", ",", " ", 1234.5),
        ("12,99 zł", ",", "", 12.99),
    ],
)
def test_numbers_of_several_countries(value: str, decimal: str, thousands: str, number: float) -> None:
    look = look_at([value, value])
    assert (look.kind, look.decimal, look.thousands) == ("number", decimal, thousands)
    assert as_number(value, look) == number


@pytest.mark.parametrize(
    ("value", "day_format"),
    [
        ("02.03.2026", "%d.%m.%Y"),
        ("02.03.2026 14:05", "%d.%m.%Y %H:%M"),
        ("13/03/2026", "%d/%m/%Y"),
        ("03/13/2026 2:05 PM", "%m/%d/%Y %I:%M %p"),
        ("20260302", "%Y%m%d"),
        ("05 3, 2014", "%m %d, %Y"),
        ("01-Jan-1995", "%d-%b-%Y"),
        ("2026-03-02 14:05:09 -0500", ""),
        ("2026-03-02 00:00:00 UTC", ""),
    ],
)
def test_formats_of_times(value: str, day_format: str) -> None:
    look = look_at([value, value])
    assert look.day_format == day_format
    assert as_day(value, day_format) is not None


@pytest.mark.parametrize(
    ("value", "epoch"),
    [("1772554457", "epoch_s"), ("1772554457222", "epoch_ms"), ("1772554457222000", "epoch_us"), ("0108775015", "")],
)
def test_seconds_since_1970_begin_with_no_zero(value: str, epoch: str) -> None:
    assert look_at([value]).epoch == epoch
    if epoch:
        assert as_day(value, epoch) == dt.date(2026, 3, 3)


def test_what_is_filled_and_unique() -> None:
    look = look_at(["a", "b", "", "c"])
    assert look.filled == 0.75 and look.unique
    assert not look_at(["a", "a", "b"]).unique
