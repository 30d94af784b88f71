"""Tells zero from O in codes by the shape of the glyph, which a language model gets wrong more often than not."""

import re

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

__all__ = ["settle_zeros"]

_CODE = re.compile(r"(?=.*[0O])[A-Z0-9][A-Z0-9-]{2,}")
_SHORTEST_WITHOUT_DIGIT = 6
_WIDEST_ZERO = 0.82
_WIDEST_ZERO_IN_WORDS = 0.75
"""Width by height. Zero is 0.62 to 0.75 in common fonts, O is 0.88 to 1.1; a word without a digit must be surer."""
_INK = (0.5, 0.35, 0.25, 0.65)
"""Thresholds between ink and paper, tried until no two glyphs touch and none falls apart."""


def settle_zeros(text: str, pixels: NDArray[np.float32], box: tuple[float, float, float, float]) -> str:
    """``text`` with every 0 and O as wide as its glyph says. Only capital-and-digit codes whose glyphs stand apart.

    ``pixels`` is the grey page, ``box`` the word's x0, y0, x1, y1 in it.
    """
    digits = any(letter.isdigit() for letter in text)
    if not _CODE.fullmatch(text) or not (digits or len(text) >= _SHORTEST_WITHOUT_DIGIT):
        return text
    x0, y0, x1, y1 = (round(side) for side in box)
    crop = pixels[max(y0 - 1, 0) : y1 + 1, max(x0 - 1, 0) : x1 + 1]
    if crop.size < 50:
        return text
    letters = [letter for letter in text if letter != "-"]
    ink, paper = float(np.percentile(crop, 5)), float(np.percentile(crop, 90))
    for share in _INK:
        shapes = _glyphs(crop < ink + share * (paper - ink))
        if len(shapes) == len(letters):
            break
    else:
        return text
    widest = _WIDEST_ZERO if digits else _WIDEST_ZERO_IN_WORDS
    settled = iter(
        ("0" if width / height < widest else "O") if letter in "0O" else letter
        for letter, (width, height) in zip(letters, shapes, strict=True)
    )
    return "".join("-" if letter == "-" else next(settled) for letter in text)


def _glyphs(ink: NDArray[np.bool_]) -> list[tuple[int, int]]:
    """Width and height of each connected shape from left to right; specks and hyphens are left out."""
    labels, _ = ndimage.label(ink, np.ones((3, 3)))
    found = []
    for rows, columns in ndimage.find_objects(labels):
        height, width = rows.stop - rows.start, columns.stop - columns.start
        if height >= 0.5 * ink.shape[0]:
            found.append((columns.start, width, height))
    return [(width, height) for _, width, height in sorted(found)]
