"""The gate: whether the challenger becomes champion, and every reason with its figures."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from include.policy import GatePolicy

Metrics = Mapping[str, float]


@dataclass(frozen=True)
class Verdict:
    """What the rules say.

    Attributes
    ----------
    kind
        "promote" or "keep".
    reasons
        One line a rule, the rules that failed first.
    """

    kind: Literal["promote", "keep"]
    reasons: list[str]


def judge(policy: GatePolicy, k: int, challenger: Metrics, popularity: Metrics, champion: Metrics | None) -> Verdict:
    """Apply every rule of `policy`; the challenger is promoted when all of them hold.

    Parameters
    ----------
    k
        Length of the evaluated lists, for the wording.
    challenger, popularity, champion
        Headline metrics on the same users; ``users`` and ``coverage`` among them. Without a
        champion the comparison with it does not apply.
    """
    name = f"{policy.metric}@{k}"
    rules = [_enough_users(challenger, policy.min_users)]
    if challenger.get("users", 0) > 0:
        value = challenger.get(policy.metric, math.nan)
        rules.append(
            _beats(name, value, "popularity's", popularity.get(policy.metric, math.nan), policy.min_ratio_to_popularity)
        )
        rules.append(_covers(challenger.get("coverage", math.nan), policy.min_coverage))
        if champion is not None:
            rules.append(
                _beats(
                    name, value, "the champion's", champion.get(policy.metric, math.nan), policy.min_ratio_to_champion
                )
            )
    failed = [text for holds, text in rules if not holds]
    held = [text for holds, text in rules if holds]
    if champion is None and not failed:
        held.append("there is no champion yet")
    return Verdict("keep" if failed else "promote", failed + held)


def _enough_users(challenger: Metrics, least: int) -> tuple[bool, str]:
    users, needed = int(challenger.get("users", 0)), max(1, least)
    holds = users >= needed
    return holds, f"{users} users evaluated, {_than(holds)} the {needed} that are evidence"


def _beats(name: str, value: float, whose: str, other: float, ratio: float) -> tuple[bool, str]:
    """Compare without dividing, so that an `other` of 0 needs no exception; NaN and 0 never hold."""
    holds = bool(value > 0 and value >= ratio * other)
    times = f"{value / other:.3f} x" if other > 0 else "against"
    return holds, f"{name} {value:.4f} is {times} {whose} {other:.4f}, {_than(holds)} {ratio:g} x"


def _covers(value: float, least: float) -> tuple[bool, str]:
    holds = bool(value >= least)
    return holds, f"lists cover {value:.1%} of the items, {_than(holds)} {least:.1%}"


def _than(holds: bool) -> str:
    return "at least" if holds else "less than"
