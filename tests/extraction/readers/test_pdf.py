"""PDF files: layout, tables, scans, and files that mean harm."""

import io
from typing import Any

import numpy as np
import pypdfium2 as pdfium
import pytest
from PIL import Image, ImageDraw, ImageFont
from reportlab.lib import colors, pdfencrypt
from reportlab.lib.pagesizes import A4
from reportlab.lib.styles import getSampleStyleSheet
from reportlab.pdfgen.canvas import Canvas
from reportlab.platypus import Paragraph, SimpleDocTemplate, Table, TableStyle

from bifrost.documents import Document, Page
from bifrost.errors import RecordError
from bifrost.values import FileRecord
from extraction.ocr import Ocr
from extraction.reader_pdf import PdfReader


def read(content: bytes, **options: Any) -> Document:
    return PdfReader(**options).read(FileRecord("a.pdf", "application/pdf", content))


def drawn(*texts: tuple[float, float, str], pages: int = 1, **options: Any) -> bytes:
    out = io.BytesIO()
    canvas = Canvas(out, pagesize=A4, **options)
    for _ in range(pages):
        for x, y, text in texts:
            canvas.drawString(x, y, text)
        canvas.showPage()
    canvas.save()
    return out.getvalue()


def test_words_have_boxes_from_the_top_left() -> None:
    page = read(drawn((72, A4[1] - 100, "Hello brave world"))).pages[0]
    assert page.text == "Hello brave world"
    assert (page.width, page.height) == pytest.approx(A4, abs=0.1)
    (box,) = page.words.boxes_of(6, 11)
    assert 95 < box.x0 < 110
    assert 88 < box.y0 < box.y1 < 104


def test_a_rotated_page_is_read_as_it_is_shown() -> None:
    document = pdfium.PdfDocument(drawn((72, A4[1] - 100, "Hello")))
    document[0].set_rotation(90)
    out = io.BytesIO()
    document.save(out)
    page = read(out.getvalue()).pages[0]
    assert (page.width, page.height) == pytest.approx((A4[1], A4[0]), abs=0.1)
    (box,) = page.words.boxes_of(0, 5)
    assert A4[1] - 104 < box.x0 < box.x1 < A4[1] - 50 or A4[1] - 110 < box.x0 < A4[1]
    assert 60 < box.y0 < 110


def test_metadata_without_placeholders() -> None:
    out = io.BytesIO()
    canvas = Canvas(out)
    canvas.setTitle("Contract 17")
    canvas.drawString(72, 700, "x")
    canvas.save()
    assert read(out.getvalue()).properties == {"title": ("Contract 17",)}


def test_a_ruled_table_is_read_cell_by_cell_and_broken_words_are_whole() -> None:
    out = io.BytesIO()
    style = TableStyle([("GRID", (0, 0), (-1, -1), 0.5, colors.black)])
    body = getSampleStyleSheet()["BodyText"]
    body.splitLongWords = 1
    rows = [
        ["Part", "Name"],
        [Paragraph("ABC123DEF456GHI", body), Paragraph("A long name that is wrapped between words", body)],
        ["X-1", "Short"],
    ]
    SimpleDocTemplate(out).build([Table(rows, colWidths=[70, 90], style=style)])
    page = read(out.getvalue()).pages[0]
    (table,) = page.tables
    assert table.has_header
    assert table.rows == (
        ("Part", "Name"),
        ("ABC123DEF456GHI", "A long name that is wrapped between words"),
        ("X-1", "Short"),
    )
    assert "ABC123DEF456GHI" in page.text
    assert "wrapped between" in page.text.replace("\n", " ")
    begin = page.text.index("ABC123DEF456GHI")
    assert len(page.words.boxes_of(begin, begin + 15)) == 2


def test_a_page_without_text_is_recognised() -> None:
    picture = Image.new("L", (1240, 400), "white")
    ImageDraw.Draw(picture).text((100, 100), "Scanned invoice 4711", "black", ImageFont.load_default(60))
    out = io.BytesIO()
    picture.save(out, "PDF", resolution=150)
    page = read(out.getvalue()).pages[0]
    assert page.from_ocr
    assert "Scanned invoice 4711" in page.text
    (box,) = page.words.boxes_of(0, len(page.text))
    assert 40 < box.x0 < 60
    assert 40 < box.y0 < 80


def test_an_empty_page_is_an_empty_page() -> None:
    page = read(drawn()).pages[0]
    assert (page.text, page.from_ocr, len(page.words.spans)) == ("", False, 0)


def test_characters_beyond_the_basic_plane_do_not_shift_the_words() -> None:
    page = read(drawn((72, 700, "one"), (72, 680, "two"))).pages[0]
    for begin, end in page.words.spans.tolist():
        assert page.text[begin:end] in ("one", "two")


def test_an_encrypted_file_says_so() -> None:
    content = drawn((72, 700, "secret"), encrypt=pdfencrypt.StandardEncryption("password"))
    with pytest.raises(RecordError, match="encrypted") as caught:
        read(content)
    assert "password" in caught.value.remedy


@pytest.mark.parametrize("content", [b"", b"%PDF-1.7\n", b"garbage", drawn((72, 700, "x"))[:300]])
def test_a_broken_file_is_a_record_error(content: bytes) -> None:
    with pytest.raises(RecordError) as caught:
        read(content)
    assert caught.value.record == "a.pdf"


def test_a_file_that_takes_too_long_is_cut() -> None:
    document = read(drawn((72, 700, "x"), pages=3), seconds=-1.0)
    assert document.pages == ()
    assert document.properties["truncated"] == ("0 of 3 pages read",)


def test_a_page_of_enormous_size_is_rendered_small_enough() -> None:
    sizes = []

    class Recording(Ocr):
        def page(self, image: Image.Image, number: int, **_: Any) -> Page:
            sizes.append(image.width * image.height)
            return Page(number, "")

    picture = Image.fromarray(np.full((60, 60), 200, np.uint8))
    out = io.BytesIO()
    picture.save(out, "PDF", resolution=0.3)  # 60 pixels on 5 metres
    read(out.getvalue(), ocr=Recording())
    assert len(sizes) == 1
    assert sizes[0] < 17_000_000
