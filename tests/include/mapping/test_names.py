import pytest

from include.mapping.names import called, event_type, values


@pytest.mark.parametrize(
    ("column", "role"),
    [
        ("Kd-Nr", "user_id"),
        ("Réf. produit", "item_id"),
        ("N° commande", "order_id"),
        ("properties.product_id", "item_id"),
        ("Lineitem sku", "item_id"),
        ("unixReviewTime", "event_ts"),
        ("Data zamówienia", "event_ts"),
        ("Qté", "quantity"),
        ("Geändert", "updated_ts"),
    ],
)
def test_names_are_known_in_several_languages_and_spellings(column: str, role: str) -> None:
    assert called(column, role) > 0


def test_a_whole_name_fits_better_than_its_end_or_the_end_of_a_path() -> None:
    assert called("sku", "item_id") > called("line.sku", "item_id") > called("Lineitem barcode sku", "item_id") > 0
    assert called("colour of the wrapping", "item_id") == 0


@pytest.mark.parametrize(
    ("value", "kind"),
    [
        ("Product Viewed", "view"),
        ("view_item", "view"),
        ("page_view", ""),
        ("view_item_list", ""),
        ("addtocart", "cart"),
        ("Product Added", "cart"),
        ("remove_from_cart", ""),
        ("Cart Viewed", ""),
        ("Order Completed", "purchase"),
        ("OrderCompleted", "purchase"),
        ("transaction", "purchase"),
        ("Rechnung", "purchase"),
        ("Gutschrift", "return"),
        ("devolución", "return"),
        ("purchase_refund", "return"),
        ("login", ""),
    ],
)
def test_words_for_what_happened(value: str, kind: str) -> None:
    assert event_type(value) == kind


def test_words_for_nobody() -> None:
    assert {"null", "guest", r"\n", "-1"} <= values("nobody")
