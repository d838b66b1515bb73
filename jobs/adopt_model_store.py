"""Go on after MLflow's store was lost and there is no backup: versions count on, the next model meets no champion.

    python -m jobs.adopt_model_store --by ada --reason "the disk is gone"

The numbers that decisions know are never given again, and a decision says from which night on there is no champion.
Readers keep what they see. Running it again changes nothing. Then clear `train` with everything downstream.
"""

from __future__ import annotations

import logging
import sys
from dataclasses import dataclass

from include.night.champions import adopt_store
from include.settings import Settings
from jobs import _command

logger = logging.getLogger("nightshelf.adopt_model_store")


@dataclass(frozen=True)
class AdoptModelStoreConfig:
    by: str = _command.text("who wants it", required=True)
    reason: str = _command.text("why; for those who read it later", required=True)


parse_args = _command.command_line(AdoptModelStoreConfig, __doc__)


def run(settings: Settings, config: AdoptModelStoreConfig) -> _command.Result:
    """Make the store go on where the decisions are and return the first number that it gives."""
    last = adopt_store(settings, config.by, config.reason)
    if last is None:
        logger.info("MLflow's store holds what the decisions name: nothing to do")
    return {"next_version": None if last is None else last + 1}


if __name__ == "__main__":
    sys.exit(_command.main(parse_args, run))
