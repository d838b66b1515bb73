"""Check the width of lines and the words of what people read; `make lint` runs it.

    python scripts/check_prose.py [FILE ...]     all files of the project by default

Lines are at most 120 characters wide in every text file; Python's are ruff's to check. Tables, links,
addresses and long commands cannot be broken and may be wider. The words of scripts/words.txt are found in Markdown
outside code, and in docstrings.
"""

from __future__ import annotations

import ast
import re
import subprocess
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path

PROJECT = Path(__file__).resolve().parent.parent
WORDS = PROJECT / "scripts" / "words.txt"
WIDTH = 120
PICTURES = (".png",)
TEXTS = (".md", ".sh", ".yaml", ".yml", ".toml", ".cfg", ".conf", ".mk", "Makefile", "Dockerfile", ".ci/run")
CODE = re.compile(r"^(```|~~~).*?^\1|``.+?``|`(?:[^`\n]|\n(?!\n))+`", re.DOTALL | re.MULTILINE)
ADDRESS = re.compile(r"\w://\S")
UNBREAKABLE = re.compile(r"^\s*\||https?://|\]\(|`[^`]{100,}`")


def read_words(text: str) -> dict[re.Pattern[str], str]:
    """Return what to write instead of each phrase, by the expression that finds the phrase."""
    words = {}
    for line in text.splitlines():
        if line and not line.startswith("#"):
            phrase, instead = line.split(":", 1)
            pattern = r"\s+".join(map(re.escape, phrase.split()))
            words[re.compile(rf"\b{pattern}\b", re.IGNORECASE)] = instead.strip()
    return words


def check_width(text: str, *, markdown: bool) -> Iterator[tuple[int, str]]:
    """Yield the number of each line that is too wide, and what is wrong with it."""
    for number, line in enumerate(text.splitlines(), 1):
        if len(line) > WIDTH and not (UNBREAKABLE if markdown else ADDRESS).search(line):
            yield number, f"{len(line)} characters, {WIDTH} fit"


def check_words(text: str, words: dict[re.Pattern[str], str], first_line: int = 1) -> Iterator[tuple[int, str]]:
    """Yield the line of each word to avoid outside code, and what to write instead."""
    prose = CODE.sub(lambda code: re.sub(r"[^\n]", "\0", code[0]), text)
    for pattern, instead in words.items():
        for found in pattern.finditer(prose):
            yield first_line + prose.count("\n", 0, found.start()), f'"{" ".join(found[0].split())}": {instead}'


def docstrings(source: str) -> Iterator[tuple[int, str]]:
    """Yield the first line and the text of each docstring of a Python file."""
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef):
            docstring = ast.get_docstring(node, clean=False)
            if docstring is not None:
                yield node.body[0].lineno, docstring


def check_file(path: Path, words: dict[re.Pattern[str], str]) -> list[tuple[int, str]]:
    """Return line and message of all that is wrong with a file, in the order of its lines."""
    text = path.read_text()
    found: list[tuple[int, str]] = []
    if path.as_posix().endswith(TEXTS):
        found += check_width(text, markdown=path.suffix == ".md")
    if path.suffix == ".md":
        found += check_words(text, words)
    if path.suffix == ".py":
        for line, docstring in docstrings(text):
            found += check_words(docstring, words, line)
    return sorted(found)


def project_files() -> list[Path]:
    """Return the files that git knows."""
    names = subprocess.run(["git", "ls-files", "-z"], cwd=PROJECT, check=True, capture_output=True, text=True).stdout
    paths = map(PROJECT.joinpath, names.split("\0")[:-1])
    return [path for path in paths if path.is_file() and path.suffix not in PICTURES]


def main(arguments: Sequence[str]) -> int:
    """Print what is wrong, one line each; return 1 if anything is."""
    words = read_words(WORDS.read_text())
    wrong = 0
    for path in map(Path, arguments) if arguments else project_files():
        for line, message in check_file(path, words):
            name = path.relative_to(PROJECT) if path.is_relative_to(PROJECT) else path
            print(f"{name}:{line}: {message}")
            wrong += 1
    return int(wrong > 0)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
