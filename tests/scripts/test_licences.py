import subprocess
import sys
from email.message import Message
from importlib.metadata import Distribution
from typing import cast

import pytest

from scripts.check_prose import PROJECT
from scripts.licences import licence_of


class Package:
    def __init__(self, fields: list[tuple[str, str]]) -> None:
        self.metadata = Message()
        for name, value in fields:
            self.metadata[name] = value


@pytest.mark.parametrize(
    ("fields", "licence"),
    [
        ([("License-Expression", "MIT"), ("Classifier", "License :: OSI Approved :: BSD License")], "MIT"),
        ([("Classifier", "License :: OSI Approved :: BSD License"), ("License", "three clauses")], "BSD License"),
        ([("Classifier", "License :: OSI Approved"), ("License", "Apache 2.0\n\nThe whole text")], "Apache 2.0"),
        ([("License-File", "COPYING")], "see its COPYING"),
        ([("Classifier", "Topic :: Software Development")], "not stated"),
    ],
)
def test_the_most_exact_statement_wins(fields: list[tuple[str, str]], licence: str) -> None:
    assert licence_of(cast(Distribution, Package(fields))) == licence


def test_the_command_lists_what_is_installed() -> None:
    table = subprocess.run(
        [sys.executable, PROJECT / "scripts" / "licences.py"], check=True, capture_output=True, text=True
    ).stdout
    rows = {line.split()[0]: line for line in table.splitlines() if line}
    assert "Apache" in rows["pyspark"]
    assert not table.count("\nnumpy  ") > 1
