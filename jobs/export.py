"""Export lists of the live batch as files, for e-mail tools and caches.

    python -m jobs.export --list recommendations --format csv --target s3://mail/nightshelf --scope changed

Each export is a numbered folder below <target>/<list>/<format>, complete as soon as its manifest.json is there. Running
it again for the same batch changes nothing.
"""

from __future__ import annotations

import sys
from dataclasses import dataclass

from include.contract import load_policy
from include.errors import ConfigurationError
from include.exports import FORMATS, Format, export
from include.lake import open_lake
from include.list_kinds import LIST_KINDS
from include.night.scoring import KIND
from include.serving.activation import find_live
from include.serving.batch import open_batch
from include.serving.database import connect
from include.settings import Settings
from jobs import _command

SCOPES = ("whole", "changed")


@dataclass(frozen=True)
class ExportConfig:
    list: str = _command.argument("which lists", choices=tuple(LIST_KINDS), default="recommendations")
    target: str = _command.argument("file:// or s3:// URI of where exports go", required=True)
    format: Format = _command.argument("of the files", choices=FORMATS, default="parquet")
    scope: str = _command.argument(
        "whole: every list; changed: those that differ from the last export", choices=SCOPES, default="whole"
    )
    batch: str = _command.argument("folder in the lake, batches/<batch_id>; the live batch when left out", default="")


parse_args = _command.command_line(ExportConfig, __doc__)


def run(settings: Settings, config: ExportConfig) -> _command.Result:
    """Export the lists and return the export's folder and counts.

    Raises
    ------
    ConfigurationError
        When no batch is given and none is live.
    """
    folder = config.batch or f"{KIND}/{_live(settings)}"
    batch = open_batch(open_lake(settings.lake_uri), folder)
    target = open_lake(config.target)
    made = export(batch, config.list, target, config.format, changed=config.scope == "changed")
    counts = {name: made.manifest[name] for name in ("batch_id", "scope", "since", "lists", "rows", "removed")}
    return {"export": target.uri_of(made.folder), **counts}


def _live(settings: Settings) -> str:
    variant = load_policy(settings).publish.variant
    with connect(settings.database_url, "export") as connection, connection.cursor() as cursor:
        live = find_live(cursor, variant)
    if live is None:
        raise ConfigurationError(f"no batch of variant {variant} is live", remedy="publish a night first")
    return live.batch_id


if __name__ == "__main__":
    sys.exit(_command.main(parse_args, run))
