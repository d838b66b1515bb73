import subprocess
import sys
from pathlib import Path

import pytest

from scripts.check_prose import PROJECT, check_file, check_words, project_files, read_words

WORDS = read_words("# a comment\n\nshopper: user\nin order to: to\n")


def test_words_are_found_whole_in_any_case_and_across_lines() -> None:
    text = "Shopper, shoppers\nand, in\norder  to\nin ordered\n"
    assert sorted(check_words(text, WORDS)) == [(1, '"Shopper": user'), (2, '"in order to": to')]


def test_code_is_not_looked_at_and_lines_keep_their_numbers() -> None:
    text = "`shopper`\n```sql\nselect shopper\n```\n``a ` shopper``\nshopper\n"
    assert list(check_words(text, WORDS)) == [(6, '"shopper": user')]


@pytest.mark.parametrize(
    ("name", "text", "lines"),
    [
        ("page.md", f"{'x' * 121}\n{'x' * 120}\n| {'x' * 121} |\n[a]({'x' * 121})\nhttps://{'x' * 121}\n", [1]),
        ("page.md", "a shopper\n", [1]),
        ("run.sh", f"# {'x' * 120}\n# a shopper\n", [1]),
        ("Makefile", f"# {'x' * 120}\n", [1]),
        ("lock.txt", f"{'x' * 121}\n", []),
        ("code.py", '"""One.\n\nA shopper.\n"""\n# shopper\n\n\ndef f() -> None:\n    """In order to."""\n', [3, 9]),
    ],
)
def test_each_kind_of_file_is_checked_for_what_is_its_own(
    tmp_path: Path, name: str, text: str, lines: list[int]
) -> None:
    (tmp_path / name).write_text(text)
    assert [line for line, _ in check_file(tmp_path / name, WORDS)] == lines


def test_the_command_names_file_line_and_word_and_fails(tmp_path: Path) -> None:
    page = tmp_path / "page.md"
    page.write_text("We utilize it.\n")
    command = [sys.executable, PROJECT / "scripts" / "check_prose.py", page]
    done = subprocess.run(command, capture_output=True, text=True)
    assert (done.returncode, done.stdout) == (1, f'{page}:1: "utilize": use\n')
    page.write_text("We use it.\n")
    assert subprocess.run(command).returncode == 0


def test_it_looks_at_the_project_by_default() -> None:
    names = {path.relative_to(PROJECT).as_posix() for path in project_files()}
    assert {"README.md", "docs/model.md", "include/settings.py"} <= names
