"""Verify what readers see: as an analyst, through the views, compared with the lake.

Fails when the live batch is another one (unless a later night superseded it), when users are missing, when
a list differs from the lake's, or when reco.recommend leaves somebody without an answer.
"""

from __future__ import annotations

import sys
from dataclasses import asdict, dataclass

from include.lake import open_lake
from include.serving.batch import open_batch
from include.serving.verify import verify
from include.settings import Settings
from jobs import _command


@dataclass(frozen=True)
class VerifyConfig:
    batch: str = _command.folder("batches/<batch_id>")


parse_args = _command.command_line(VerifyConfig, __doc__)


def run(settings: Settings, config: VerifyConfig) -> _command.Result:
    """Compare what readers see with the lake and return what was compared."""
    batch = open_batch(open_lake(settings.lake_uri), config.batch)
    return asdict(verify(settings.analyst_url, batch))


if __name__ == "__main__":
    sys.exit(_command.main(parse_args, run))
