"""What a person sees while something takes its time: bars on a terminal, plain lines elsewhere."""

from __future__ import annotations

import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager

from rich.console import Console
from rich.markup import escape
from rich.progress import BarColumn, MofNCompleteColumn, Progress, SpinnerColumn, TaskID, TextColumn, TimeElapsedColumn

PULSE_SECONDS = 20.0
WIDTH = 120  # of tables in a file or a pipe


class Work:
    """Something that takes its time, and how far it is."""

    def __init__(self, display: Display, name: str, total: int | None, unit: str) -> None:
        self.display = display
        self.name = name
        self.total = total
        self.unit = unit
        self.done = 0
        self.note = ""
        self.started = self._pulsed = time.monotonic()
        self._bar: tuple[Progress, TaskID] | None = None

    @property
    def seconds(self) -> float:
        """How long it has been going on."""
        return time.monotonic() - self.started

    def update(self, done: int | None = None, note: str | None = None) -> None:
        """Say how far it is; without a terminal that becomes a line every now and then."""
        self.done = self.done if done is None else done
        self.note = self.note if note is None else note
        if self._bar is not None:
            progress, bar = self._bar
            progress.update(bar, completed=self.done, note=self.note)
        elif time.monotonic() - self._pulsed > PULSE_SECONDS:
            self._pulsed = time.monotonic()
            self.display.say(f"  ... {self.name}: {self.how_far()} after {self.seconds:.0f} s")

    def how_far(self) -> str:
        """Return how far it is, in words."""
        count = f"{self.done} of {self.total} {self.unit}" if self.total else f"{self.done} {self.unit}"
        counted = count if self.unit and (self.total or self.done) else ""
        return ", ".join(part for part in (counted, self.note) if part) or "at work"

    def show_on(self, progress: Progress) -> None:
        """Let a bar on the terminal follow this."""
        self._bar = (progress, progress.add_task(self.name, total=self.total, note="", unit=self.unit))


class Display:
    """A console that everything of one command is told on."""

    def __init__(self, console: Console | None = None) -> None:
        self.console = console or Console(highlight=False, soft_wrap=True, width=None if sys.stdout.isatty() else WIDTH)

    @property
    def live(self) -> bool:
        """Tell whether there is a terminal that can show bars."""
        return self.console.is_terminal

    def say(self, text: str = "", style: str | None = None) -> None:
        """Write a line as it is."""
        self.console.print(escape(text), style=style)

    @contextmanager
    def work(self, name: str, total: int | None = None, unit: str = "", *, quiet_end: bool = False) -> Iterator[Work]:
        """Show that `name` goes on, and when it is done how long it took.

        Parameters
        ----------
        total, unit
            How much there is to do, of what; a bar without an end when None.
        quiet_end
            Leave the last line to the caller.
        """
        work = Work(self, name, total, unit)
        if self.live:
            with self._progress(total) as progress:
                work.show_on(progress)
                yield work
        else:
            self.say(f"{name} ...")
            yield work
        if not quiet_end:
            end = f" ({work.how_far()})" if work.how_far() != "at work" else ""
            self.say(f"{name}: done in {work.seconds:.0f} s{end}")

    def _progress(self, total: int | None) -> Progress:
        columns = [SpinnerColumn(), TextColumn("{task.description}"), BarColumn(bar_width=30)]
        if total:
            columns += [MofNCompleteColumn(), TextColumn("{task.fields[unit]}")]
        columns += [TimeElapsedColumn(), TextColumn("{task.fields[note]}", style="dim")]
        return Progress(*columns, console=self.console, transient=True)
