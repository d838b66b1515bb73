"""Publish a batch: PostgreSQL's readers see it, all at once, or see what they saw.

Loads the batch's rows beside what is live, checks them there (users, items, checksum), then switches the
pointer that all views read. Publishing a batch again changes nothing, and a batch older than the live one
is stored without going live. A batch that would leave lists empty which are full does not go live at all.
"""

from __future__ import annotations

import sys
from dataclasses import dataclass

from include.contract import load_policy
from include.lake import open_lake
from include.night.held import raise_if_held
from include.serving.batch import open_batch
from include.serving.publish import publish
from include.settings import Settings
from jobs import _command


@dataclass(frozen=True)
class PublishConfig:
    batch: str = _command.folder("batches/<batch_id>")
    force: bool = _command.argument("go live even over a batch of a later night", action="store_true")


parse_args = _command.command_line(PublishConfig, __doc__)


def run(settings: Settings, config: PublishConfig) -> _command.Result:
    """Publish the batch and return what readers see of it."""
    batch = open_batch(open_lake(settings.lake_uri), config.batch)
    if not config.force:
        raise_if_held(settings, batch.run_date)
    limits = load_policy(settings).publish
    done = publish(settings.database_url, batch, keep_batches=limits.keep_batches, force=config.force, limits=limits)
    return {
        "batch_id": done.batch_id,
        "users": done.users,
        "rows": done.rows,
        "checksum": done.checksum,
        "live": done.live,
    }


if __name__ == "__main__":
    sys.exit(_command.main(parse_args, run))
