"""Bytes to text: which encoding a file has, which delimiter, and a stream that is always UTF-8."""

import codecs
import csv
import io
import re
from collections import Counter
from pathlib import Path
from typing import IO, Any

from charset_normalizer import from_bytes

__all__ = ["detect_encoding", "find_header", "open_utf8", "sniff_delimiter"]

_BOMS = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
_CHUNK = 1 << 20
_EVIDENCE = 64 * 1024
_LEAST_EVIDENCE = 12
_HEAD = 256 * 1024
_SEPARATOR = re.compile(r"sep=.?", re.IGNORECASE)


def detect_encoding(path: Path) -> str:
    """Reads the whole file: UTF-8 if nearly all of its bytes above 127 form UTF-8, else charset-normalizer's opinion."""
    with path.open("rb") as file:
        head = file.read(_CHUNK)
        for bom, name in _BOMS:
            if head.startswith(bom):
                return name
        if head[:2000].count(0) > len(head[:2000]) // 4:
            return "utf-16-le" if head[1:2] == b"\0" else "utf-16-be"
        good, bad, evidence = 0, 0, bytearray()
        chunk, rest = head, b""
        while chunk:
            # whole lines only, so that no character is cut in two
            cut = chunk.rfind(b"\n") + 1 or len(chunk)
            lines, rest = rest + chunk[:cut], chunk[cut:]
            try:
                text = lines.decode("utf-8")
                good += len(lines) - len(text)
            except UnicodeDecodeError:
                text = lines.decode("utf-8", "replace")
                broken = text.count("�")
                bad += broken
                good += sum(not character.isascii() for character in text) - broken
                for line in lines.splitlines(keepends=True):
                    if len(evidence) < _EVIDENCE and not line.isascii():
                        evidence += line[:2000]
            chunk = file.read(_CHUNK)
        bad += rest.decode("utf-8", "replace").count("�")
        if not rest.isascii():
            evidence += rest[:2000]
    if bad == 0 or bad * 10 < good:
        return "utf-8"
    if sum(byte > 127 for byte in evidence) < _LEAST_EVIDENCE:
        return "cp1252"  # a few special characters tell nothing but that Western text is likeliest
    best = from_bytes(bytes(evidence)).best()
    return "cp1252" if best is None or best.encoding in ("utf_8", "ascii", "latin_1") else best.encoding


class _Utf8(io.RawIOBase):
    """Transcodes while reading; bytes that are not text become U+FFFD."""

    def __init__(self, file: IO[bytes], encoding: str) -> None:
        self._file = file
        self._decoder = codecs.getincrementaldecoder(encoding)("replace")
        self._ready = b""

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        while not self._ready:
            data = self._file.read(_CHUNK)
            self._ready = self._decoder.decode(data, final=not data).encode("utf-8", "replace")
            if not data:
                break
        taken = self._ready[: len(buffer)]
        buffer[: len(taken)] = taken
        self._ready = self._ready[len(taken) :]
        return len(taken)

    def close(self) -> None:
        self._file.close()
        super().close()


def open_utf8(path: Path, encoding: str) -> io.BufferedReader:
    """The file as a stream of valid UTF-8 without a byte order mark."""
    return io.BufferedReader(_Utf8(path.open("rb"), encoding), _CHUNK)


def _head(path: Path, encoding: str) -> str:
    with open_utf8(path, encoding) as stream:
        text = stream.read(_HEAD).decode("utf-8", "replace")
    return text if len(text) < _HEAD // 4 else text[: text.rfind("\n") + 1] or text


def sniff_delimiter(path: Path, encoding: str) -> str:
    """Of comma, semicolon, tab and bar the one that cuts the first lines into the same number of cells, at least two."""
    head = _head(path, encoding)
    best, best_score = ",", 0.0
    for delimiter in ",;\t|":
        widths = [len(row) for row in _parse(head, delimiter, 100) if row]
        if not widths:
            continue
        width, count = Counter(widths).most_common(1)[0]
        score = count / len(widths) + min(width, 50) / 1000
        if width > 1 and score > best_score:
            best, best_score = delimiter, score
    return best


def find_header(path: Path, encoding: str, delimiter: str) -> tuple[list[str], int, int]:
    """The first row of the table, the physical line it begins after, and the line it ends with.

    Lines above a table (a title, Excel's ``sep=``) are at most half as wide as the table.
    """
    rows: list[tuple[list[str], int, int]] = []
    before = 0
    for row, line in _lines(_head(path, encoding), delimiter, 100):
        if row:
            rows.append((row, before, line))
        before = line
    if not rows:
        return [], 0, 0
    width = Counter(len(row) for row, _, _ in rows).most_common(1)[0][0]
    if _SEPARATOR.fullmatch(delimiter.join(rows[0][0])) and len(rows) > 1:
        del rows[0]
    return next((found for found in rows if 2 * len(found[0]) > width), rows[0])


def _parse(text: str, delimiter: str, count: int) -> list[list[str]]:
    return [row for row, _ in _lines(text, delimiter, count)]


def _lines(text: str, delimiter: str, count: int) -> list[tuple[list[str], int]]:
    """Parsed rows, each with the number of the physical line that it ends with."""
    rows = []
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter)
    try:
        for row in reader:
            rows.append((row, reader.line_num))
            if len(rows) == count:
                break
    except csv.Error:  # a cell above the module's limit
        pass
    return rows
