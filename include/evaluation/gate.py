"""The gate: whether the challenger becomes champion, and every check with its figures."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass
from typing import Any, Literal, NamedTuple

from include.evaluation.comparison import EVERYONE, LITTLE_HISTORY, NEW_ITEMS, NEW_USERS
from include.evaluation.report import CHALLENGER, CHAMPION, CHAMPION_RECIPE, LACKS, POPULARITY
from include.policy import GatePolicy

OPPONENTS = {CHAMPION: "the champion's", CHAMPION_RECIPE: "its recipe's on the same data"}
GROUPS = {EVERYONE: "", LITTLE_HISTORY: " of users with little history", NEW_USERS: " of new users"}

DATA = {
    "interactions": "it was trained on {:.1%} as many pairs as the champion",
    "features": "{:.1%} of the items' features are those that the champion was trained on",
}


@dataclass(frozen=True)
class GateCheck:
    """One rule: its name, whether it holds, in words, and in figures."""

    name: str
    holds: bool
    text: str
    figures: Mapping[str, float]


@dataclass(frozen=True)
class Verdict:
    """What the rules say.

    Attributes
    ----------
    kind
        "promote" or "keep".
    checks
        Those that failed first.
    """

    kind: Literal["promote", "keep"]
    checks: list[GateCheck]

    @property
    def reasons(self) -> list[str]:
        """Return one line a check."""
        return [check.text for check in self.checks]

    def figures(self) -> list[dict[str, Any]]:
        """Return the checks as a decision keeps them."""
        return [{**asdict(check), "figures": dict(check.figures)} for check in self.checks]


class Compared(NamedTuple):
    """The challenger's mean, the other's, and the difference with its 95 % interval."""

    users: int
    value: float
    other: float
    difference: float
    low: float
    high: float

    def figures(self, needed: float) -> dict[str, float]:
        """Return the figures of a check that needs so much."""
        return {**self._asdict(), "needed": needed}


def judge(policy: GatePolicy, report: Mapping[str, Any]) -> Verdict:
    """Apply every rule of `policy` to a report; the challenger is promoted when all of them hold."""
    if report.get(LACKS):
        return Verdict("keep", [GateCheck("model", False, report[LACKS], {})])
    users = report["models"][CHALLENGER]["metrics"].get("users", 0)
    checks = [_enough_users(int(users), policy.min_users)]
    if users:
        checks += [_beats_popularity(policy, report), *_not_worse(policy, report), *_sane(policy, report["sanity"])]
    failed, held = [one for one in checks if not one.holds], [one for one in checks if one.holds]
    if CHAMPION not in report["models"] and not failed:
        held.append(GateCheck("champion", True, "there is no champion yet", {}))
    return Verdict("keep" if failed else "promote", failed + held)


def _enough_users(users: int, least: int) -> GateCheck:
    needed = max(1, least)
    holds = users >= needed
    text = f"{users} users evaluated, {_than(holds)} the {needed} that are evidence"
    return GateCheck("users", holds, text, {"users": users, "needed": needed})


def _beats_popularity(policy: GatePolicy, report: Mapping[str, Any]) -> GateCheck:
    """Hold where the whole interval is above popularity; the interval of a ratio is that of the difference, shifted."""
    found = _compare(report, POPULARITY, report["view"], EVERYONE, policy.metric)
    if found is None:
        return GateCheck(POPULARITY, False, "there is no list of popular items to compare with", {})
    needed = (policy.min_ratio_to_popularity - 1) * found.other
    holds = found.value > 0 and found.low > needed
    ratio = policy.min_ratio_to_popularity
    least = "popularity's" if ratio == 1 else f"{ratio:g} x popularity's"
    text = (
        f"{_words(policy, report, found)} {least} {found.other:.4f} {'beyond' if holds else 'not beyond'} its interval"
    )
    return GateCheck(POPULARITY, holds, f"{text} {_interval(found)}", found.figures(needed))


def _not_worse(policy: GatePolicy, report: Mapping[str, Any]) -> Iterator[GateCheck]:
    """Compare with the champion, and with its recipe on the same data, for everyone and for each cold group.

    A check fails where the challenger is worse by more than the margin, and the interval leaves no doubt that it is
    worse; of a group, that it is worse by more than the margin. Groups of few users are no evidence.
    """
    places = [(report["view"], group, words) for group, words in GROUPS.items()]
    for other, whose in OPPONENTS.items():
        if other not in report["models"]:
            continue
        for view, group, words in [*places, (NEW_ITEMS, EVERYONE, " of new items")]:
            found = _compare(report, other, view, group, policy.metric)
            everyone = not words
            if found is None or (not everyone and found.users < policy.min_group_users):
                continue
            ratio = policy.min_ratio_to_champion if everyone else policy.min_group_ratio
            needed = (ratio - 1) * found.other
            bound = 0.0 if everyone else needed  # of many groups, one is worse by chance
            holds = not math.isnan(found.difference) and (found.difference >= needed or found.high >= bound)
            text = f"{_words(policy, report, found, words)} {whose} {found.other:.4f} {_interval(found)}"
            name = f"{other}{words.replace(' of ', ':').replace(' ', '_')}"
            tail = f"no less than {ratio:g} x beyond doubt" if holds else f"less than {ratio:g} x"
            yield GateCheck(name, holds, f"{text}, {tail}", found.figures(needed))


def _sane(policy: GatePolicy, sanity: Mapping[str, Any]) -> Iterator[GateCheck]:
    """Look at the lists of tonight's final fit."""
    if sanity.get("problem"):
        yield GateCheck("finite", False, str(sanity["problem"]), {})
        return
    share = sanity["coverage"]
    yield _at_least("coverage", share, policy.min_coverage, "lists cover {:.1%} of the items")
    if sanity.get("overlap") is not None:
        words = "{:.1%} of the entries are in the lists that the champion would make"
        yield _at_least("overlap", sanity["overlap"], policy.min_overlap, words)
    for name, words in DATA.items():
        share = sanity.get(name)
        if share is not None:
            yield _at_least(name, share, getattr(policy, f"min_{name}"), words)
    empty = sanity["empty"]
    holds = empty <= policy.max_empty_share
    text = f"{empty:.1%} of the lists are empty, {'at most' if holds else 'more than'} {policy.max_empty_share:.1%}"
    yield GateCheck("empty", holds, text, {"value": empty, "needed": policy.max_empty_share})


def _at_least(name: str, value: float, least: float, words: str) -> GateCheck:
    holds = bool(value >= least)
    return GateCheck(
        name, holds, f"{words.format(value)}, {_than(holds)} {least:.1%}", {"value": value, "needed": least}
    )


def _compare(report: Mapping[str, Any], other: str, view: str, group: str, metric: str) -> Compared | None:
    mine, theirs = (report["models"][name]["views"][view][group] for name in (CHALLENGER, other))
    if not mine["users"]:
        return None
    difference, low, high = report["differences"][other][view][group][metric]
    return Compared(int(mine["users"]), mine[metric], theirs[metric], difference, low, high)


def _words(policy: GatePolicy, report: Mapping[str, Any], found: Compared, group: str = "") -> str:
    times = f"{found.value / found.other:.3f} x" if found.other > 0 else "against"
    return f"{policy.metric}@{report['k']} {found.value:.4f}{group} is {times}"


def _interval(found: Compared) -> str:
    return f"(difference {found.difference:+.4f}, {found.low:+.4f} to {found.high:+.4f})"


def _than(holds: bool) -> str:
    return "at least" if holds else "less than"
