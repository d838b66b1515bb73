"""Write a first mapping for your own files, and say how many rows of a sample it takes and why not the others.

The files stay as they are. What the mapping cannot know is marked CHECK in it; docs/own-data.md explains its keys.
"""

from __future__ import annotations

import logging
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path

from include.contract import load_dataset
from include.errors import ConfigurationError
from include.log import step
from include.mapping.draft import Draft, allow_rejected, draft_mapping
from include.mapping.write import write_mapping
from include.settings import Settings
from include.spark.session import spark_session
from jobs import _command

logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class MapConfig:
    source: Path = _command.argument("your file, or the folder of your files", type=Path, required=True)
    out: Path | None = _command.argument("the mapping to write, or its folder (here)", type=Path)
    force: bool = _command.argument("write over an existing mapping", action="store_true", default=False)


parse_args = _command.command_line(MapConfig, __doc__)


def run(settings: Settings, config: MapConfig) -> _command.Result:
    """Write the mapping, try it, and return where it is and what became of the sample."""
    with step(logger, f"looking at {config.source}"):
        draft = draft_mapping(config.source)
    out = config.out or Path()
    out = out / f"{draft.name}.yaml" if out.is_dir() else out
    if out.exists() and not config.force:
        raise ConfigurationError(f"{out} exists", remedy="name another file with --out, or write over it with --force")
    out.parent.mkdir(parents=True, exist_ok=True)
    out.write_text(write_mapping(draft), encoding="utf-8")
    logger.info("wrote %s", out)
    with tempfile.TemporaryDirectory() as folder:
        return {"mapping": str(out), **_try(settings, config.source, draft, out, Path(folder))}


def _try(settings: Settings, source: Path, draft: Draft, out: Path, folder: Path) -> dict[str, object]:
    from include.mapping.trial import copy_sample, known_items, try_mapping

    with step(logger, "copying a sample"):
        sample = copy_sample(source, folder / "source")
    with spark_session("map", settings) as spark:
        taken = try_mapping(spark, load_dataset(str(out)), sample, folder)
    if allow_rejected(draft, taken):
        out.write_text(write_mapping(draft), encoding="utf-8")
    tables = {}
    for table, one in taken.items():
        reasons = {kind: {"rows": rows, "example": one.example.get(kind, "")} for kind, rows in one.reasons.items()}
        tables[table] = {**one.counts, "reasons": reasons}
    return {"tables": tables, "events_with_known_item": known_items(folder), "unused": draft.unused}


if __name__ == "__main__":
    sys.exit(_command.main(parse_args, run))
