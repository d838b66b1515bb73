"""How much memory ranking takes on top of its input: run in a process of its own.

    python -m tests.benchmarks.memory '<shape as JSON>' <threads>

Writes {"extra_mb": ..., "lists_mb": ...}: the peak while ranking less what the process had before,
the lists themselves included.
"""

from __future__ import annotations

import json
import re
import sys
from pathlib import Path

from include.ranking import compile_kernel, top_n
from tests.benchmarks.kernel import as_factors
from tests.benchmarks.shapes import Shape, make_world


def main(shape: Shape, threads: int) -> None:
    """Measure by the kernel's own high-water mark, set back just before."""
    users, items, seen = as_factors(make_world(shape))
    compile_kernel()
    Path("/proc/self/clear_refs").write_text("5")
    before = memory("VmRSS")
    lists = top_n(users, items, shape.n, exclude=seen, threads=threads)
    figures = {"extra_mb": memory("VmHWM") - before, "lists_mb": sum(part.nbytes for part in lists) / 1e6}
    sys.stdout.write(json.dumps(figures) + "\n")


def memory(line: str, process: int | str = "self") -> float:
    """Return one line of a process's status in MB."""
    status = Path(f"/proc/{process}/status").read_text()
    found = re.search(rf"^{line}:\s+(\d+) kB$", status, re.MULTILINE)
    return int(found.group(1)) * 1024 / 1e6 if found else 0.0


if __name__ == "__main__":
    main(Shape(*json.loads(sys.argv[1])), int(sys.argv[2]))
