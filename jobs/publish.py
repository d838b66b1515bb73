"""Publish a batch: PostgreSQL's readers see it, all at once, or see what they saw.

Loads the batch's rows beside what is live, checks them there (users, items, checksum), then switches the
pointer that all views read. Publishing a batch again changes nothing, and a batch older than the live one
is stored without going live.
"""

from __future__ import annotations

import argparse
import sys
from typing import Any

from include.contract import load_dataset
from include.lake import open_lake
from include.serving.batch import open_batch
from include.serving.publish import publish
from include.settings import Settings
from jobs._command import main, parser


def arguments() -> argparse.ArgumentParser:
    command = parser(__doc__)
    command.add_argument("--batch", required=True, help="folder in the lake, batches/<batch_id>")
    command.add_argument("--force", action="store_true", help="go live even over a batch of a later night")
    return command


def run(settings: Settings, arguments: argparse.Namespace) -> dict[str, Any]:
    policy = load_dataset(settings.dataset).policy(settings.policy_file)
    batch = open_batch(open_lake(settings.lake_uri), arguments.batch)
    done = publish(settings.database_url, batch, keep_batches=policy.publish.keep_batches, force=arguments.force)
    return {
        "batch_id": done.batch_id,
        "users": done.users,
        "rows": done.rows,
        "checksum": done.checksum,
        "live": done.live,
    }


if __name__ == "__main__":
    sys.exit(main(arguments(), run))
