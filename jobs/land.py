"""Split your own history into the landing zone: a folder a day, closed by _SUCCESS.

The mapping of the data set (NIGHTSHELF_DATASET) says which file belongs to which table and
which column holds the day. Every line lands as it is; running it again replaces the days.
"""

from __future__ import annotations

import datetime as dt
import sys
from dataclasses import dataclass
from pathlib import Path

from include.contract import load_dataset
from include.lake import open_lake
from include.landing.land import land
from include.settings import Settings
from jobs import _command


@dataclass(frozen=True)
class LandConfig:
    source: Path = _command.argument("your file, or the folder of your files", type=Path, required=True)
    first: dt.date | None = _command.day("first day to write", flag="--from")
    last: dt.date | None = _command.day("last day to write", flag="--to")


parse_args = _command.command_line(LandConfig, __doc__)


def run(settings: Settings, config: LandConfig) -> _command.Result:
    """Write the days and return what was written."""
    dataset = load_dataset(settings.dataset)
    return land(open_lake(settings.landing_uri), dataset, config.source, config.first, config.last)


if __name__ == "__main__":
    sys.exit(_command.main(parse_args, run))
