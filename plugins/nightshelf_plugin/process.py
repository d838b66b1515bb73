"""A job as a process of its own: started in its own group, followed line by line, stopped whole."""

from __future__ import annotations

import ctypes
import os
import selectors
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

POLL_SECONDS = 0.5
LINGER_SECONDS = 5.0  # what Spark's JVM may take to tidy up after the Python process has ended
CHUNK = 1 << 16
PR_SET_PDEATHSIG = 1
_LIBC = ctypes.CDLL(None) if sys.platform == "linux" else None


def _die_with_the_parent() -> None:
    """Ask the kernel to end the job when the task that started it is killed without a word."""
    if _LIBC is not None:
        _LIBC.prctl(PR_SET_PDEATHSIG, signal.SIGKILL)


class JobProcess:
    """One run of a command.

    The command leads a session and a process group of its own, so that stopping it reaches
    everything that it started (Spark's JVM above all).

    Parameters
    ----------
    command
        Program and arguments; no shell is involved.
    folder
        Working folder.
    environment
        The whole environment of the command.
    """

    def __init__(self, command: Sequence[str], folder: Path, environment: Mapping[str, str]) -> None:
        self._stdout = tempfile.TemporaryFile()  # noqa: SIM115 - lives as long as the process, see close()
        self._process = subprocess.Popen(
            list(command),
            cwd=folder,
            env=dict(environment),
            stdin=subprocess.DEVNULL,
            stdout=self._stdout,
            stderr=subprocess.PIPE,
            start_new_session=True,
            preexec_fn=_die_with_the_parent,
        )
        self._deserted = False

    @property
    def pid(self) -> int:
        """The process's number, which is also the number of its group."""
        return self._process.pid

    def lines(self) -> Iterator[str]:
        """Yield each line of stderr when it comes, until nobody is left to write one.

        A grandchild that outlives the job by more than `LINGER_SECONDS` is not waited for.
        """
        rest = b""
        for chunk in self._chunks():
            *whole, rest = (rest + chunk).split(b"\n")
            yield from (_text(line) for line in whole)
        if rest:
            yield _text(rest)

    def _chunks(self) -> Iterator[bytes]:
        stream = self._process.stderr
        if stream is None:
            return
        patience = LINGER_SECONDS
        with selectors.DefaultSelector() as selector:
            selector.register(stream, selectors.EVENT_READ)
            while patience > 0:
                if selector.select(POLL_SECONDS):
                    chunk = os.read(stream.fileno(), CHUNK)
                    if not chunk:
                        self._deserted = True
                        return
                    yield chunk
                elif self._process.poll() is not None:
                    patience -= POLL_SECONDS

    def wait(self) -> int:
        """Return the exit code, negative for a signal, once the process has ended."""
        return self._process.wait()

    def printed(self) -> list[str]:
        """Return the lines of stdout that are not empty."""
        self._stdout.seek(0)
        return [line for line in (_text(raw) for raw in self._stdout.read().split(b"\n")) if line]

    def stop(self, grace_seconds: float) -> None:
        """Ask the group to end, and end it for good after `grace_seconds`."""
        self._signal_group(signal.SIGTERM)
        try:
            self._process.wait(grace_seconds)
        except subprocess.TimeoutExpired:
            pass
        finally:
            self._signal_group(signal.SIGKILL)

    def close(self, grace_seconds: float) -> None:
        """Leave nothing behind: no process of the group, no open file."""
        if self._process.poll() is None:
            self.stop(grace_seconds)
            self._process.wait()
        elif not self._deserted:
            self._signal_group(signal.SIGKILL)
        if self._process.stderr is not None:
            self._process.stderr.close()
        self._stdout.close()

    def _signal_group(self, number: signal.Signals) -> None:
        try:
            os.killpg(self.pid, number)
        except ProcessLookupError:
            return


def _text(line: bytes) -> str:
    return line.decode(errors="replace").rstrip()
