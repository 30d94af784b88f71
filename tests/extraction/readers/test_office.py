"""Word and PowerPoint."""

import io
import zipfile
from typing import Any

import docx
import pptx
import pytest
from pptx.util import Inches

from bifrost.documents import Document
from bifrost.errors import RecordError
from bifrost.ports import Reader
from bifrost.values import FileRecord
from extraction.reader_docx import DocxReader
from extraction.reader_pptx import PptxReader


def saved(made: Any) -> bytes:
    out = io.BytesIO()
    made.save(out)
    return out.getvalue()


def read(reader: Reader, content: bytes) -> Document:
    return reader.read(FileRecord("a.office", min(reader.media_types), content))


def test_word_paragraphs_tables_and_properties_in_order() -> None:
    made = docx.Document()
    made.core_properties.title, made.core_properties.author = "Contract 17", "Ann Lee"
    made.add_heading("Contract", 0)
    made.add_paragraph("Between Ann and Bo.")
    table = made.add_table(2, 3)
    for position, text in enumerate(("Part", "Name", "Price", "X-1", "Pump", "12")):
        table.cell(position // 3, position % 3).text = text
    made.add_paragraph("Signed.")
    made.sections[0].header.paragraphs[0].text = "Confidential"
    document = read(DocxReader(), saved(made))
    assert document.text.split("\n") == [
        "Contract", "Between Ann and Bo.", "Part\tName\tPrice", "X-1\tPump\t12", "Signed.", "Confidential"
    ]  # fmt: skip
    assert document.pages[0].tables[0].rows == (("Part", "Name", "Price"), ("X-1", "Pump", "12"))
    assert document.properties["title"] == ("Contract 17",)
    assert document.properties["author"] == ("Ann Lee",)


def test_merged_cells_are_read_once() -> None:
    made = docx.Document()
    table = made.add_table(1, 3)
    table.cell(0, 0).merge(table.cell(0, 1)).text = "wide"
    table.cell(0, 2).text = "last"
    assert read(DocxReader(), saved(made)).text == "wide\tlast"


def test_each_slide_is_a_page_with_its_notes() -> None:
    deck = pptx.Presentation()
    first = deck.slides.add_slide(deck.slide_layouts[1])
    first.shapes.title.text = "Third quarter"
    first.placeholders[1].text = "Sales up\nCosts down"
    first.notes_slide.notes_text_frame.text = "Mention Ann"
    second = deck.slides.add_slide(deck.slide_layouts[5])
    second.shapes.title.text = "Numbers"
    table = second.shapes.add_table(2, 2, Inches(1), Inches(2), Inches(4), Inches(1)).table
    for position, text in enumerate(("Part", "Sold", "Pump", "12")):
        table.cell(position // 2, position % 2).text = text
    group = second.shapes.add_group_shape()
    group.shapes.add_textbox(Inches(1), Inches(5), Inches(2), Inches(1)).text_frame.text = "in a group"
    document = read(PptxReader(), saved(deck))
    assert [page.text for page in document.pages] == [
        "Third quarter\nSales up\nCosts down\nMention Ann",
        "Numbers\nPart\tSold\nPump\t12\nin a group",
    ]
    assert document.pages[1].tables[0].rows == (("Part", "Sold"), ("Pump", "12"))
    assert (document.pages[0].width, document.pages[0].height) == (720, 540)


@pytest.mark.parametrize("reader", [DocxReader(), PptxReader()])
class TestBrokenFiles:
    @pytest.mark.parametrize(
        "content", [b"", b"plain", b"PK\x03\x04", b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + b"\0" * 600]
    )
    def test_no_office_file(self, reader: Reader, content: bytes) -> None:
        with pytest.raises(RecordError) as caught:
            read(reader, content)
        assert caught.value.remedy

    def test_an_archive_of_something_else(self, reader: Reader) -> None:
        out = io.BytesIO()
        with zipfile.ZipFile(out, "w") as archive:
            archive.writestr("readme.txt", "hello")
        with pytest.raises(RecordError):
            read(reader, out.getvalue())

    def test_a_zip_bomb_is_not_unpacked(self, reader: Reader) -> None:
        out = io.BytesIO()
        with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
            archive.writestr("word/document.xml", b"\0" * (140 << 20))
        with pytest.raises(RecordError, match="unpacks to 140 MB"):
            read(reader, out.getvalue())

    def test_an_entity_bomb_is_refused_or_harmless(self, reader: Reader) -> None:
        entities = "".join(f'<!ENTITY e{n} "{f"&e{n - 1};" * 10}">' for n in range(1, 12))
        bomb = f'<?xml version="1.0"?><!DOCTYPE x [<!ENTITY e0 "aaaaaaaaaa">{entities}]><x>&e11;</x>'
        made = saved(docx.Document() if isinstance(reader, DocxReader) else pptx.Presentation())
        out = io.BytesIO()
        with zipfile.ZipFile(io.BytesIO(made)) as old, zipfile.ZipFile(out, "w") as new:
            for entry in old.infolist():
                main = entry.filename in ("word/document.xml", "ppt/presentation.xml")
                new.writestr(entry.filename, bomb if main else old.read(entry.filename))
        with pytest.raises(RecordError):
            read(reader, out.getvalue())
