"""What may be in a list at all."""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection, Mapping
from dataclasses import replace

import numpy as np

from include.model.factors import Factors
from include.policy import SeenEvent, SeenRule
from include.types import Bools, Floats, Strings

BEGINNING = dt.date.min


def allowed_items(item_ids: Strings, in_stock: Bools, blocked: Collection[str]) -> Bools:
    """Return which items may be recommended: (n_items,) bool, those in stock and not blocked."""
    return in_stock & ~np.isin(item_ids, sorted(blocked))


def seen_since(rules: Mapping[SeenEvent, SeenRule], run_date: dt.date) -> dict[str, dt.date]:
    """Return, by event type, the first day whose events are left out of the lists; "never" has none.

    With a number of days as the rule the run date is the last of them.
    """
    return {
        event: BEGINNING if rule == "ever" else run_date - dt.timedelta(days=rule - 1)
        for event, rule in rules.items()
        if rule != "never"
    }


def demote_unknown(items: Factors, users: Factors) -> Factors:
    """Return the item factors with what the model knows nothing of ranked below everything else.

    Without a feature that the model knows, an item's vector and bias are 0, which says nothing
    but would beat every item with a negative score. Its bias becomes lower than any known
    score can be (Cauchy-Schwarz), so such items fill lists that would be short without them.
    """
    if items.known.all() or not items.known.any():
        return items
    reach = _longest(items.vectors) * _longest(users.vectors)
    lowest = items.biases[items.known].min() - reach - 1 - items.biases[~items.known].max()
    return replace(items, biases=np.where(items.known, items.biases, items.biases + lowest).astype(np.float32))


def _longest(vectors: Floats) -> float:
    return float(np.linalg.norm(vectors, axis=1).max(initial=0.0))
