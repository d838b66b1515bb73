"""Named errors: what was wrong, the value seen, and what to do about it.

Every error is one line for a person at night. The exit code tells Airflow whether
another try can help: data and configuration stay wrong, a lost connection may come back.
"""

from __future__ import annotations

AFTERWARDS = "Clear this task after that"
NO_HELP = "Clearing alone will not help"
HELPS = "Clearing helps"


class NightshelfError(Exception):
    """Base of all errors that Nightshelf raises on purpose.

    Parameters
    ----------
    problem
        What is wrong, with the value seen and where it was seen.
    remedy
        What the reader should do next, as an imperative sentence.
    """

    exit_code = 1
    clearing: str = AFTERWARDS  # what to say of clearing the task in the UI

    def __init__(self, problem: str, *, remedy: str) -> None:
        self.problem = problem.rstrip(".")
        self.remedy = remedy.rstrip(".")
        super().__init__(f"{self.problem}. Remedy: {self.remedy}.")


class ConfigurationError(NightshelfError):
    """A setting, a mapping or a policy is missing, unknown or out of range."""

    exit_code = 2


class InputError(NightshelfError):
    """Delivered data cannot be read as what it should be; another try will not help."""

    exit_code = 3


class ValidationError(NightshelfError):
    """A check that must hold does not; the night stops before anything is published."""

    exit_code = 3
    clearing = NO_HELP


class MissingArtifactError(NightshelfError):
    """Something that an earlier step should have written is not there or is damaged."""

    exit_code = 3
    clearing = NO_HELP


class LakeError(NightshelfError):
    """The lake's storage refused or failed; another try may help."""


class DatabaseError(NightshelfError):
    """PostgreSQL cannot be reached, refuses or fails in the middle; another try may help."""


class TrackingError(NightshelfError):
    """MLflow's store refuses or fails; another try may help."""


class PublishError(NightshelfError):
    """PostgreSQL holds something else than what was sent; nothing became visible."""

    clearing = HELPS


class StackError(NightshelfError):
    """The development stack cannot start, stop or answer."""


def named_error(error: BaseException | None) -> NightshelfError | None:
    """Return the named error that `error` is, or that it was raised for; None when there is none."""
    while error is not None and not isinstance(error, NightshelfError):
        error = error.__cause__ or error.__context__
    return error
