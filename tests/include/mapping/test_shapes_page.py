"""What docs/own-data.md shows of the six exports is in their files and in the mappings."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from include.mapping.draft import draft_mapping
from include.mapping.write import write_mapping
from include.settings import PROJECT
from tests.shapes import SHAPES, write_shape

PAGE = (PROJECT / "docs" / "own-data.md").read_text()
SHOWN = re.compile(r"^<!-- shape: (\w+) -->.*?^```(?:csv|json)\n(.*?)^```.*?^```yaml\n(.*?)^```", re.M | re.S)


def squeezed(text: str) -> str:
    """Return a mapping's text without its comments, quotes of YAML and line breaks."""
    return re.sub(r"\s+", " ", re.sub(r"\s+# .*|(?<=: )>-|[\"']", "", text))


def test_all_six_are_shown() -> None:
    assert [found[1] for found in SHOWN.finditer(PAGE)] == list(SHAPES)


@pytest.mark.parametrize("name", SHAPES)
def test_what_is_shown_is_there(name: str, tmp_path: Path) -> None:
    records, lines = next((found[2], found[3]) for found in SHOWN.finditer(PAGE) if found[1] == name)
    folder = write_shape(name, tmp_path)
    encoding = "cp1252" if name == "erp" else "utf-8"
    held = {line for path in folder.iterdir() for line in path.read_text(encoding).splitlines()}
    shown = [json.dumps(json.loads(records))] if name == "tracking" else records.splitlines()
    assert [line for line in shown if line not in held] == []
    mapping = squeezed(write_mapping(draft_mapping(folder)))
    assert [line for line in lines.splitlines() if squeezed(line) not in mapping] == []
