import io

import pytest
from rich.console import Console

from devstack import progress
from devstack.progress import Display


@pytest.fixture
def said() -> io.StringIO:
    return io.StringIO()


def test_plain_lines_without_a_terminal(said: io.StringIO, monkeypatch: pytest.MonkeyPatch) -> None:
    display = Display(Console(file=said, width=200, force_terminal=False))
    with display.work("ingesting", 3, "days") as work:
        work.update(1)
        monkeypatch.setattr(progress, "PULSE_SECONDS", -1.0)
        work.update(2, "events")
        monkeypatch.setattr(progress, "PULSE_SECONDS", 20.0)
        work.update(3, "")
    assert said.getvalue().splitlines() == [
        "ingesting ...",
        "  ... ingesting: 2 of 3 days, events after 0 s",
        "ingesting: done in 0 s (3 of 3 days)",
    ]


def test_a_bar_on_a_terminal(said: io.StringIO) -> None:
    display = Display(Console(file=said, width=200, force_terminal=True, highlight=False))
    with display.work("ingesting", 3, "days") as work:
        work.update(2)
        display.say("[events] as it is")
    text = said.getvalue()
    assert "━" in text
    assert "2/3" in text
    assert "[events] as it is" in text
    assert "ingesting: done in 0 s" in text


def test_a_failure_leaves_no_line_that_it_is_done(said: io.StringIO) -> None:
    display = Display(Console(file=said, width=200))
    with pytest.raises(ValueError, match="broken"), display.work("ingesting"):
        raise ValueError("broken")
    assert said.getvalue() == "ingesting ...\n"
