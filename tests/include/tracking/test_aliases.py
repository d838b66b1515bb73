from collections.abc import Iterator

import pytest

from include.settings import Settings
from include.tracking import register, set_aliases
from include.tracking.store import MODEL, tracking
from tests.include.tracking.made import make_lineage, make_model
from tests.mlflow_stores import get_aliases


@pytest.fixture
def versions(store: Settings) -> Iterator[list[str]]:
    """Versions of three nights in a row; no alias is set."""
    models = {"evaluation": make_model(1), "serving": make_model(1)}
    nights = ["2026-02-01", "2026-02-02", "2026-02-03"]
    yield [str(register(store, models, make_lineage(f"alias-{night}", night), {}, {})) for night in nights]
    with tracking(store) as client:
        for alias in get_aliases(store):
            client.delete_registered_model_alias(MODEL, alias)


def test_aliases_are_set_and_setting_them_again_changes_nothing(store: Settings, versions: list[str]) -> None:
    one, two, _ = versions
    for _ in range(2):
        set_aliases(store, champion=two, previous=one, challenger=two)
        assert get_aliases(store) == {"champion": two, "previous": one, "challenger": two}


def test_none_takes_champion_and_previous_away(store: Settings, versions: list[str]) -> None:
    one, two, _ = versions
    set_aliases(store, champion=two, previous=one, challenger=two)
    set_aliases(store, champion=one, previous=None, challenger=None)
    assert get_aliases(store) == {"champion": one, "challenger": two}
    set_aliases(store, champion=None, previous=None, challenger=None)
    assert get_aliases(store) == {"challenger": two}


def test_an_old_night_does_not_become_the_challenger_again(store: Settings, versions: list[str]) -> None:
    one, two, three = versions
    set_aliases(store, None, None, challenger=two)
    set_aliases(store, None, None, challenger=one)
    assert get_aliases(store) == {"challenger": two}
    set_aliases(store, None, None, challenger=three)
    assert get_aliases(store) == {"challenger": three}
