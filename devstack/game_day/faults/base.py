"""What a fault is: how it strikes a night, and which steps of the runbook mend it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from devstack.game_day.stage import Stage


@dataclass(frozen=True)
class StackFault:
    """One way to break the stack.

    Parameters
    ----------
    name
        As `--faults` takes it.
    strike
        Breaks the stack before or while a night runs that it begins itself; returns the run's id.
    mend
        Takes the steps of the runbook for that run.
    recovery
        The same steps in words, for the table.
    lake
        `s3` for a fault that needs a lake on S3.
    """

    name: str
    strike: Callable[[Stage], str]
    mend: Callable[[Stage, str], None]
    recovery: str
    lake: str = "local"
