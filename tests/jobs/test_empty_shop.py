"""What a schedule may start in a shop before its first night ends well, so that nobody is called at noon."""

from __future__ import annotations

from typing import Any

import pytest

from include.settings import Settings
from jobs import find_missed, housekeeping, merge_months, plan_tuning
from tests.databases import Database
from tests.jobs.nights import with_policy
from tests.training_sets import RUN_DATE

pytestmark = pytest.mark.postgres

NONE_MERGED = {"events": 0, "items": 0, "users": 0}


@pytest.mark.parametrize(
    ("job", "config", "expected"),
    [
        (find_missed, find_missed.FindMissedConfig(RUN_DATE), {"days": ""}),
        (housekeeping, housekeeping.HousekeepingConfig(RUN_DATE, "policy"), {"dry_run": True}),
        (merge_months, merge_months.MergeMonthsConfig(RUN_DATE, "merge"), {"months": NONE_MERGED}),
        (plan_tuning, plan_tuning.PlanTuningConfig(RUN_DATE, None), {"study": "", "trials": 0}),
    ],
    ids=lambda value: getattr(value, "__name__", "").removeprefix("jobs."),
)
def test_it_finds_nothing_to_do(
    tracked: Settings, database: Database, job: Any, config: Any, expected: dict[str, object]
) -> None:
    result = job.run(with_policy(tracked, database), config)
    assert {name: result[name] for name in expected} == expected
