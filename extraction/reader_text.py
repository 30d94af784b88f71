"""Plain text and Markdown: one page, form feeds begin new ones."""

import codecs
import re
from typing import ClassVar

from charset_normalizer import from_bytes

from bifrost.documents import Document, Page
from bifrost.errors import RecordError
from bifrost.values import FileRecord

__all__ = ["TextReader", "decode", "implementation"]

_HEADING = re.compile(r"^#{1,6}\s+(.+?)\s*#*\s*$", re.MULTILINE)
_LARGEST = 20 << 20
_SAMPLE = 64 * 1024
_EVIDENCE = 12
_BOMS = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)


def decode(content: bytes, record: str) -> str:
    """Bytes as text: by byte order mark, as UTF-8, else as charset-normalizer guesses. Line ends become ``\\n``.

    Raises RecordError for more than 20 MB and for bytes that are no text.
    """
    if len(content) > _LARGEST:
        raise RecordError(f"{record} has {len(content) >> 20} MB of text.", record=record, remedy="Split the file.")
    for bom, encoding in _BOMS:
        if content.startswith(bom):
            return _clean(content.decode(encoding, "replace"))
    if b"\0" in content[:_SAMPLE]:
        raise RecordError(
            f"{record} is not text.",
            record=record,
            remedy="Give the file the suffix of its real format, or exclude it.",
        )
    try:
        return _clean(content.decode("utf-8"))
    except UnicodeDecodeError as error:
        around = content[max(0, error.start - _SAMPLE // 2) : error.start + _SAMPLE // 2]
        return _clean(content.decode(_guess(around), "replace"))


def _guess(sample: bytes) -> str:
    """A single-byte encoding. From a few special characters nothing can be told but that Western text is likeliest."""
    if sum(byte > 127 for byte in sample) < _EVIDENCE:
        return "cp1252"
    best = from_bytes(sample).best()
    return "cp1252" if best is None or best.encoding in ("ascii", "utf_8", "latin_1") else best.encoding


def _clean(text: str) -> str:
    return text.replace("\r\n", "\n").replace("\r", "\n").replace("\0", " ")


class TextReader:
    media_types: ClassVar[frozenset[str]] = frozenset({"text/plain", "text/markdown"})

    def read(self, record: FileRecord) -> Document:
        text = decode(record.content, record.key)
        pages = tuple(Page(number, part) for number, part in enumerate(text.split("\f"), 1))
        properties: dict[str, tuple[str, ...]] = {}
        if record.media_type == "text/markdown" and (heading := _HEADING.search(text)):
            properties["title"] = (str(heading[1]),)
        return Document(record.media_type, pages, properties, reader="reader.text")


implementation = TextReader
