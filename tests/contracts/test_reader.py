"""What every reader must do. A new reader adds a case to CASES; the last test fails for one without a case."""

import io
import random
from collections.abc import Callable
from email.message import EmailMessage
from typing import Any

import docx
import pptx
import pytest
from PIL import Image, ImageDraw, ImageFont
from reportlab.pdfgen.canvas import Canvas

from bifrost.documents import Document
from bifrost.errors import RecordError
from bifrost.ports import Reader
from bifrost.registry import Registry
from bifrost.values import FileRecord
from extraction.reading import read_file, sniff_media_type

REGISTRY: Registry[Any] = Registry("extraction", prefix="reader_")
SENTENCE = "Ann Lee sold 12 pumps to Bolt"


def _pdf() -> bytes:
    out = io.BytesIO()
    canvas = Canvas(out)
    canvas.drawString(72, 700, SENTENCE)
    canvas.save()
    return out.getvalue()


def _picture() -> Image.Image:
    image = Image.new("L", (1000, 300), "white")
    ImageDraw.Draw(image).text((50, 100), SENTENCE, "black", ImageFont.load_default(48))
    return image


def _image(kind: str) -> Callable[[], bytes]:
    def make() -> bytes:
        out = io.BytesIO()
        _picture().save(out, kind)
        return out.getvalue()

    return make


def _docx() -> bytes:
    document = docx.Document()
    document.add_paragraph(SENTENCE)
    out = io.BytesIO()
    document.save(out)
    return out.getvalue()


def _pptx() -> bytes:
    deck = pptx.Presentation()
    slide = deck.slides.add_slide(deck.slide_layouts[5])
    slide.shapes.title.text = SENTENCE
    out = io.BytesIO()
    deck.save(out)
    return out.getvalue()


def _eml() -> bytes:
    message = EmailMessage()
    message["From"], message["To"], message["Subject"] = "ann@a.example", "bo@b.example", "Pumps"
    message.set_content(SENTENCE)
    return bytes(message)


CASES: dict[str, tuple[str, str, Callable[[], bytes]]] = {
    "text": ("text", "text/plain", SENTENCE.encode),
    "text-markdown": ("text", "text/markdown", f"# Title\n{SENTENCE}".encode),
    "html": ("html", "text/html", f"<html><p>{SENTENCE}</p></html>".encode),
    "pdf": ("pdf", "application/pdf", _pdf),
    "image-png": ("image", "image/png", _image("PNG")),
    "image-jpeg": ("image", "image/jpeg", _image("JPEG")),
    "image-tiff": ("image", "image/tiff", _image("TIFF")),
    "docx": ("docx", "application/vnd.openxmlformats-officedocument.wordprocessingml.document", _docx),
    "pptx": ("pptx", "application/vnd.openxmlformats-officedocument.presentationml.presentation", _pptx),
    "eml": ("eml", "message/rfc822", _eml),
}


def _reader(name: str) -> Reader:
    reader: Reader = REGISTRY.load(name)()
    return reader


@pytest.fixture(params=sorted(CASES), scope="module")
def case(request: pytest.FixtureRequest) -> tuple[Reader, FileRecord, Document]:
    name, media_type, make = CASES[request.param]
    record = FileRecord(f"folder/file.{name}", media_type, make())
    reader = _reader(name)
    return reader, record, reader.read(record)


Case = tuple[Reader, FileRecord, Document]


def test_finds_the_text(case: Case) -> None:
    _, _, document = case
    assert SENTENCE in " ".join(document.text.split())


def test_says_what_it_read_and_with_what(case: Case) -> None:
    reader, record, document = case
    assert document.media_type == record.media_type
    assert document.media_type in reader.media_types
    assert document.reader.startswith("reader.")
    assert document.mentions == ()


def test_pages_are_numbered_from_one(case: Case) -> None:
    _, _, document = case
    assert [page.number for page in document.pages] == list(range(1, len(document.pages) + 1))
    assert document.pages


def test_words_lie_where_their_text_says(case: Case) -> None:
    _, _, document = case
    for page in document.pages:
        spans, boxes = page.words.spans, page.words.boxes
        assert len(spans) == len(boxes) == len(page.words.confidence)
        for begin, end in spans.tolist():
            assert 0 <= begin < end <= len(page.text)
            assert not page.text[begin:end].isspace()
        if len(spans):
            assert page.width > 0
            assert (boxes[:, 0] < boxes[:, 2]).all()
            assert (boxes[:, 1] < boxes[:, 3]).all()
            assert boxes.min() >= -1
            assert boxes[:, 2].max() <= page.width + 1
            assert boxes[:, 3].max() <= page.height + 1
            assert (page.words.confidence >= 0).all()
            assert (page.words.confidence <= 1).all()
            begin = page.text.index("Bolt")
            (box,) = page.words.boxes_of(begin, begin + 4)
            assert box.x1 - box.x0 < page.width / 4


def test_properties_are_texts(case: Case) -> None:
    _, _, document = case
    for name, values in document.properties.items():
        assert name == name.lower()
        assert values
        assert all(isinstance(value, str) and value for value in values)


def test_reading_twice_gives_the_same_text(case: Case) -> None:
    reader, record, document = case
    assert reader.read(record).text == document.text


def test_the_content_says_what_it_is_where_the_suffix_lies(case: Case) -> None:
    _, record, _ = case
    if not record.media_type.startswith("text/") and record.media_type != "message/rfc822":
        assert sniff_media_type(record.content, "text/plain") == record.media_type


@pytest.mark.parametrize("name", sorted(CASES))
def test_broken_files_are_record_errors_or_documents_never_anything_else(name: str) -> None:
    """Empty, cut and bit-flipped files. What is left of an image or text may still be read."""
    kind, media_type, make = CASES[name]
    readers = dict.fromkeys(REGISTRY.load(kind).media_types, _reader(kind))
    content = make()
    dice = random.Random(7)
    variants = [b"", content[: len(content) // 2], content[:20], b"\x00" * 100, b"\xff" * 100]
    for _ in range(2 if kind == "image" else 15):
        flipped = bytearray(content)
        for _ in range(10):
            flipped[dice.randrange(len(flipped))] = dice.randrange(256)
        variants.append(bytes(flipped))
    for variant in variants:
        try:
            document = read_file(FileRecord("bad.file", media_type, variant), readers, [])
        except RecordError as error:
            assert "bad.file" in error.message
            assert error.record == "bad.file"
            assert error.remedy
        else:
            assert isinstance(document, Document)


def test_every_reader_has_a_case_for_every_media_type() -> None:
    covered = {(name, media_type) for name, media_type, _ in CASES.values()}
    expected = {(name, media_type) for name in REGISTRY.names() for media_type in REGISTRY.load(name).media_types}
    assert covered == expected
