"""Optical character recognition by tesseract: a picture becomes a page of words with boxes and confidence."""

import os

import pytesseract
from PIL import Image

from bifrost.documents import Page
from bifrost.errors import RecordError
from extraction.layout import Word, assemble
from extraction.ocr_codes import reread_codes
from extraction.ocr_glyphs import settle_glyphs
from extraction.ocr_image import prepare
from extraction.tables_grid import find_grids, order_by_cells, tables_of

__all__ = ["Ocr"]

_LAYOUT_MODE, _BLOCK_MODE, _SPARSE_MODE = "3", "6", "11"
"""Tesseract's page segmentation: full layout analysis; one block of lines; all text wherever it stands, as in tables."""
_NO_DICTIONARY = ("-c", "load_system_dawg=0", "-c", "load_freq_dawg=0")
_PAGE_SECONDS = 120.0
_LEAST_CONFIDENCE = 5.0


class Ocr:
    """``languages`` as tesseract names them, joined with "+"."""

    def __init__(self, languages: str = "eng") -> None:
        self._languages = languages
        # Tesseract inherits this: on a shared machine its OpenMP threads cost three times the CPU time.
        os.environ.setdefault("OMP_THREAD_LIMIT", "1")

    def page(
        self, image: Image.Image, number: int, *, points_per_pixel: float, record: str, seconds: float = _PAGE_SECONDS
    ) -> Page:
        """Recognises a grey picture. Boxes are in points of the picture as given. Raises RecordError."""
        prepared = prepare(image)
        grids = find_grids(prepared.horizontal, prepared.vertical, tolerance=max(4.0, prepared.image.width / 200))
        mode = _SPARSE_MODE if grids else _LAYOUT_MODE
        limit = min(seconds, _PAGE_SECONDS)
        words = _words(_tesseract(prepared.image, mode, self._languages, record, limit))
        reread_codes(
            words,
            prepared.image,
            lambda sheet: _words(_tesseract(sheet, _BLOCK_MODE, self._languages, record, limit, *_NO_DICTIONARY)),
        )
        for word in words:
            word.text = settle_glyphs(word.text, prepared.pixels, (word.x0, word.y0, word.x1, word.y1))
        if grids:
            words = order_by_cells(_by_lines(words), grids)
        tables = tables_of(words, grids)
        for word in words:
            box = prepared.to_original(word.x0, word.y0, word.x1, word.y1)
            word.x0, word.y0, word.x1, word.y1 = (side * points_per_pixel for side in box)
        text, index = assemble(words)
        width, height = image.width * points_per_pixel, image.height * points_per_pixel
        return Page(number, text, width, height, index, tables, from_ocr=True)


def _tesseract(image: Image.Image, mode: str, languages: str, record: str, seconds: float, *more: str) -> str:
    """Tesseract's TSV."""
    image.format = "PPM"  # what pytesseract hands over; its default, PNG, takes longer to pack than to read
    options = " ".join(("--psm", mode, "--dpi", "300", *more))
    try:
        return str(pytesseract.image_to_data(image, lang=languages, config=options, timeout=seconds))
    except pytesseract.TesseractNotFoundError:
        raise RecordError(
            f"{record} is an image, but tesseract is not installed.",
            record=record,
            remedy="Install it (Debian and Ubuntu: apt-get install tesseract-ocr), then build again.",
        ) from None
    except pytesseract.TesseractError as error:
        lines = str(error.message).strip().splitlines()
        raise RecordError(
            f"tesseract failed on {record}: {lines[-1] if lines else 'no message'}", record=record
        ) from None
    except RuntimeError:  # pytesseract's way to say that the time is over
        raise RecordError(f"Recognising {record} took more than {seconds:.0f} s.", record=record) from None


def _words(table: str) -> list[Word]:
    """Columns of the TSV: level page block paragraph line word left top width height confidence text."""
    words: list[Word] = []
    last: tuple[str, ...] = ()
    for row in table.splitlines()[1:]:
        cells = row.split("\t")
        if len(cells) < 12 or cells[0] != "5" or not (text := cells[11].strip()):
            continue
        confidence = float(cells[10])
        if confidence < _LEAST_CONFIDENCE:
            continue
        left, top, width, height = (float(cell) for cell in cells[6:10])
        box = (left, top, left + width, top + height)
        place = tuple(cells[2:5])
        before = " " if place == last else "\n" if place[:2] == last[:2] else "\n\n"
        last = place
        words.append(Word(text, *box, before, confidence / 100))
    return words


def _by_lines(words: list[Word]) -> list[Word]:
    """Sparse text comes in no order: sorts it into lines from top to bottom."""
    lines: list[list[Word]] = []
    for word in sorted(words, key=lambda each: (each.y0 + each.y1) / 2):
        middle = (word.y0 + word.y1) / 2
        if lines and lines[-1][0].y0 < middle < lines[-1][0].y1:
            lines[-1].append(word)
        else:
            lines.append([word])
    ordered = []
    for line in lines:
        line.sort(key=lambda each: each.x0)
        for word in line:
            word.before = " "
        line[0].before = "\n"
        ordered += line
    return ordered
