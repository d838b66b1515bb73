"""What searches for better settings found: one append-only row a study, and the recipe that a night trains by it."""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NamedTuple

from include.serving.statements import run

if TYPE_CHECKING:
    from include.serving.database import Connection


@dataclass(frozen=True)
class Tuning:
    """The end of a study.

    Attributes
    ----------
    study, trials
        Its name and the trials that were asked for: one row for both together.
    run_date
        The night of the training set.
    base
        Names the policy's model: under another one the recipe is not used.
    recipe
        The best settings, see `include.night.recipes`; None where the present ones stay.
    from_night
        The first night that trains by it.
    metric, present, best
        What was compared, and its values with the present settings and the best ones; None where there are none.
    tried
        Each trial: its number, state, value and settings.
    """

    study: str
    trials: int
    run_date: dt.date
    variant: str
    base: str
    recipe: Mapping[str, Any] | None
    from_night: dt.date
    metric: str
    present: float | None
    best: float | None
    tried: Sequence[Mapping[str, Any]]


class StoredTuning(NamedTuple):
    """The stored end of a study."""

    tuning_id: int
    recipe: Mapping[str, Any] | None
    from_night: dt.date
    present: float | None
    best: float | None


def record_tuning(connection: Connection, tuning: Tuning) -> StoredTuning:
    """Store the end of a study and commit; return it, or the one that was stored before: the first stands."""
    recipe = None if tuning.recipe is None else json.dumps(tuning.recipe, sort_keys=True)
    values = {**vars(tuning), "recipe": recipe, "tried": json.dumps(list(tuning.tried), sort_keys=True)}
    with connection, connection.cursor() as cursor:
        run(cursor, "tuning/insert", **values)
        (row,) = run(cursor, "tuning/find", study=tuning.study, trials=tuning.trials)
    return StoredTuning(*row)


def tuned_recipes(
    connection: Connection, variant: str, base: str, run_date: dt.date
) -> list[tuple[int, Mapping[str, Any]]]:
    """Return number and recipe of the tunings that a night may train by, the last one first.

    They hold from an earlier night on, and the gate has not refused them in a night before.
    """
    with connection, connection.cursor() as cursor:
        return list(run(cursor, "tuning/recipes", variant=variant, base=base, run_date=run_date))
