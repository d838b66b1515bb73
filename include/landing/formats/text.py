"""What formats of lines have in common: compression, encoding, line ends, blank lines."""

from __future__ import annotations

import codecs
import io
import re
from collections.abc import Iterator

from include.errors import InputError
from include.landing.stored import COMPRESSIONS, StoredFile

# A line of nothing but these is blank.
BLANK = "".join(map(chr, range(33)))
BLANK_LINE = re.compile(r"^[\x00-\x09\x0b-\x20]*\n", re.M)
# The first block tells the columns; the others are larger, for speed.
HEAD_BYTES = 1 << 16
BLOCK_BYTES = 1 << 22
LONGEST_LINE = 1 << 26
# First bytes in which text without a mark shows that it is UTF-16
JUDGED = 64
# UTF-32 first: its mark begins with that of UTF-16.
MARKS = (
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)


def endings(*formats: str) -> tuple[str, ...]:
    """Return each ending alone and with each compression."""
    return tuple(ending + compression for ending in formats for compression in ("", *COMPRESSIONS))


def read_blocks(file: StoredFile, encoding: str) -> Iterator[str]:
    r"""Yield the text in blocks of whole lines that end with `\n`, whatever ended them.

    Raises
    ------
    InputError
        When the file is damaged, cannot be read, is in another encoding, or has a line that is
        longer than `LONGEST_LINE` characters.
    """
    before, rest, decoder = 0, "", None
    with file.open() as stream:
        while True:
            chunk = stream.read(BLOCK_BYTES if decoder else HEAD_BYTES)
            decoder = decoder or _decoder(chunk, encoding)
            try:
                text = rest + decoder.decode(chunk, final=not chunk)
            except UnicodeDecodeError as error:
                line = before + rest.count("\n") + bytes(error.object)[: error.start].count(b"\n") + 1
                raise _wrong_encoding(file, encoding, line, error) from error
            end = text.rfind("\n") + 1 if chunk else len(text)
            if end:
                yield text[:end] if text[end - 1] == "\n" else text[:end] + "\n"
            before += text.count("\n", 0, end)
            rest = text[end:]
            if len(rest) > LONGEST_LINE:
                raise InputError(
                    f"line {before + 1} of {file.name} has more than {LONGEST_LINE} characters",
                    remedy="deliver it with line ends, or in another format",
                )
            if not chunk:
                return


def read_lines(file: StoredFile, encoding: str) -> Iterator[str]:
    """Yield the lines that are not blank, without their ends; errors as of `read_blocks`."""
    for block in read_blocks(file, encoding):
        yield from (line for line in block.split("\n") if line.strip(BLANK))


def marked_encoding(head: bytes) -> str | None:
    """Return the encoding that a text's first bytes show, by a mark or as every second byte is zero, None for none."""
    for codec, zeros in (("utf-16-le", head[1:JUDGED:2]), ("utf-16-be", head[0:JUDGED:2])):
        if len(zeros) >= 2 and not zeros.strip(b"\0"):
            return codec
    return next((codec for mark, codec in MARKS if head.startswith(mark)), None)


def _decoder(head: bytes, encoding: str) -> io.IncrementalNewlineDecoder:
    codec = marked_encoding(head) or encoding
    return io.IncrementalNewlineDecoder(codecs.getincrementaldecoder(codec)("strict"), translate=True)


def _wrong_encoding(file: StoredFile, encoding: str, line: int, error: UnicodeDecodeError) -> InputError:
    found = bytes(error.object)[error.start : error.start + 1].hex()
    return InputError(
        f"{file.name} is not {encoding} in line {line}: {error.reason} (byte 0x{found})",
        remedy="name its encoding in source.encoding of the mapping (land.encoding for an export of your own), "
        "for example cp1252, or save it as UTF-8",
    )
