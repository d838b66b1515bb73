import pytest

from include.mapping.sniff import has_header, sniff_delimiter, sniff_encoding


@pytest.mark.parametrize(
    ("encoding", "text"),
    [
        ("utf-8", "Größe;Stück\n"),
        ("cp1252", "Art;Größe\n1;Stück für Crème\n"),
        ("cp1250", "Nr;Zamówienie\n1;Żółty młynek, 12,99 zł\n"),
        ("cp1254", "Sipariş;Ürün\n1;Yeşil fincan ığ\n"),
        ("cp1251", "Номер;Товар;Цена\n1;Чайник синий;12,50\n2;Кружка большая;8,00\n"),
        ("gb18030", "订单;商品名称\n1;蓝色杯子\n"),
    ],
)
def test_encodings(encoding: str, text: str) -> None:
    assert sniff_encoding((text * 20).encode(encoding)) == encoding


def test_a_letter_that_is_cut_off_is_no_other_encoding() -> None:
    assert sniff_encoding("Größe".encode()[:-3]) == "utf-8"
    assert sniff_encoding("a;b\n".encode("utf-16")) == "utf-16"


@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|"])
def test_the_delimiter_is_what_splits_records_alike(delimiter: str) -> None:
    row = delimiter.join(["1", '"a, b; c | d"', "2,50" if delimiter != "," else "2.50", "x"])
    assert sniff_delimiter(f"{delimiter.join('abcd')}\n{row}\n{row}\n") == delimiter


def test_line_breaks_in_quotes_do_not_hide_the_delimiter() -> None:
    assert sniff_delimiter('a;b\n1;"x,\ny, z,\n"\n2;"u,\nv"\n') == ";"


@pytest.mark.parametrize(
    ("first", "header"),
    [("user,item", True), ("196,242", False), ("a,2026-03-02", False), ("a,b,", True), ("a,a", False)],
)
def test_a_header_holds_names(first: str, header: bool) -> None:
    assert has_header([first.split(","), ["1", "2"]]) == header
