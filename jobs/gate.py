"""Decide whether the challenger becomes champion, and record why.

    python -m jobs.gate --evaluation evaluations/2011-12-09-0123456789ab

The first decision on an evaluation stands: running the job again returns it. The result is
{"decision": "promote" or "keep", "reasons": [...]}.
"""

from __future__ import annotations

import datetime as dt
import logging
import sys
from dataclasses import dataclass

from include.contract import load_policy
from include.evaluation.gate import judge
from include.evaluation.report import CHAMPION, TUNING, headlines
from include.lake import open_artifact, open_lake
from include.night.evaluating import find_card, read_report
from include.night.figures import metric_rows
from include.night.held import raise_if_held
from include.serving.database import WRITER, connect
from include.serving.decisions import Decision, record_decision, record_metrics
from include.settings import Settings
from jobs import _command

logger = logging.getLogger("nightshelf.gate")


@dataclass(frozen=True)
class GateConfig:
    evaluation: str = _command.folder("evaluations/<run date>-<fingerprint>")


parse_args = _command.command_line(GateConfig, __doc__)


def run(settings: Settings, config: GateConfig) -> _command.Result:
    """Return the decision on one evaluation; the first one that was taken stands. On a day on hold none is taken."""
    evaluation = open_artifact(open_lake(settings.lake_uri), config.evaluation)
    report = read_report(evaluation)
    raise_if_held(settings, dt.date.fromisoformat(report["run_date"]))
    verdict = judge(load_policy(settings).gate, report)
    path = find_card(evaluation)
    known = {"model_card": path, TUNING: report.get(TUNING)}
    decision = Decision(
        run_date=dt.date.fromisoformat(report["run_date"]),
        variant=report["variant"],
        kind=verdict.kind,
        model_version=report["model_version"],
        champion=report[CHAMPION],
        reasons=verdict.reasons,
        metrics={
            "k": report["k"],
            "view": report.get("view"),
            "checks": verdict.figures(),
            **{name: value for name, value in known.items() if value is not None},
            **headlines(report),
        },
        fingerprint=evaluation.manifest.fingerprint,
    )
    with connect(settings.database_url, "gate", role=WRITER) as connection:
        record_metrics(connection, decision, evaluation.name, metric_rows(report))
        recorded = record_decision(connection, decision)
    if recorded.kind != decision.kind:
        logger.warning("the rules would say %s now; the decision recorded first stands", decision.kind)
    logger.info("%s version %s: %s", recorded.kind, recorded.model_version, "; ".join(recorded.reasons))
    return {
        "decision": recorded.kind,
        "model_version": recorded.model_version,
        "champion": recorded.champion,
        "reasons": recorded.reasons,
    }


if __name__ == "__main__":
    sys.exit(_command.main(parse_args, run))
