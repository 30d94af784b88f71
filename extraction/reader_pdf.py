"""PDF: text with word boxes, ruled tables; pages without text are rendered and recognised."""

import ctypes
import re
import time
from typing import Any, ClassVar

import pypdfium2 as pdfium
import pypdfium2.raw as raw

from bifrost.documents import Document, Page
from bifrost.errors import RecordError
from bifrost.values import FileRecord
from extraction.layout import Word, assemble
from extraction.ocr import Ocr
from extraction.tables_grid import Line, find_grids, order_by_cells, tables_of

__all__ = ["PdfReader", "implementation"]

_TOKEN = re.compile(r"(\s*)(\S+)")
_CONTROL = re.compile(r"[\x00-\x08\x0b\x0e-\x1f\x7f\ufffe\uffff]")
_PLACEHOLDER = re.compile(r"\(?(anonymous|unspecified|untitled|unknown)\)?", re.IGNORECASE)
_PROPERTIES = {"Title": "title", "Author": "author", "Subject": "subject", "Keywords": "keywords"}
_MOST_PAGES = 5000
_MOST_OBJECTS = 20_000
_OCR_DPI = 300
_MOST_PIXELS = 16_000_000
_LINE_WIDTH = 2.5
_MEET = 2.0


class PdfReader:
    """``seconds`` bounds a file; pages after it are left out and ``truncated`` is noted in the properties."""

    media_types: ClassVar[frozenset[str]] = frozenset({"application/pdf"})

    def __init__(self, ocr: Ocr | None = None, seconds: float = 240.0) -> None:
        self._ocr = ocr or Ocr()
        self._seconds = seconds

    def read(self, record: FileRecord) -> Document:
        deadline = time.monotonic() + self._seconds
        document = _open(record)
        try:
            pages: list[Page] = []
            count = len(document)
            for index in range(min(count, _MOST_PAGES)):
                if time.monotonic() > deadline:
                    break
                pages.append(self._page(document, index, record, deadline))
            properties = _properties(document)
            if len(pages) < count:
                properties["truncated"] = (f"{len(pages)} of {count} pages read",)
            return Document("application/pdf", tuple(pages), properties, reader="reader.pdf")
        except pdfium.PdfiumError as error:
            raise _broken(record, str(error)) from None
        finally:
            document.close()

    def _page(self, document: pdfium.PdfDocument, index: int, record: FileRecord, deadline: float) -> Page:
        page = document[index]
        try:
            width, height = page.get_size()
            textpage = page.get_textpage()
            try:
                words = _words(page, textpage)
            finally:
                textpage.close()
            if not words and _has_picture(page):
                return self._recognised(page, index, width, height, record, deadline)
            grids = find_grids(*_ruled_lines(page), tolerance=_MEET) if words else []
            if grids:
                words = order_by_cells(words, grids)
            text, index_of_words = assemble(words)
            return Page(index + 1, text, width, height, index_of_words, tables_of(words, grids))
        finally:
            page.close()

    def _recognised(
        self, page: Any, index: int, width: float, height: float, record: FileRecord, deadline: float
    ) -> Page:
        scale = min(_OCR_DPI / 72, (_MOST_PIXELS / max(width * height, 1.0)) ** 0.5)
        image = page.render(scale=scale, grayscale=True, may_draw_forms=False).to_pil()
        return self._ocr.page(
            image,
            index + 1,
            points_per_pixel=1 / scale,
            record=record.key,
            seconds=max(deadline - time.monotonic(), 1.0),
        )


def _open(record: FileRecord) -> pdfium.PdfDocument:
    if not record.content:
        raise RecordError(f"{record.key} is empty.", record=record.key, remedy="Save the file again; it has 0 bytes.")
    try:
        return pdfium.PdfDocument(record.content)
    except pdfium.PdfiumError as error:
        if "password" in str(error).lower():
            raise RecordError(
                f"{record.key} is encrypted.", record=record.key, remedy="Save a copy without a password."
            ) from None
        raise _broken(record, str(error)) from None


def _broken(record: FileRecord, why: str) -> RecordError:
    return RecordError(
        f"{record.key} is not a readable PDF: {why}",
        record=record.key,
        remedy="Open it in a PDF program and save it again.",
    )


def _properties(document: pdfium.PdfDocument) -> dict[str, tuple[str, ...]]:
    found = document.get_metadata_dict(skip_empty=True)
    return {
        name: (value,)
        for key, name in _PROPERTIES.items()
        if (value := found.get(key, "").strip()) and not _PLACEHOLDER.fullmatch(value)
    }


def _words(page: Any, textpage: Any) -> list[Word]:
    """The words of a page in the order of its content, boxes in points from the top left."""
    text = textpage.get_text_range()
    at: list[int] | None = None
    if len(text) != textpage.count_chars():
        text, at = _by_characters(textpage)
    text = _CONTROL.sub(lambda match: "-" if match[0] in "\x02\ufffe" else " ", text)
    across = _transform(page)
    left, top, right, bottom = (ctypes.c_double() for _ in range(4))
    words = []
    handle = textpage.raw
    for match in _TOKEN.finditer(text):
        begin, end = match.span(2)
        if at is not None:
            begin, end = at[begin], at[end - 1] + 1
        rectangles = raw.FPDFText_CountRects(handle, begin, end - begin)
        corners = []
        for number in range(rectangles):
            raw.FPDFText_GetRect(handle, number, left, top, right, bottom)
            corners += [across(left.value, top.value), across(right.value, bottom.value)]
        if not corners:
            continue
        xs, ys = [x for x, _ in corners], [y for _, y in corners]
        before = "\n" if "\n" in match[1] or "\r" in match[1] else " " if match[1] else ""
        words.append(Word(match[2], min(xs), min(ys), max(xs), max(ys), before))
    return words


