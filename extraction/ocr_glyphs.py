"""Settles characters of codes by the shape of their glyphs, where a language model guesses: 0 or O, 9 or S, ..."""

import re
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

__all__ = ["settle_glyphs"]

_CODE = re.compile(r"(?=.*[0OS5])[A-Z0-9][A-Z0-9-]{2,}")
_SHORTEST_WITHOUT_DIGIT = 6
_WIDEST_ZERO = 0.82
_WIDEST_ZERO_IN_WORDS = 0.75
"""Width by height. Zero is 0.62 to 0.75 in common fonts, O is 0.88 to 1.1; a word without a digit must be surer."""
_INK = (0.5, 0.35, 0.25, 0.65)
"""Thresholds between ink and paper, tried until no two glyphs touch and none falls apart."""
_SMALLEST_HOLE = 0.015
"""Share of the glyph's box: smaller ones are noise."""


@dataclass(frozen=True, slots=True)
class _Glyph:
    """``holes``: how high the middle of each closed counter lies, 0 at the top and 1 at the bottom."""

    ratio: float
    holes: tuple[float, ...]


def settle_glyphs(text: str, pixels: NDArray[np.float32], box: tuple[float, float, float, float]) -> str:
    """``text`` with O for wide and 0 for narrow rings, and 9, 6 or 8 for an "S" or "5" that has holes.

    Only for codes of capitals and digits whose glyphs stand apart. ``pixels`` is the grey page, ``box`` the word's
    x0, y0, x1, y1 in it.
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
        glyphs = _glyphs(crop < ink + share * (paper - ink))
        if len(glyphs) == len(letters):
            break
    else:
        return text
    widest = _WIDEST_ZERO if digits else _WIDEST_ZERO_IN_WORDS
    settled = iter([_settled(letter, glyph, widest) for letter, glyph in zip(letters, glyphs, strict=True)])
    return "".join("-" if letter == "-" else next(settled) for letter in text)


def _settled(letter: str, glyph: _Glyph, widest_zero: float) -> str:
    if letter in "0O":
        return "0" if glyph.ratio < widest_zero else "O"
    if letter in "5S" and glyph.holes:
        if len(glyph.holes) > 1:
            return "8"
        return "9" if glyph.holes[0] < 0.5 else "6"
    return letter


def _glyphs(ink: NDArray[np.bool_]) -> list[_Glyph]:
    """Each connected shape from left to right; specks and hyphens are left out."""
    labels, _ = ndimage.label(ink, np.ones((3, 3)))
    found = []
    for number, (rows, columns) in enumerate(ndimage.find_objects(labels), 1):
        height, width = rows.stop - rows.start, columns.stop - columns.start
        if height >= 0.5 * ink.shape[0]:
            shape = labels[rows, columns] == number
            found.append((columns.start, _Glyph(width / height, _holes(shape))))
    return [glyph for _, glyph in sorted(found, key=lambda item: item[0])]


def _holes(shape: NDArray[np.bool_]) -> tuple[float, ...]:
    """Paper that the ink encloses: background not connected to the outside."""
    outside, _ = ndimage.label(~np.pad(shape, 1))
    holes = []
    for number, (rows, columns) in enumerate(ndimage.find_objects(outside), 1):
        if number == outside[0, 0]:
            continue
        if (outside[rows, columns] == number).sum() >= _SMALLEST_HOLE * shape.size:
            holes.append(((rows.start + rows.stop) / 2 - 1) / shape.shape[0])
    return tuple(holes)
