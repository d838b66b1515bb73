"""Verify what readers see: as an analyst, through the views, compared with the lake.

Fails when the live batch is another one (unless a later night superseded it), when users are missing, when
a list differs from the lake's, or when reco.recommend leaves somebody without an answer.
"""

from __future__ import annotations

import argparse
import sys
from dataclasses import asdict
from typing import Any

from include.lake import open_lake
from include.serving.batch import open_batch
from include.serving.verify import verify
from include.settings import Settings
from jobs._command import main, parser


def arguments() -> argparse.ArgumentParser:
    command = parser(__doc__)
    command.add_argument("--batch", required=True, help="folder in the lake, batches/<batch_id>")
    return command


def run(settings: Settings, arguments: argparse.Namespace) -> dict[str, Any]:
    batch = open_batch(open_lake(settings.lake_uri), arguments.batch)
    return asdict(verify(settings.analyst_url, batch))


if __name__ == "__main__":
    sys.exit(main(arguments(), run))
