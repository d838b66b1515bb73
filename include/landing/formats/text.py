"""What formats of lines have in common: compression, encoding, blank lines."""

from __future__ import annotations

import gzip
import re
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from include.errors import InputError
from include.lake import Lake

# By ending. Spark and pyarrow recognise the same ones in delivered files.
COMPRESSIONS = {".gz": gzip.open}
DAMAGED = (EOFError, gzip.BadGzipFile, zlib.error)
# A line of nothing but these is blank, for Spark's readers as well.
BLANK = "".join(map(chr, range(33)))
# What ends a line for Spark; str.splitlines knows more ends than it does.
LINE_END = re.compile(r"\r\n|\r|\n")
# Enough for any header, and for the first records of JSON lines.
HEAD_BYTES = 1 << 18
# The field in which Spark's readers keep a line that they cannot parse.
CORRUPT = "_corrupt"


def endings(ending: str) -> tuple[str, ...]:
    """Return the ending alone and with each compression."""
    return (ending, *(ending + compression for compression in COMPRESSIONS))


def read_lines(path: Path, encoding: str) -> Iterator[str]:
    """Yield the lines that are not blank, without their ends.

    Raises
    ------
    InputError
        When the file is damaged, in another encoding or cannot be read.
    """
    codec = "utf-8-sig" if encoding.lower() in ("utf-8", "utf8", "utf_8") else encoding
    opener = COMPRESSIONS.get(path.suffix, open)
    number = 0
    with named_errors(path):
        try:
            with opener(path, "rt", encoding=codec) as stream:
                for number, line in enumerate(stream, start=1):  # noqa: B007 - the error names it
                    if line.strip(BLANK):
                        yield line.rstrip("\n")
        except UnicodeDecodeError as error:
            raise InputError(
                f"{path} is not {encoding} soon after line {number}: {error.reason}",
                remedy="name its encoding in the mapping's land.encoding, for example cp1252, or save it as UTF-8",
            ) from error


def read_head(lake: Lake, path: str) -> list[str]:
    """Return the first lines of a delivered file that are not blank."""
    filesystem, root = lake.filesystem()
    with filesystem.open_input_stream(f"{root}/{path}", compression="detect") as stream:
        head = stream.read(HEAD_BYTES).decode("utf-8-sig", errors="replace")
    return [line for line in LINE_END.split(head) if line.strip(BLANK)]


@contextmanager
def named_errors(path: Path) -> Iterator[None]:
    """Name the file in errors of reading it."""
    try:
        yield
    except DAMAGED as error:
        raise InputError(f"{path} is damaged: {error}", remedy="get the file again") from error
    except OSError as error:
        raise InputError(
            f"{path} cannot be read: {error.strerror}", remedy="correct the path or its permissions"
        ) from error
