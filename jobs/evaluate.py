"""Compare the challenger with the champion and with popularity on the held-out days.

    python -m jobs.evaluate --training-set training_sets/2011-12-09-0123456789ab --model-version 3

The champion is the version promoted last in a night before the run date. The report is a JSON file in
`evaluations/<run date>-<fingerprint>/`; the result names that folder and the headline metrics.
"""

from __future__ import annotations

import logging
import sys
from dataclasses import dataclass

from include.contract import load_policy
from include.evaluation.report import CHALLENGER, LACKS, headlines
from include.lake import open_artifact, open_lake
from include.night.evaluating import find_card, find_or_evaluate, read_report
from include.night.figures import evaluation_files
from include.serving.database import connect
from include.serving.decisions import champion_before
from include.settings import Settings
from include.tracking import load_model, log_metrics, log_texts
from jobs import _command

logger = logging.getLogger("nightshelf.evaluate")


@dataclass(frozen=True)
class EvaluateConfig:
    training_set: str = _command.folder("training_sets/<run date>-<fingerprint>")
    model_version: str = _command.argument("the challenger's registered version", required=True)


parse_args = _command.command_line(EvaluateConfig, __doc__)


def run(settings: Settings, config: EvaluateConfig) -> _command.Result:
    """Return the evaluation of this challenger, made now unless it is there."""
    source, policy = open_artifact(open_lake(settings.lake_uri), config.training_set), load_policy(settings)
    with connect(settings.database_url, "evaluate") as connection:
        champion = champion_before(connection, policy.publish.variant, source.run_date)
    made = find_or_evaluate(settings, source, config.model_version, champion, policy)
    report = read_report(made)
    metrics = headlines(report)
    for model, values in metrics.items():
        logger.info("%s: %s", model, values)
    if CHALLENGER in metrics:
        exact = {key: float(value) for key, value in report["models"][CHALLENGER]["metrics"].items()}
        card = str(find_card(made))
        tags = {"evaluation": made.folder, "model_card": card}
        log_metrics(settings, config.model_version, exact, tags)
        challenger = load_model(settings, config.model_version, "evaluation")
        files = evaluation_files(report, challenger, policy.gate.metric)
        texts = {f"evaluation_report/{name}": text for name, text in files.items()}
        log_texts(settings, config.model_version, {"model_card.md": made.lake.read_bytes(card).decode(), **texts})
    return {"evaluation": made.folder, "lacks": report.get(LACKS), "metrics": metrics}


if __name__ == "__main__":
    sys.exit(_command.main(parse_args, run))
