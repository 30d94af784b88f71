"""What a reader makes of a file: pages with text whose every character can be found on the page, tables, mentions.

Text offsets count Unicode code points in :attr:`Page.text`. Boxes are in points, origin at the top left of the page.
"""

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

__all__ = ["Box", "Document", "Mention", "Page", "Table", "WordIndex"]


@dataclass(frozen=True, slots=True)
class Box:
    """A rectangle on a page, in points (1/72 inch), origin at the top left."""

    x0: float
    y0: float
    x1: float
    y1: float


@dataclass(frozen=True, slots=True)
class WordIndex:
    """The words of a page in reading order.

    ``spans`` is int32 [n, 2], begin and end offset in the page's text; ``boxes`` is float32 [n, 4] as x0, y0, x1, y1;
    ``confidence`` is float32 [n] in [0, 1] (1 where the text is digital). All empty for formats without a layout.
    """

    spans: NDArray[np.int32]
    boxes: NDArray[np.float32]
    confidence: NDArray[np.float32]

    @classmethod
    def empty(cls) -> "WordIndex":
        return cls(np.zeros((0, 2), np.int32), np.zeros((0, 4), np.float32), np.zeros(0, np.float32))

    def boxes_of(self, begin: int, end: int) -> tuple[Box, ...]:
        """The boxes of the words that overlap the text span [begin, end), words of one line joined."""
        if not len(self.spans):
            return ()
        hit = (self.spans[:, 0] < end) & (self.spans[:, 1] > begin)
        lines: list[list[float]] = []
        for x0, y0, x1, y1 in self.boxes[hit].tolist():
            last = lines[-1] if lines else None
            if last is not None and min(y1, last[3]) - max(y0, last[1]) > 0.5 * min(y1 - y0, last[3] - last[1]):
                last[0], last[1], last[2], last[3] = (
                    min(last[0], x0),
                    min(last[1], y0),
                    max(last[2], x1),
                    max(last[3], y1),
                )
            else:
                lines.append([x0, y0, x1, y1])
        return tuple(Box(*line) for line in lines)


@dataclass(frozen=True, slots=True)
class Table:
    """A table found on a page: rows of cell texts, the first row is the header where ``has_header``."""

    rows: tuple[tuple[str, ...], ...]
    has_header: bool = True
    box: Box | None = None


@dataclass(frozen=True, slots=True)
class Page:
    """One page, slide, sheet-less section or e-mail body. ``width`` and ``height`` in points, 0 without a layout."""

    number: int
    text: str
    width: float = 0.0
    height: float = 0.0
    words: WordIndex = field(default_factory=WordIndex.empty)
    tables: tuple[Table, ...] = ()
    from_ocr: bool = False


@dataclass(frozen=True, slots=True)
class Mention:
    """A span of a page that names something: ``type`` is PERSON, ORG, LOC, MISC, DATE, MONEY, EMAIL, PHONE, ID, ...

    ``normal`` is the normalised form (ISO date, lower-case e-mail, ...), equal to ``text`` where there is none.
    """

    page: int
    begin: int
    end: int
    text: str
    type: str
    normal: str
    confidence: float
    extractor: str


@dataclass(frozen=True, slots=True)
class Document:
    """A file as read. ``properties`` holds what its format tells (title, author, subject, sent, ...)."""

    media_type: str
    pages: tuple[Page, ...]
    properties: dict[str, tuple[str, ...]] = field(default_factory=dict)
    mentions: tuple[Mention, ...] = ()
    reader: str = ""

    @property
    def text(self) -> str:
        """The text of all pages, form-feed between them."""
        return "\f".join(page.text for page in self.pages)
