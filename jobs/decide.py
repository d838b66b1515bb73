"""Make a version champion, or take the title from it, and record who wanted it and why.

    python -m jobs.decide --model-version 7 --answer promote --by ada --reason "few users, but good ones" --request 1

The request of a name is carried out once. The decisions in the database are the truth and MLflow's aliases follow.
Refusing the champion gives the title back to the one before it; refusing another version leaves a row of kind
`refused`; `leave it` changes nothing.
"""

from __future__ import annotations

import logging
import sys
from dataclasses import dataclass

from include.contract import load_policy
from include.night.champions import follow, promoted
from include.serving.database import WRITER, connect
from include.serving.titles import TitleRequest, decide_title
from include.settings import Settings
from include.tracking import find_lineage
from jobs import _command

logger = logging.getLogger("nightshelf.decide")


@dataclass(frozen=True)
class DecideConfig:
    model_version: str = _command.argument("a registered version", required=True)
    answer: str = _command.argument("what people decided", choices=("promote", "refuse", "leave it"), required=True)
    reason: str = _command.text("why; for those who read it later", required=True)
    by: str = _command.text("who", required=True)
    request: str = _command.argument("names the request, which is carried out once", required=True)


parse_args = _command.command_line(DecideConfig, __doc__)


def run(settings: Settings, config: DecideConfig) -> _command.Result:
    """Carry the request out and set the aliases by the decisions."""
    if config.answer == "leave it":
        logger.info("%s leaves version %s as it is", config.by, config.model_version)
        return {"decision": None, **follow(settings, promoted(settings), None)}
    find_lineage(settings, config.model_version)  # a version that does not exist is named
    variant = load_policy(settings).publish.variant
    request = TitleRequest(
        variant, config.model_version, config.answer, config.reason, config.by, f"promotion {config.request}"
    )
    with connect(settings.database_url, "decide", role=WRITER) as connection:
        decision = decide_title(connection, request)
    logger.info("%s of version %s: %s", decision.kind, decision.model_version, decision.reasons[0])
    return {"decision": decision.kind, **follow(settings, promoted(settings), None)}


if __name__ == "__main__":
    sys.exit(_command.main(parse_args, run))
