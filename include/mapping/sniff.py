"""Encoding, delimiter and header of text files, by their content."""

from __future__ import annotations

import codecs
import csv
import io
import re
from collections import Counter
from collections.abc import Iterator, Sequence
from itertools import islice, pairwise

from charset_normalizer import from_bytes

from include.landing.formats.text import marked_encoding

DELIMITERS = ",;\t|"
# Encodings that exports come in when they are not UTF-8, with their languages' letters; the most frequent first.
LETTERS = {
    "cp1252": "äöüÄÖÜßéèêëàâçîïôùûñáíóúÁÉÍÓÚÑÉÈÀÇ¡¿ãõÃÕåøæÅØÆœ€°´«»–’„“”®™©£",
    "cp1250": "ąćęłńóśźżĄĆĘŁŃÓŚŹŻáéíóúýčďěňřšťůžÁÉÍÓÚÝČĎĚŇŘŠŤŮŽőűöüŐŰÖÜľĺŕäôșț€°–’„“”®™©",
    "cp1254": "çğıöşüÇĞİÖŞÜ€°–’„“”®™©",
}
DENSE = ["cp1251", "cp1253", "cp932", "gb18030", "euc_kr", "big5", "cp1255", "cp1256", "koi8_r"]
# Share of letters above ASCII beside another one that only other alphabets have.
MANY_BESIDE = 0.6
LINES_JUDGED = 200
LONGEST_FIELD = 8 << 20


def sniff_encoding(data: bytes) -> str:
    """Return the encoding of a text whose first and last bytes may be cut off."""
    if (marked := marked_encoding(data)) and marked != "utf-8-sig":
        return marked
    try:
        codecs.getincrementaldecoder("utf-8")().decode(data)
    except UnicodeDecodeError:
        return _sparse(data) or _dense(data)
    return "utf-8"


def _sparse(data: bytes) -> str | None:
    """Return the encoding in which most bytes above ASCII are usual letters, for languages that have few of them."""
    special = bytes(byte for byte in data if byte > 127)
    beside = sum(one > 127 and other > 127 for one, other in pairwise(data))
    if beside > MANY_BESIDE * len(special):
        return None
    texts = {name: special.decode(name, errors="replace") for name in LETTERS}
    return max(LETTERS, key=lambda name: sum(letter in LETTERS[name] for letter in texts[name]))


def _dense(data: bytes) -> str:
    best = from_bytes(data[: 1 << 20], cp_isolation=DENSE).best()
    return best.encoding if best else DENSE[0]


def sniff_delimiter(text: str) -> str:
    """Return the character that splits most records into equally many fields, at least two."""

    def score(delimiter: str) -> tuple[float, int]:
        widths = Counter(len(row) for row in islice(csv_rows(text, delimiter), LINES_JUDGED))
        width, times = widths.most_common(1)[0]
        return (times / widths.total() if width > 1 else 0.0, width)

    # Of `1::1193::5` every second column is empty.
    candidates = f"{DELIMITERS}:" if "::" in text[:LINES_JUDGED] else DELIMITERS
    return max(candidates, key=lambda delimiter: (round(score(delimiter)[0], 1), score(delimiter)[1]))


def has_header(rows: Sequence[Sequence[str]]) -> bool:
    """Return whether the first record holds names: no numbers, no dates, nothing twice."""
    names = [name.strip() for name in rows[0] if name.strip()]
    values = re.compile(r"[-+]?[\d.,:/\s-]*\d[\d.,:/\sTZ-]*|\{.*|\[.*|.*@.*\..*")
    return bool(names) and not any(values.fullmatch(name) for name in names) and len(set(names)) == len(names)


def csv_rows(text: str, delimiter: str) -> Iterator[list[str]]:
    csv.field_size_limit(LONGEST_FIELD)
    return (row for row in csv.reader(io.StringIO(text, newline=""), delimiter=delimiter) if any(map(str.strip, row)))
