from include.evaluation.gate import Verdict
from studies.gate import BAD, GOOD, judge_shop
from studies.gate_shop import make_shop


def test_a_shops_bad_challengers_are_refused_and_its_good_ones_promoted() -> None:
    """A short version of the study of 200 nights: docs/model.md has its figures."""
    verdicts: dict[str, list[Verdict]] = {}
    for kind, verdict in judge_shop(make_shop(7), seed=7):
        verdicts.setdefault(kind, []).append(verdict)
    assert set(verdicts) == {GOOD, *BAD}
    assert [verdict.kind for verdict in verdicts[GOOD]] == ["promote"] * 4
    reasons = {kind: [check.name for check in verdicts[kind][0].checks if not check.holds] for kind in BAD}
    assert "champion" in reasons["shuffled labels"]
    assert reasons["half the data"] == ["interactions"] or "champion" in reasons["half the data"]
    assert "features" in reasons["wrong feature file"]
    assert "popularity" in reasons["popularity in disguise"]
