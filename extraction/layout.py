"""From words with boxes to a page's text: shared by readers whose formats have a layout."""

import math
import re
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from bifrost.documents import WordIndex

__all__ = ["Word", "assemble", "is_broken_word"]

_BREAKING = re.compile(r"[\w&|;,./@-]")


@dataclass(slots=True)
class Word:
    """A word and its box (x0, y0, x1, y1; origin top left). ``before`` separates it from the word before: "", " " or newlines."""

    text: str
    x0: float
    y0: float
    x1: float
    y1: float
    before: str = " "
    confidence: float = 1.0


def assemble(words: Sequence[Word]) -> tuple[str, WordIndex]:
    """The text of the words in their order, and where each word is in it. Words without text are left out."""
    pieces: list[str] = []
    spans: list[tuple[int, int]] = []
    kept: list[Word] = []
    length = 0
    for word in words:
        if not word.text:
            continue
        before = word.before if pieces else ""
        begin = length + len(before)
        length = begin + len(word.text)
        pieces += (before, word.text)
        spans.append((begin, length))
        kept.append(word)
    if not kept:
        return "", WordIndex.empty()
    boxes: NDArray[np.float32] = np.array([(word.x0, word.y0, word.x1, word.y1) for word in kept], np.float32)
    confidence: NDArray[np.float32] = np.array([word.confidence for word in kept], np.float32)
    return "".join(pieces), WordIndex(np.array(spans, np.int32), boxes, confidence)


def is_broken_word(last: Word, following: Word, left: float, right: float) -> bool:
    """Whether a cell between ``left`` and ``right`` was too narrow for a word, so that it goes on in the next line.

    ``last`` must be alone in its line and ``following`` begin the next. The word was broken if it fills the width that
    the cell has between equal paddings, so that not one more character had found room.
    """
    width = last.x1 - last.x0
    character = width / max(len(last.text), 1)
    padding = max(min(last.x0, following.x0) - left, 0.0)
    room = right - padding - last.x1
    return (
        len(last.text) >= 4
        and room < character * 1.1
        and not math.isclose(width, 0.0)
        and bool(_BREAKING.match(last.text[-1]) and _BREAKING.match(following.text[0]))
    )
