"""A disk that is full, whatever ran into it: Python, Spark's JVM, or a library that only passes words on."""

from __future__ import annotations

import re

from include.errors import LakeError

FULL = ("No space left on device", "Disk quota exceeded")
REMEDY = "free space on that disk, then clear the task"
WHICH = (
    "free space on the disk of the lake and on that of Spark's own files (SPARK_LOCAL_DIRS, or else /tmp), "
    "then clear the task"
)
LONGEST = 300
# What the JVM puts before an error's words: of which kind it is, and those that it caused
_KINDS = re.compile(r"^(?:Caused by: )?(?:[\w.$]+(?:Error|Exception|Failure): )*")


def disk_failure(error: BaseException) -> LakeError | None:
    """Return what to tell people when `error` says that a disk is full, None for any other."""
    text = f"{error}\n{getattr(error, '_stackTrace', '')}"  # PySpark keeps the JVM's trace of some errors apart
    found = next((words for words in FULL if words in text), None)
    if found is None:
        return None
    line = next(line.strip() for line in text.splitlines() if found in line)
    words = _KINDS.sub("", line)[:LONGEST]
    return LakeError(words, remedy=REMEDY if "/" in words else WHICH)
