"""PowerPoint: a page for each slide with its text, tables, chart captions and the speaker's notes."""

from collections.abc import Iterator
from typing import Any, ClassVar
from zipfile import BadZipFile

from pptx import Presentation
from pptx.exc import PythonPptxError

from bifrost.documents import Document, Page, Table
from bifrost.values import FileRecord
from extraction.office import broken, core_properties, guarded, table

__all__ = ["PptxReader", "implementation"]

_MEDIA_TYPE = "application/vnd.openxmlformats-officedocument.presentationml.presentation"
_POINT = 12_700
"""English Metric Units in a point."""
_DEEPEST = 10


class PptxReader:
    media_types: ClassVar[frozenset[str]] = frozenset({_MEDIA_TYPE})

    def read(self, record: FileRecord) -> Document:
        stream = guarded(record)
        try:
            deck = Presentation(stream)
            size = ((deck.slide_width or 0) / _POINT, (deck.slide_height or 0) / _POINT)
            pages = tuple(_page(slide, number, size) for number, slide in enumerate(deck.slides, 1))
            properties = core_properties(deck.core_properties)
        except (
            PythonPptxError, KeyError, ValueError, AttributeError, TypeError, BadZipFile, SyntaxError, OSError, RecursionError,
        ) as error:  # fmt: skip
            raise broken(record, error) from None
        return Document(_MEDIA_TYPE, pages, properties, reader="reader.pptx")


def _page(slide: Any, number: int, size: tuple[float, float]) -> Page:
    tables: list[Table] = []
    lines = list(_lines(slide.shapes, tables))
    if slide.has_notes_slide and (notes := slide.notes_slide.notes_text_frame) is not None:
        lines += [line for paragraph in notes.text.splitlines() if (line := paragraph.strip())]
    return Page(number, "\n".join(lines), *size, tables=tuple(tables))


def _lines(shapes: Any, tables: list[Table], depth: int = 0) -> Iterator[str]:
    """The text of shapes from top to bottom; groups are opened."""
    for shape in sorted(shapes, key=lambda each: (each.top or 0, each.left or 0)):
        if hasattr(shape, "shapes") and depth < _DEEPEST:
            yield from _lines(shape.shapes, tables, depth + 1)
        elif getattr(shape, "has_table", False):
            if (found := table([[cell.text for cell in row.cells] for row in shape.table.rows])) is not None:
                tables.append(found)
                yield from ("\t".join(row) for row in found.rows)
        elif getattr(shape, "has_chart", False):
            if shape.chart.has_title and (title := shape.chart.chart_title.text_frame.text.strip()):
                yield title
        elif shape.has_text_frame:
            for paragraph in shape.text_frame.paragraphs:
                if text := "".join(run.text for run in paragraph.runs).strip():
                    yield text.replace("\x0b", " ")


implementation = PptxReader