def _by_characters(textpage: Any) -> tuple[str, list[int]]:
    """The text code point by code point, and the index of each character: for pages with characters beyond U+FFFF."""
    characters, at = [], []
    for index in range(textpage.count_chars()):
        code = raw.FPDFText_GetUnicode(textpage.raw, index)
        if code and not 0xD800 <= code <= 0xDFFF and code <= 0x10FFFF:
            characters.append(chr(code))
            at.append(index)
    return "".join(characters), at


def _transform(page: Any) -> Any:
    """From page space (origin bottom left, unrotated) to points from the top left of the page as shown."""
    scale = 64
    width, height = (round(side * scale) for side in page.get_size())
    x, y = ctypes.c_int(), ctypes.c_int()

    def device(point: tuple[float, float]) -> tuple[float, float]:
        raw.FPDF_PageToDevice(page.raw, 0, 0, width, height, 0, *point, x, y)
        return x.value / scale, y.value / scale

    origin, right, up = device((0, 0)), device((100, 0)), device((0, 100))
    xx, xy = (right[0] - origin[0]) / 100, (right[1] - origin[1]) / 100
    yx, yy = (up[0] - origin[0]) / 100, (up[1] - origin[1]) / 100
    return lambda a, b: (origin[0] + a * xx + b * yx, origin[1] + a * xy + b * yy)


def _has_picture(page: Any) -> bool:
    """Whether a page without text shows anything worth recognising: an image, or outlines (text drawn as curves)."""
    count = raw.FPDFPage_CountObjects(page.raw)
    kinds = [raw.FPDFPageObj_GetType(raw.FPDFPage_GetObject(page.raw, at)) for at in range(min(count, _MOST_OBJECTS))]
    return raw.FPDF_PAGEOBJ_IMAGE in kinds or raw.FPDF_PAGEOBJ_FORM in kinds or kinds.count(raw.FPDF_PAGEOBJ_PATH) > 100


def _ruled_lines(page: Any) -> tuple[list[Line], list[Line]]:
    """Horizontal and vertical lines: thin paths, and the sides of rectangles."""
    across = _transform(page)
    horizontal: list[Line] = []
    vertical: list[Line] = []
    left, bottom, right, top = (ctypes.c_float() for _ in range(4))
    for at in range(min(raw.FPDFPage_CountObjects(page.raw), _MOST_OBJECTS)):
        item = raw.FPDFPage_GetObject(page.raw, at)
        if raw.FPDFPageObj_GetType(item) != raw.FPDF_PAGEOBJ_PATH:
            continue
        segments = raw.FPDFPath_CountSegments(item)
        if segments <= 5:
            raw.FPDFPageObj_GetBounds(item, left, bottom, right, top)
            first, second = across(left.value, bottom.value), across(right.value, top.value)
            x0, x1 = sorted((first[0], second[0]))
            y0, y1 = sorted((first[1], second[1]))
            _add_rectangle(x0, y0, x1, y1, horizontal, vertical)
        else:
            for begin, end in _segments(item, segments):
                (x0, y0), (x1, y1) = across(*begin), across(*end)
                box = (min(x0, x1), min(y0, y1), max(x0, x1), max(y0, y1))
                if box[2] - box[0] < _LINE_WIDTH or box[3] - box[1] < _LINE_WIDTH:
                    _add_rectangle(*box, horizontal, vertical)
    return horizontal, vertical


def _add_rectangle(x0: float, y0: float, x1: float, y1: float, horizontal: list[Line], vertical: list[Line]) -> None:
    wide, high = x1 - x0 >= 3 * _LINE_WIDTH, y1 - y0 >= 3 * _LINE_WIDTH
    if wide and y1 - y0 <= _LINE_WIDTH:
        horizontal.append((x0, y0, x1, y1))
    elif high and x1 - x0 <= _LINE_WIDTH:
        vertical.append((x0, y0, x1, y1))
    elif wide and high:
        horizontal += [(x0, y0, x1, y0), (x0, y1, x1, y1)]
        vertical += [(x0, y0, x0, y1), (x1, y0, x1, y1)]


def _segments(item: Any, count: int) -> list[tuple[tuple[float, float], tuple[float, float]]]:
    """The straight segments of a path, in page space."""
    matrix = raw.FS_MATRIX()
    raw.FPDFPageObj_GetMatrix(item, matrix)
    x, y = ctypes.c_float(), ctypes.c_float()
    found = []
    last: tuple[float, float] | None = None
    for number in range(min(count, _MOST_OBJECTS)):
        segment = raw.FPDFPath_GetPathSegment(item, number)
        raw.FPDFPathSegment_GetPoint(segment, x, y)
        point = (
            matrix.a * x.value + matrix.c * y.value + matrix.e,
            matrix.b * x.value + matrix.d * y.value + matrix.f,
        )
        if last is not None and raw.FPDFPathSegment_GetType(segment) == raw.FPDF_SEGMENT_LINETO:
            found.append((last, point))
        last = point
    return found


implementation = PdfReader
