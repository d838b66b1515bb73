import pytest
from hypothesis import given
from hypothesis import strategies as st

from include.evaluation.gate import judge
from include.policy import GatePolicy, load_policy
from tests.include.evaluation.reports import make_report

POLICY = load_policy({"gate": {"metric": "recall", "min_ratio_to_champion": 0.98, "min_users": 50}}).gate

share = st.floats(0, 1)


def changed(**values: object) -> GatePolicy:
    return POLICY.model_copy(update=values)


def test_the_first_challenger_that_beats_popularity_beyond_its_interval_is_promoted() -> None:
    verdict = judge(POLICY, make_report(0.14))
    assert verdict.kind == "promote"
    assert verdict.reasons == [
        "100 users evaluated, at least the 50 that are evidence",
        "recall@20 0.1400 is 1.400 x popularity's 0.1000 beyond its interval (difference +0.0400, +0.0300 to +0.0500)",
        "lists cover 50.0% of the items, at least 2.0%",
        "50.0% of the entries are in the lists that the champion would make, at least 5.0%",
        "0.0% of the lists are empty, at most 5.0%",
        "there is no champion yet",
    ]


def test_each_check_has_its_figures() -> None:
    (checks,) = [check for check in judge(POLICY, make_report(0.14)).figures() if check["name"] == "popularity"]
    assert checks["holds"] is True
    assert checks["figures"] == pytest.approx(
        {"users": 100, "value": 0.14, "other": 0.1, "difference": 0.04, "low": 0.03, "high": 0.05, "needed": 0}
    )


@pytest.mark.parametrize(("recall", "half"), [(0.09, 0.001), (0.1, 0.0), (0.12, 0.03)])
def test_a_challenger_that_may_be_no_better_than_popularity_is_refused(recall: float, half: float) -> None:
    verdict = judge(POLICY, make_report(recall, half=half))
    assert verdict.kind == "keep"
    assert "popularity's 0.1000 not beyond its interval" in verdict.reasons[0]


def test_the_policy_can_ask_for_more_than_popularity() -> None:
    assert judge(changed(min_ratio_to_popularity=1.2), make_report(0.14)).kind == "promote"
    assert judge(changed(min_ratio_to_popularity=1.35), make_report(0.14)).kind == "keep"


def test_nearly_as_good_as_the_champion_is_good_enough_because_it_is_fresher() -> None:
    assert judge(POLICY, make_report(0.199, champion=0.2, half=0.0001)).kind == "promote"
    verdict = judge(POLICY, make_report(0.194, champion=0.2, half=0.001))
    assert verdict.kind == "keep"
    assert verdict.reasons[0].startswith("recall@20 0.1940 is 0.970 x the champion's 0.2000 (difference -0.0060")


def test_worse_than_the_champion_by_chance_alone_is_not_refused() -> None:
    assert judge(POLICY, make_report(0.19, champion=0.2, half=0.02)).kind == "promote"


def test_the_champions_recipe_on_the_same_data_is_a_rival_of_its_own() -> None:
    verdict = judge(POLICY, make_report(0.18, champion=0.15, recipe=0.2, half=0.005))
    assert verdict.kind == "keep"
    assert "0.900 x its recipe's on the same data 0.2000" in verdict.reasons[0]


@pytest.mark.parametrize("group", ["little_history", "new_users", "new_items"])
def test_a_cold_group_that_loses_beyond_doubt_refuses(group: str) -> None:
    worse = {group: {"challenger": 0.1, "champion": 0.15}}
    verdict = judge(POLICY, make_report(0.3, champion=0.2, groups=worse))
    assert verdict.kind == "keep"
    assert f"of {group.replace('_', ' ').replace('little', 'users with little')}" in verdict.reasons[0]
    assert judge(POLICY, make_report(0.3, champion=0.2, groups=worse, half=0.06)).kind == "promote"
    assert judge(changed(min_group_users=101), make_report(0.3, champion=0.2, groups=worse)).kind == "promote"


def test_few_users_are_no_evidence() -> None:
    verdict = judge(POLICY, make_report(0.5, users=49))
    assert verdict.kind == "keep"
    assert verdict.reasons[0] == "49 users evaluated, less than the 50 that are evidence"


def test_no_users_at_all_keep_whatever_the_policy() -> None:
    verdict = judge(changed(min_users=0), make_report(0.0, users=0))
    assert (verdict.kind, verdict.reasons) == ("keep", ["0 users evaluated, less than the 1 that are evidence"])


@pytest.mark.parametrize(
    ("sanity", "reason"),
    [
        ({"coverage": 0.01}, "lists cover 1.0% of the items, less than 2.0%"),
        ({"overlap": 0.01}, "1.0% of the entries are in the lists that the champion would make, less than 5.0%"),
        ({"empty": 0.2}, "20.0% of the lists are empty, more than 5.0%"),
        ({"problem": "the factors of 1 items are not finite numbers"}, "the factors of 1 items are not finite numbers"),
    ],
)
def test_a_final_fit_that_is_not_sane_is_refused(sanity: dict[str, object], reason: str) -> None:
    verdict = judge(POLICY, make_report(0.5, sanity=sanity))
    assert (verdict.kind, verdict.reasons[0]) == ("keep", reason)


def test_without_a_model_the_reason_is_what_the_data_lacks() -> None:
    verdict = judge(POLICY, make_report(None, lacks="no model yet: too little"))
    assert (verdict.kind, verdict.reasons) == ("keep", ["no model yet: too little"])


@pytest.mark.parametrize("name", ["ndcg", "precision", "map", "mrr", "hit_rate"])
def test_the_policy_names_the_metric(name: str) -> None:
    verdict = judge(changed(metric=name), make_report(0.2, metric=name))
    assert verdict.kind == "promote"
    assert verdict.reasons[1].startswith(f"{name}@20 0.2000 is 2.000 x")


@given(share, share, st.none() | share, st.integers(0, 100), share, st.floats(0, 0.1))
def test_promotion_needs_every_rule(
    challenger: float, popularity: float, champion: float | None, users: int, coverage: float, half: float
) -> None:
    report = make_report(
        challenger, popularity, champion, users=users, sanity={"coverage": coverage}, half=half,
    )  # fmt: skip
    verdict = judge(POLICY, report)

    def not_worse(ratio: float, bound: float) -> bool:
        difference = challenger - (champion or 0)
        return champion is None or difference >= (ratio - 1) * champion or difference + half >= bound

    expected = (
        users >= 50
        and challenger > 0
        and challenger - popularity - half > 0
        and coverage >= 0.02
        and not_worse(0.98, 0)
        and not_worse(0.9, -0.1 * (champion or 0))
    )
    assert verdict.kind == ("promote" if expected else "keep")
    assert verdict.reasons


@given(share, share, share, st.floats(0, 0.5))
def test_a_better_challenger_is_never_worse_off(challenger: float, popularity: float, old: float, gain: float) -> None:
    first = judge(POLICY, make_report(challenger, popularity, old))
    second = judge(POLICY, make_report(challenger + gain, popularity, old))
    assert (first.kind, second.kind) != ("promote", "keep")
