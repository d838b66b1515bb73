"""Count what sold: what was bought together, what trends, and what is due to be bought again.

    python -m jobs.count_sales --training-set training_sets/2011-12-09-0123456789ab

Reads the events of the training set's window, as of its run date. The folder's name carries a fingerprint of
everything that it is made from; when it is committed and complete, it is reused.
"""

from __future__ import annotations

import sys
from dataclasses import dataclass

from include.contract import load_policy
from include.lake import open_lake
from include.night.selling import find_or_count
from include.settings import Settings
from jobs import _command


@dataclass(frozen=True)
class CountSalesConfig:
    training_set: str = _command.folder("training_sets/<run date>-<fingerprint>")


parse_args = _command.command_line(CountSalesConfig, __doc__)


def run(settings: Settings, config: CountSalesConfig) -> _command.Result:
    """Count or find the sales tables and return their folder and counts."""
    made = find_or_count(settings, open_lake(settings.lake_uri), config.training_set, load_policy(settings))
    return {"sales": made.folder, "counts": made.manifest.counts}


if __name__ == "__main__":
    sys.exit(_command.main(parse_args, run))
