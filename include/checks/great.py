"""The only module that imports Great Expectations, and keeps it quiet.

The import takes about six seconds, so this module is imported only when needed.
"""

from __future__ import annotations

import datetime as dt
import logging
import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

os.environ.setdefault("GX_ANALYTICS_ENABLED", "false")
logging.getLogger("great_expectations").setLevel(logging.WARNING)

import great_expectations as gx  # noqa: E402 - only once it is quiet
from great_expectations.core.run_identifier import RunIdentifier  # noqa: E402
from great_expectations.data_context.types.base import ProgressBarsConfig  # noqa: E402
from great_expectations.exceptions import ExpectationNotFoundError  # noqa: E402
from great_expectations.expectations.expectation_configuration import ExpectationConfiguration  # noqa: E402

from include.checks.rules import Check  # noqa: E402
from include.errors import ConfigurationError  # noqa: E402

SEVERITIES = {"fail": "critical", "warn": "warning"}
# Great Expectations may return results in another order than the checks'.
NUMBER = "number"
SITE = Path("gx", "uncommitted", "data_docs", "local_site")


def run_checks(
    figures: Mapping[str, Mapping[str, float | None]], checks: Mapping[str, Sequence[Check]], day: dt.date, folder: Path
) -> tuple[dict[str, list[dict[str, Any]]], Path]:
    """Check the figures of each table with its checks.

    Parameters
    ----------
    figures, checks
        By table.
    day
        Names the run in the pages.
    folder
        An empty folder for Great Expectations' own files.

    Returns
    -------
    By table, the result of each check in order (`success`, `result`, `exception_info` as Great
    Expectations writes them); and the folder of the pages.

    Raises
    ------
    ConfigurationError
        For an unknown expectation, or one that does not take these arguments.
    """
    import pandas as pd

    context = gx.get_context(mode="file", project_root_dir=str(folder))
    context.variables.progress_bars = ProgressBarsConfig(globally=False)
    source = context.data_sources.add_pandas("lake")
    midnight = dt.datetime.combine(day, dt.time(), tzinfo=dt.UTC)
    run = RunIdentifier(run_name=day.isoformat(), run_time=midnight)
    results = {}
    for name, values in figures.items():
        frame = pd.DataFrame([values]).astype(float)
        batch = source.add_dataframe_asset(name).add_batch_definition_whole_dataframe("day")
        expectations = [_expectation(check, number) for number, check in enumerate(checks[name])]
        suite = context.suites.add(gx.ExpectationSuite(name, expectations=expectations))
        definition = context.validation_definitions.add(gx.ValidationDefinition(name=name, data=batch, suite=suite))
        checkpoint = context.checkpoints.add(gx.Checkpoint(name=name, validation_definitions=[definition]))
        outcome = checkpoint.run(batch_parameters={"dataframe": frame}, run_id=run)
        (validated,) = outcome.run_results.values()
        answers = [result.to_json_dict() for result in validated.results]
        results[name] = sorted(answers, key=lambda answer: int(answer["expectation_config"]["meta"][NUMBER]))
    context.build_data_docs()
    return results, folder / SITE


def _expectation(check: Check, number: int) -> Any:
    configuration = ExpectationConfiguration(
        type=check.expect,
        kwargs={"column": check.figure, **check.arguments},
        meta={NUMBER: number, "check": check.name},
        severity=SEVERITIES[check.severity],
        notes=". ".join(part for part in (check.description, check.remedy) if part),
    )
    try:
        return configuration.to_domain_obj()
    except (ExpectationNotFoundError, ValueError) as error:
        raise ConfigurationError(
            f"contract, {check.name}: {check.expect} with {dict(check.arguments)}: {' '.join(str(error).split())}",
            remedy="correct it in include/config/contract",
        ) from error
