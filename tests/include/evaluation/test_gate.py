import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from include.evaluation.gate import judge
from include.policy import GatePolicy, load_policy

POLICY = load_policy(
    {
        "gate": {
            "metric": "recall",
            "min_ratio_to_champion": 0.98,
            "min_ratio_to_popularity": 1.0,
            "min_users": 50,
            "min_coverage": 0.02,
        }
    }
).gate

share = st.floats(0, 1)


def metrics(recall: float, users: int = 100, coverage: float = 0.1) -> dict[str, float]:
    return {"recall": recall, "users": users, "coverage": coverage}


def changed(**values: object) -> GatePolicy:
    return POLICY.model_copy(update=values)


def test_the_first_challenger_that_beats_popularity_is_promoted() -> None:
    verdict = judge(POLICY, 20, metrics(0.14), metrics(0.1), None)
    assert verdict.kind == "promote"
    assert verdict.reasons == [
        "100 users evaluated, at least the 50 that are evidence",
        "recall@20 0.1400 is 1.400 x popularity's 0.1000, at least 1 x",
        "lists cover 10.0% of the items, at least 2.0%",
        "there is no champion yet",
    ]


def test_a_challenger_that_popularity_beats_is_refused() -> None:
    verdict = judge(POLICY, 20, metrics(0.09), metrics(0.1), None)
    assert verdict.kind == "keep"
    assert verdict.reasons[0] == "recall@20 0.0900 is 0.900 x popularity's 0.1000, less than 1 x"


def test_nearly_as_good_as_the_champion_is_good_enough_because_it_is_fresher() -> None:
    assert judge(POLICY, 20, metrics(0.099), metrics(0.05), metrics(0.1)).kind == "promote"
    verdict = judge(POLICY, 20, metrics(0.0975), metrics(0.05), metrics(0.1))
    assert verdict.kind == "keep"
    assert verdict.reasons[0] == "recall@20 0.0975 is 0.975 x the champion's 0.1000, less than 0.98 x"


def test_few_users_are_no_evidence() -> None:
    verdict = judge(POLICY, 20, metrics(0.5, users=49), metrics(0.1), metrics(0.1))
    assert verdict.kind == "keep"
    assert verdict.reasons[0] == "49 users evaluated, less than the 50 that are evidence"


def test_no_users_at_all_keep_whatever_the_policy() -> None:
    verdict = judge(changed(min_users=0), 20, {"users": 0, "coverage": 0.0}, {"users": 0}, None)
    assert (verdict.kind, verdict.reasons) == ("keep", ["0 users evaluated, less than the 1 that are evidence"])


def test_the_same_list_for_everybody_is_refused() -> None:
    verdict = judge(POLICY, 20, metrics(0.5, coverage=0.01), metrics(0.1), None)
    assert verdict.kind == "keep"
    assert verdict.reasons[0] == "lists cover 1.0% of the items, less than 2.0%"


def test_zero_beats_nothing_and_something_beats_zero() -> None:
    assert judge(POLICY, 20, metrics(0.0), metrics(0.0), metrics(0.0)).kind == "keep"
    verdict = judge(POLICY, 20, metrics(0.1), metrics(0.0), metrics(0.0))
    assert verdict.kind == "promote"
    assert "recall@20 0.1000 is against popularity's 0.0000, at least 1 x" in verdict.reasons


@pytest.mark.parametrize("name", ["ndcg", "precision", "hit_rate"])
def test_the_policy_names_the_metric(name: str) -> None:
    good, bad = {**metrics(0.0), name: 0.2}, {**metrics(0.9), name: 0.1}
    verdict = judge(changed(metric=name), 10, good, bad, bad)
    assert verdict.kind == "promote"
    assert verdict.reasons[1].startswith(f"{name}@10 0.2000 is 2.000 x")


@given(share, share, st.none() | share, st.integers(0, 100), share)
def test_promotion_needs_every_rule(
    challenger: float, popularity: float, champion: float | None, users: int, coverage: float
) -> None:
    others = None if champion is None else metrics(champion, users)
    verdict = judge(POLICY, 20, metrics(challenger, users, coverage), metrics(popularity, users), others)
    expected = (
        users >= 50
        and challenger > 0
        and challenger >= popularity
        and coverage >= 0.02
        and (champion is None or challenger >= 0.98 * champion)
    )
    assert verdict.kind == ("promote" if expected else "keep")
    assert verdict.reasons


@given(share, share, share, st.floats(0, 0.5))
def test_a_better_challenger_is_never_worse_off(challenger: float, popularity: float, old: float, gain: float) -> None:
    first = judge(POLICY, 20, metrics(challenger), metrics(popularity), metrics(old))
    second = judge(POLICY, 20, metrics(challenger + gain), metrics(popularity), metrics(old))
    assert (first.kind, second.kind) != ("promote", "keep")


@given(st.sampled_from(["challenger", "popularity", "champion"]))
def test_a_metric_that_is_no_number_keeps_the_champion(who: str) -> None:
    values = {name: metrics(math.nan if name == who else 0.5) for name in ("challenger", "popularity", "champion")}
    assert judge(POLICY, 20, values["challenger"], values["popularity"], values["champion"]).kind == "keep"
