"""Write down what became of a day's verdict, whatever happened, and say so loudly when it was not carried out.

    python -m jobs.audit_drift --date 2026-11-20 --states retrain=success,rollback=skipped,nothing=skipped

Fails when the verdict was not carried out, when none was made, and when the feed is broken: somebody has to look.
"""

from __future__ import annotations

import datetime as dt
import sys
from dataclasses import dataclass

from include.contract import load_policy
from include.errors import ValidationError
from include.serving.database import WRITER, connect
from include.serving.drift import ASK, DriftReport, Outcome, find_report, record_outcome
from include.settings import Settings
from jobs import _command

DONE: dict[str, tuple[Outcome, str]] = {
    "retrain": ("done", "a night with a fresh fit was triggered"),
    "rollback": ("done", "readers see batch {target} again"),
    ASK: ("asked", "people were asked whether to go back to batch {target}"),
    "nothing": ("nothing to do", "nothing was done"),
    "hold": ("held", "the feed is broken: nothing was done, on purpose"),
}


@dataclass(frozen=True)
class AuditDriftConfig:
    date: dt.date = _command.run_date()
    states: str = _command.argument("how the tasks before ended", default="", metavar="TASK=STATE,...")


parse_args = _command.command_line(AuditDriftConfig, __doc__)


def run(settings: Settings, config: AuditDriftConfig) -> _command.Result:
    """Record the outcome.

    Raises
    ------
    ValidationError
        When there is no verdict, when it was not carried out, or when the feed is broken.
    """
    variant = load_policy(settings).publish.variant
    states = dict(text.partition("=")[::2] for text in config.states.split(","))
    with connect(settings.database_url, "audit_drift", role=WRITER) as connection:
        report = find_report(connection, variant, config.date)
        if report is None:
            raise ValidationError(
                f"there is no verdict on {config.date}",
                remedy="clear the task that failed with everything downstream",
            )
        outcome, detail = find_outcome(report, states)
        record_outcome(connection, variant, report.day, outcome, detail)
    if outcome == "failed":
        raise ValidationError(detail, remedy=f"read the log of task {report.task}, mend it, clear it with downstream")
    if report.verdict == "hold":
        raise ValidationError(
            f"the feed of {report.day} is broken: {'; '.join(report.reasons)}",
            remedy=f"have the day delivered again and ingest it; the champion stays meanwhile; {report.report}",
        )
    return {"verdict": report.verdict, "outcome": outcome, "report": report.report}


def find_outcome(report: DriftReport, states: dict[str, str]) -> tuple[Outcome, str]:
    """Return what became of the verdict; a task whose state is not given counts as done.

    The chosen task is skipped when the run that it starts is there already.
    """
    state = states.get(report.task, "success")
    if state not in ("success", "skipped"):
        return "failed", f"verdict {report.verdict} was not carried out: task {report.task} is {state}"
    outcome, detail = DONE[report.task]
    return outcome, detail.format(target=report.target)


if __name__ == "__main__":
    sys.exit(_command.main(parse_args, run))
