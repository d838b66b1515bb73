"""Where the compiled kernel is kept, so that a night does not compile it again.

Compiling takes some seconds of processor time; what is kept loads in a fraction of one. numba's own
setting NUMBA_CACHE_DIR names the place; every job sets it for itself and for what it starts.
"""

from __future__ import annotations

import hashlib
import logging
import tempfile
from functools import cache
from pathlib import Path

from numba.core import config

from include.ranking import kernel, simd, strongest, walk

logger = logging.getLogger(__name__)

ENTRIES = (kernel.rank, kernel.unpack, kernel.fill, walk.walk, strongest.strongest)


@cache
def use_kept() -> Path | None:
    """Take the kernel's machine code from numba's folder and keep it there; once a process, before the first use.

    Each version of the source has a folder of its own in it: numba notices changes of the file
    that a function stands in, but not of those that it imports. numba itself tells processors apart.
    Only who may write what runs in the night should be able to write there.

    Returns
    -------
    The folder; None when there is none or nothing can be written there: then this process compiles for itself.
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
    for entry in ENTRIES:
        entry.enable_caching()
    return folder


def source_fingerprint() -> str:
    """Return a fingerprint of the source that the machine code is made from."""
    files = sorted(str(module.__file__) for module in (simd, kernel, strongest, walk))
    return hashlib.sha256(b"".join(Path(file).read_bytes() for file in files)).hexdigest()[:12]
