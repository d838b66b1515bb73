"""Go back: readers see a kept batch again, at once, and the next nights build on its model.

    python -m jobs.rollback --to previous --reason "prices are missing" --by ada
    python -m jobs.rollback --to 2026-11-19-0123456789ab --reason "sold out items are first"

One transaction moves the pointer and writes down who, why, from what to what (reco.activations, reco.model_decisions);
MLflow's aliases follow. `previous` is the newest kept batch older than the live one that has been live. The same
request again changes nothing. Nights later than any that was live go live again as usual; a batch that was rolled back
does not, unless it is published with --force.
"""

from __future__ import annotations

import logging
import sys
import time

from include.night.champions import follow, promoted
from include.serving.database import WRITER, connect
from include.serving.rollback import roll_back
from include.settings import Settings
from jobs import _command
from jobs._rollback import RollbackConfig

logger = logging.getLogger("nightshelf.rollback")

parse_args = _command.command_line(RollbackConfig, __doc__)


def run(settings: Settings, config: RollbackConfig) -> _command.Result:
    """Carry the request out and set the aliases by the decisions."""
    request = config.request_for(settings)
    started = time.monotonic()
    with connect(settings.database_url, "rollback", role=WRITER) as connection:
        done = roll_back(connection, request)
    seconds = time.monotonic() - started
    verb = "readers see" if done.changed else "nothing to do: the request was carried out, to"
    logger.info("%s batch %s of model %s, after %.3f s", verb, done.batch_id, done.model_version, seconds)
    titles = follow(settings, promoted(settings), None)
    return {
        "batch_id": done.batch_id,
        "previous": done.previous,
        "model_version": done.model_version,
        "changed": done.changed,
        "seconds": round(seconds, 3),
        "champion": titles["champion"],
    }


if __name__ == "__main__":
    sys.exit(_command.main(parse_args, run))
