"""Word documents: paragraphs and tables in order. One page, because the pages of a .docx exist only when it is printed."""

from collections.abc import Iterator
from typing import Any, ClassVar
from zipfile import BadZipFile

import docx
from docx.opc.exceptions import OpcError
from docx.table import Table as DocxTable

from bifrost.documents import Document, Page, Table
from bifrost.errors import RecordError
from bifrost.values import FileRecord
from extraction.office import broken, core_properties, guarded, table

__all__ = ["DocxReader", "implementation"]

_MEDIA_TYPE = "application/vnd.openxmlformats-officedocument.wordprocessingml.document"
_DEEPEST = 5


class DocxReader:
    media_types: ClassVar[frozenset[str]] = frozenset({_MEDIA_TYPE})

    def read(self, record: FileRecord) -> Document:
        stream = guarded(record)
        try:
            document = docx.Document(stream)
            tables: list[Table] = []
            lines = list(_lines(document, tables))
            for section in document.sections[:50]:
                for part in (section.header, section.footer):
                    lines += [line for line in _lines(part, tables) if line not in lines]
            properties = core_properties(document.core_properties)
        except RecordError:
            raise
        except (
            KeyError,
            ValueError,
            AttributeError,
            BadZipFile,
            OpcError,
            SyntaxError,
            OSError,
            RecursionError,
        ) as error:
            raise broken(record, error) from None
        return Document(
            _MEDIA_TYPE, (Page(1, "\n".join(lines), tables=tuple(tables)),), properties, reader="reader.docx"
        )


def _lines(container: Any, tables: list[Table], depth: int = 0) -> Iterator[str]:
    """Paragraphs as lines, table rows as lines with tabs between cells; tables are also collected."""
    for item in container.iter_inner_content():
        if not isinstance(item, DocxTable):
            if text := item.text.strip():
                yield text
        elif depth < _DEEPEST:
            rows = [[_cell(cell, tables, depth) for cell in _cells(row)] for row in item.rows]
            if (found := table(rows)) is not None:
                tables.append(found)
                yield from ("\t".join(row) for row in found.rows)


def _cells(row: Any) -> Iterator[Any]:
    """The cells of a row; a merged cell once."""
    last = None
    for cell in row.cells:
        if cell._tc is not last:
            yield cell
        last = cell._tc


def _cell(cell: Any, tables: list[Table], depth: int) -> str:
    return " ".join(_lines(cell, tables, depth + 1))


implementation = DocxReader
