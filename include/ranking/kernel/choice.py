"""Whether this machine ranks with the compiled kernel or with numpy."""

from __future__ import annotations

import logging
from functools import cache

from include.ranking.kernel import jit

logger = logging.getLogger(__name__)


@cache
def available() -> bool:
    """Tell whether the kernel compiles; if not, the log says so once. NUMBA_DISABLE_JIT=1 turns compiling off."""
    problem = _problem()
    if problem is not None:
        logger.warning("the ranking kernel does not compile here, numpy ranks instead, more slowly: %s", problem)
    return problem is None


def _problem() -> str | None:
    if jit.absent is not None:
        return str(jit.absent)
    from numba.core import config
    from numba.core.errors import NumbaError

    if config.DISABLE_JIT:
        return "NUMBA_DISABLE_JIT is set"
    try:
        from include.ranking.kernel import compiled

        jit.keep_machine_code()
        compiled.try_out()
    except (OSError, RuntimeError, NumbaError) as error:  # RuntimeError: LLVM refuses the code
        return f"{type(error).__name__}: {error}"
    return None
