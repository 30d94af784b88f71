"""Reads doubtful codes a second time: enlarged, sharpened, each in a line of its own, without the dictionary."""

import re
from collections.abc import Callable, Sequence

from PIL import Image, ImageFilter

from extraction.layout import Word

__all__ = ["reread_codes"]

_CODE = re.compile(r"[A-Z0-9]+(-[A-Z0-9]+)*")
_DOUBTFUL = 0.85
_SHORTEST, _LONGEST = 5, 30
_MOST = 60
_MARGIN, _GAP, _ENLARGED = 4, 30, 2


def reread_codes(words: Sequence[Word], image: Image.Image, recognise: Callable[[Image.Image], list[Word]]) -> None:
    """Replaces the text and confidence of doubtful codes in place, where the second reading is surer.

    ``recognise`` reads a picture of lines with one code each.
    """
    doubtful = [word for word in words if word.confidence < _DOUBTFUL and _may_be_code(word.text)][:_MOST]
    if not doubtful:
        return
    crops = [_crop(word, image) for word in doubtful]
    paper = int(image.resize((1, 1), Image.Resampling.BOX).getpixel((0, 0)))  # type: ignore[arg-type]
    size = (max(crop.width for crop in crops) + 2 * _GAP, sum(crop.height + _GAP for crop in crops) + _GAP)
    sheet = Image.new("L", size, paper)
    middles = []
    top = _GAP
    for crop in crops:
        sheet.paste(crop, (_GAP, top))
        middles.append(top + crop.height / 2)
        top += crop.height + _GAP
    readings = recognise(sheet)
    for word, middle in zip(doubtful, middles, strict=True):
        found = [reading for reading in readings if reading.y0 < middle < reading.y1]
        text = "".join(reading.text for reading in found)
        sure = min((reading.confidence for reading in found), default=0.0)
        if _CODE.fullmatch(text) and (sure > word.confidence or not _CODE.fullmatch(word.text)):
            word.text, word.confidence = text, max(sure, word.confidence)


def _may_be_code(text: str) -> bool:
    """Mostly capitals and digits, even if some were misread as small letters."""
    strong = sum(letter.isdigit() or letter.isupper() for letter in text)
    return _SHORTEST <= len(text) <= _LONGEST and strong >= 0.6 * len(text) and text.replace("-", "").isalnum()


def _crop(word: Word, image: Image.Image) -> Image.Image:
    box = (int(word.x0) - _MARGIN, int(word.y0) - _MARGIN, int(word.x1) + _MARGIN, int(word.y1) + _MARGIN)
    crop = image.crop(box)
    larger = crop.resize((crop.width * _ENLARGED, crop.height * _ENLARGED), Image.Resampling.LANCZOS)
    return larger.filter(ImageFilter.UnsharpMask(3, 150, 2))
