"""HTML: the visible text, title, headings and tables. Scripts are dropped, never run."""

import re
from typing import ClassVar

from selectolax.lexbor import LexborHTMLParser, LexborNode

from bifrost.documents import Document, Page, Table
from bifrost.errors import RecordError
from bifrost.values import FileRecord
from extraction.reader_text import decode

__all__ = ["HtmlReader", "html_to_page", "implementation"]

_INVISIBLE = ("script", "style", "noscript", "template", "svg", "iframe", "object", "head")
_BLOCKS = frozenset(
    re.findall(
        r"\w+",
        "address article aside blockquote br caption dd div dl dt fieldset figcaption figure footer form h1 h2 h3 h4 h5 h6 "
        "header hr li main nav ol option p pre section table tbody tfoot thead title tr ul",
    )
)
_CELLS = frozenset({"td", "th"})
_SPACE = re.compile(r"[ \t\r\f\v\u00a0]+")
_DECLARED = re.compile(rb"<meta[^>]{0,200}?charset\s*=\s*[\"']?\s*([\w.:-]{1,40})", re.IGNORECASE)
_MOST_CELLS = 200_000
_DEEPEST = 2000
"""Nested elements; parsing time grows with the square of it."""
_TAG = re.compile(r"<(/?)([a-zA-Z][a-zA-Z0-9]*)")
_NEVER_NEST = frozenset(
    re.findall(
        r"\w+",
        "area base br col dd dt embed hr img input li link meta option p source tbody td tfoot th thead tr track wbr html body",
    )
)
_META = {"author": "author", "description": "description", "keywords": "keywords"}


class HtmlReader:
    media_types: ClassVar[frozenset[str]] = frozenset({"text/html"})

    def read(self, record: FileRecord) -> Document:
        try:
            page, properties = html_to_page(_decode(record))
        except ValueError as error:
            raise RecordError(f"{record.key} cannot be read: {error}", record=record.key) from None
        return Document("text/html", (page,), properties, reader="reader.html")


def _decode(record: FileRecord) -> str:
    declared = _DECLARED.search(record.content[:4096])
    if declared is not None:
        try:
            return record.content.decode(declared[1].decode("ascii"))
        except (LookupError, UnicodeDecodeError):
            pass  # pages lie about their encoding
    return decode(record.content, record.key)


def html_to_page(html: str, number: int = 1) -> tuple[Page, dict[str, tuple[str, ...]]]:
    """The visible text and the tables of a page, and what its head says. Raises ValueError for absurd nesting."""
    if _depth(html) > _DEEPEST:
        raise ValueError(f"its elements are nested more than {_DEEPEST} deep.")
    tree = LexborHTMLParser(html)
    properties: dict[str, tuple[str, ...]] = {}
    title = tree.css_first("title")
    if title is not None and (text := " ".join(title.text().split())):
        properties["title"] = (text,)
    for node in tree.css("meta[name][content]"):
        name, content = str(node.attributes["name"]).lower(), " ".join(str(node.attributes["content"] or "").split())
        if name in _META and content:
            properties[_META[name]] = (content,)
    root = tree.root
    if root is None:
        return Page(number, ""), properties
    tree.strip_tags(list(_INVISIBLE))
    tables = tuple(table for node in tree.css("table") if (table := _table(node)) is not None)
    return Page(number, _text(root), tables=tables), properties


def _depth(html: str) -> int:
    """How deep elements nest at most, leaving out those that the parser closes by itself."""
    depth = deepest = 0
    for match in _TAG.finditer(html):
        if match[2].lower() not in _NEVER_NEST:
            depth = max(depth + (-1 if match[1] else 1), 0)
            deepest = max(deepest, depth)
    return deepest


def _text(root: LexborNode) -> str:
    """Text in document order, a line for each block, a tab between cells."""
    pieces: list[str] = []
    for node in root.traverse(include_text=True):
        tag = node.tag
        if tag == "-text":
            pieces.append(_SPACE.sub(" ", (node.text_content or "").replace("\n", " ")))
        elif tag in _BLOCKS:
            pieces.append("\n")
        elif tag in _CELLS:
            pieces.append("\t")
    lines = (_line(line) for line in "".join(pieces).split("\n"))
    return "\n".join(line for line in lines if line)


def _line(line: str) -> str:
    return "\t".join(cell for part in line.split("\t") if (cell := _SPACE.sub(" ", part).strip()))


def _table(node: LexborNode) -> Table | None:
    rows: list[tuple[str, ...]] = []
    has_header = False
    cells = 0
    for row in node.css("tr"):
        found = [cell for cell in row.iter() if cell.tag in _CELLS]
        cells += len(found)
        if cells > _MOST_CELLS:
            break
        if found:
            has_header = has_header or (not rows and all(cell.tag == "th" for cell in found))
            rows.append(tuple(" ".join(cell.text().split()) for cell in found))
    return Table(tuple(rows), has_header) if len(rows) > 1 else None


implementation = HtmlReader
