"""Compiling with numba where it can be had, and where the machine code is kept.

Compiling takes some seconds of processor time; loading what is kept takes a fraction of one. numba's own
setting NUMBA_CACHE_DIR names the folder; every job sets it for itself and for what it starts.
"""

from __future__ import annotations

import hashlib
import logging
import tempfile
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any

logger = logging.getLogger(__name__)

try:
    import numba
    from numba.core import config
except (ImportError, OSError) as error:  # OSError: llvmlite's library does not load here
    absent: Exception | None = error
else:
    absent = None

SOURCES = ("choosing", "explaining", "grouped", "owned", "reranking", "scan", "simd")
entries: list[Any] = []
"""What other modules call; the rest is compiled into these."""


def jit(function: Callable[..., Any]) -> Any:
    """Compile `function` at its first call; without numba it stays as it is."""
    return function if absent else numba.njit(nogil=True, error_model="numpy")(function)


def jit_entry(function: Callable[..., Any]) -> Any:
    """Compile as `jit` does, and keep the machine code."""
    compiled = jit(function)
    entries.append(compiled)
    return compiled


@cache
def keep_machine_code() -> Path | None:
    """Load the kernel's machine code from numba's folder and store it there; once a process, before its first use.

    Each version of the source has a folder of its own: numba notices a change of the file in which a function
    stands, but not of the files that it imports. numba itself tells processors apart.
    Only the account that runs the night should have write access.

    Returns
    -------
    The folder; None when there is none or it is not writable: then each process compiles for itself.
    """
    config.reload_config()
    if not config.CACHE_DIR:
        return None
    folder = Path(config.CACHE_DIR) / source_fingerprint()
    try:
        folder.mkdir(parents=True, exist_ok=True)
        tempfile.TemporaryFile(dir=folder).close()
    except OSError as error:
        logger.warning("the compiled kernel cannot be kept in %s (%s): it is compiled each time", folder, error)
        return None
    config.CACHE_DIR = str(folder)
    for compiled in entries:
        compiled.enable_caching()
    return folder


def source_fingerprint() -> str:
    """Return 12 hex digits of the SHA-256 of the source that is compiled."""
    files = [Path(__file__).with_name(f"{name}.py") for name in SOURCES]
    return hashlib.sha256(b"".join(file.read_bytes() for file in files)).hexdigest()[:12]
