"""Bring the schema `reco` of PostgreSQL to the version that this code needs.

Applies the files of include/sql/migrations that the database does not have yet, in order, each
in its own transaction. Running it again applies nothing.
"""

from __future__ import annotations

import sys
from dataclasses import dataclass

from include.serving.migrate import migrate
from include.settings import Settings
from jobs import _command


@dataclass(frozen=True)
class MigrateConfig:
    """The job takes no arguments."""


parse_args = _command.command_line(MigrateConfig, __doc__)


def run(settings: Settings, config: MigrateConfig) -> _command.Result:
    """Apply what is missing and name it."""
    return {"applied": migrate(settings.database_url)}


if __name__ == "__main__":
    sys.exit(_command.main(parse_args, run))
