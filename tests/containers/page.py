"""The commands of docs/production.md, as they are printed there."""

from __future__ import annotations

import re

from include.settings import PROJECT

PAGE = (PROJECT / "docs" / "production.md").read_text()


def printed(heading: str) -> list[str]:
    """Return the commands in the first code block below a heading, word by word."""
    block = re.search(r"```sh\n(.*?)```", PAGE[PAGE.index(f"# {heading}\n") :], re.DOTALL)
    assert block
    return block[1].splitlines()
