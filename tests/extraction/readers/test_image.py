"""Images: orientation, frames, transparency, tables, and files that mean harm."""

import io
import struct
import zlib
from typing import Any

import numpy as np
import pytest
from PIL import Image, ImageDraw, ImageFont

from bifrost.documents import Document
from bifrost.errors import RecordError
from bifrost.values import FileRecord
from extraction.ocr_glyphs import settle_glyphs
from extraction.ocr_image import load_images, prepare
from extraction.reader_image import ImageReader


def page(text: str = "Invoice 4711 for Ann", size: tuple[int, int] = (1240, 500), mode: str = "L") -> Image.Image:
    image = Image.new(mode, size, "white")
    ImageDraw.Draw(image).text((100, 150), text, "black", ImageFont.load_default(56))
    return image


def encoded(image: Image.Image, kind: str = "PNG", **options: Any) -> bytes:
    out = io.BytesIO()
    image.save(out, kind, **options)
    return out.getvalue()


def read(content: bytes) -> Document:
    return ImageReader().read(FileRecord("scan.png", "image/png", content))


def test_boxes_are_in_points_of_the_stated_resolution() -> None:
    (recognised,) = read(encoded(page(), dpi=(150, 150))).pages
    assert recognised.from_ocr
    assert recognised.text == "Invoice 4711 for Ann"
    assert recognised.width == pytest.approx(1240 * 72 / 150, rel=0.001)
    (box,) = recognised.words.boxes_of(0, 7)
    assert 45 < box.x0 < 55
    assert 70 < box.y0 < 95
    assert recognised.words.confidence.min() > 0.8


def test_the_exif_tag_turns_a_photo_upright() -> None:
    exif = Image.Exif()
    exif[0x0112] = 6
    assert read(encoded(page().rotate(90, expand=True), "JPEG", exif=exif)).text == "Invoice 4711 for Ann"


def test_each_frame_of_a_tiff_is_a_page() -> None:
    content = encoded(page("first page"), "TIFF", save_all=True, append_images=[page("second page")])
    assert [each.text for each in read(content).pages] == ["first page", "second page"]


@pytest.mark.parametrize("mode", ["1", "P", "RGBA", "CMYK", "I;16"])
def test_every_kind_of_pixels(mode: str) -> None:
    if mode == "I;16":
        image = Image.fromarray(np.asarray(page(), np.uint16) * 257)
    elif mode == "RGBA":
        image = Image.new("RGBA", (1240, 500), (0, 0, 0, 0))
        ImageDraw.Draw(image).text((100, 150), "Invoice 4711 for Ann", "black", ImageFont.load_default(56))
    else:
        image = page(mode="RGB").convert(mode)
    kind = "TIFF" if mode in ("CMYK", "I;16") else "PNG"
    assert read(encoded(image, kind)).text == "Invoice 4711 for Ann"


def test_a_skewed_page_is_turned_and_its_boxes_turned_back() -> None:
    lines = Image.new("L", (1240, 1000), "white")
    for number in range(12):
        ImageDraw.Draw(lines).text((100, 60 + 70 * number), f"Line number {number} of the letter", "black",
                                   ImageFont.load_default(40))  # fmt: skip
    skewed = lines.rotate(2.0, Image.Resampling.BICUBIC, fillcolor="white")
    assert prepare(skewed).angle == pytest.approx(-2.0, abs=0.25)
    (recognised,) = read(encoded(skewed, dpi=(72, 72))).pages
    begin = recognised.text.index("Line number 11")
    (box,) = recognised.words.boxes_of(begin, begin + 4)
    ink = np.asarray(skewed)[round(box.y0) : round(box.y1), round(box.x0) : round(box.x1)]
    assert (ink < 128).mean() > 0.1


def test_a_ruled_table_is_read_by_cells() -> None:
    image = Image.new("L", (1240, 700), "white")
    draw, font = ImageDraw.Draw(image), ImageFont.load_default(36)
    for x in (60, 460, 1180):
        draw.line((x, 60, x, 560), "black", 3)
    for y in (60, 160, 360, 560):
        draw.line((60, y, 1180, y), "black", 3)
    for x, y, text in ((80, 90, "Part"), (480, 90, "Name"), (80, 240, "AX-77"), (480, 200, "Long name that"),
                       (480, 270, "is wrapped"), (80, 440, "BY-88"), (480, 440, "Short one")):  # fmt: skip
        draw.text((x, y), text, "black", font)
    (recognised,) = read(encoded(image)).pages
    (table,) = recognised.tables
    assert table.rows == (("Part", "Name"), ("AX-77", "Long name that is wrapped"), ("BY-88", "Short one"))
    assert recognised.text.split("\n")[2:5] == ["AX-77", "Long name that", "is wrapped"]


@pytest.mark.parametrize(("seen", "shown"), [("BO7JW9H4J1", "B07JW9H4J1"), ("XO12AB", "XO12AB"), ("AS7BS9", "A97B89")])
def test_codes_are_settled_by_the_shape_of_their_glyphs(seen: str, shown: str) -> None:
    pixels = np.asarray(page(shown), np.float32)
    dark = np.argwhere(pixels < 128)
    (y0, x0), (y1, x1) = dark.min(axis=0), dark.max(axis=0)
    assert settle_glyphs(seen, pixels, (float(x0), float(y0), float(x1 + 1), float(y1 + 1))) == shown


def test_an_empty_page_is_an_empty_page() -> None:
    (recognised,) = read(encoded(Image.new("L", (800, 1000), "white"))).pages
    assert (recognised.text, len(recognised.words.spans)) == ("", 0)


@pytest.mark.parametrize("size", [(1, 1), (3, 2000), (2000, 3)])
def test_tiny_and_narrow_images(size: tuple[int, int]) -> None:
    document = read(encoded(Image.new("L", size, "white")))
    assert document.text == ""


@pytest.mark.parametrize("content", [b"", b"no image", encoded(page())[:400], b"\x89PNG\r\n\x1a\n" + b"\0" * 40])
def test_a_broken_image_is_a_record_error(content: bytes) -> None:
    with pytest.raises(RecordError) as caught:
        read(content)
    assert caught.value.record == "scan.png"
    assert "0x" not in caught.value.message


def test_a_decompression_bomb_is_refused_before_it_unpacks() -> None:
    def chunk(name: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))

    header = struct.pack(">IIBBBBB", 40_000, 40_000, 8, 0, 0, 0, 0)
    bomb = (
        b"\x89PNG\r\n\x1a\n"
        + chunk(b"IHDR", header)
        + chunk(b"IDAT", zlib.compress(b"\0" * 100_000))
        + chunk(b"IEND", b"")
    )
    with pytest.raises(RecordError, match=r"40000|bomb|pixels"):
        load_images(bomb, "scan.png")
