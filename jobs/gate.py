"""Decide whether the challenger becomes champion, and record why.

    python -m jobs.gate --evaluation evaluations/2011-12-09-0123456789ab

The first decision on an evaluation stands: running the job again returns it. The result is
{"decision": "promote" or "keep", "reasons": [...]}.
"""

from __future__ import annotations

import argparse
import datetime as dt
import logging
import sys
from typing import Any

from include.contract import load_policy
from include.evaluation.gate import judge
from include.evaluation.report import CHALLENGER, INCUMBENT, POPULARITY, headlines, read_report
from include.lake import open_folder, open_lake
from include.serving.database import WRITER, connect
from include.serving.decisions import Decision, record_decision
from include.settings import Settings
from jobs import _command

logger = logging.getLogger("nightshelf.gate")


def arguments() -> argparse.ArgumentParser:
    """Return the command line."""
    parser = _command.parser(__doc__)
    parser.add_argument("--evaluation", required=True, help="folder in the lake")
    return parser


def run(settings: Settings, arguments: argparse.Namespace) -> dict[str, Any]:
    """Return the decision on one evaluation; the first one that was taken stands."""
    lake = open_lake(settings.lake_uri)
    folder = arguments.evaluation.rstrip("/")
    manifest = open_folder(lake, folder)
    path = f"{folder}/{manifest.paths()[0]}"
    report = read_report(lake.read_bytes(path), lake.uri_of(path))
    policy = load_policy(settings)
    metrics = {name: model["metrics"] for name, model in report["models"].items()}
    verdict = judge(policy.gate, report["k"], metrics[CHALLENGER], metrics[POPULARITY], metrics.get(INCUMBENT))
    decision = Decision(
        run_date=dt.date.fromisoformat(report["run_date"]),
        variant=report["variant"],
        kind=verdict.kind,
        model_version=report["model_version"],
        incumbent=report["incumbent"],
        reasons=verdict.reasons,
        metrics={"k": report["k"], **headlines(report)},
        fingerprint=manifest.fingerprint,
    )
    with connect(settings.database_url, "gate", role=WRITER) as connection:
        recorded = record_decision(connection, decision)
    if recorded.kind != decision.kind:
        logger.warning("the rules would say %s now; the decision recorded first stands", decision.kind)
    logger.info("%s version %s: %s", recorded.kind, recorded.model_version, "; ".join(recorded.reasons))
    return {
        "decision": recorded.kind,
        "model_version": recorded.model_version,
        "incumbent": recorded.incumbent,
        "reasons": recorded.reasons,
    }


if __name__ == "__main__":
    sys.exit(_command.main(arguments().parse_args, run))
