"""Spelling features that the uncased encoder does not see: the shape of a word and its last characters."""

import zlib
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

__all__ = ["SHAPES", "SUFFIXES", "spelling"]

SHAPES = 512
SUFFIXES = 4096


def _shape(word: str) -> str:
    """Upper case X, lower case x, digits d, others themselves; runs are cut to two: 'McDonalds' gives 'XxXxx'."""
    shape: list[str] = []
    for char in word[:24]:
        kind = "d" if char.isdigit() else "X" if char.isupper() else "x" if char.isalpha() else char
        if shape[-2:] != [kind, kind]:
            shape.append(kind)
    return "".join(shape)


def _bucket(text: str, buckets: int) -> int:
    return zlib.crc32(text.encode("utf-8", "replace")) % buckets


def spelling(words: Sequence[str]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Shape and suffix bucket of each word, int64 [n] each, below SHAPES and SUFFIXES."""
    shapes = np.fromiter((_bucket(_shape(word), SHAPES) for word in words), np.int64, len(words))
    suffixes = np.fromiter((_bucket(word[-3:].lower(), SUFFIXES) for word in words), np.int64, len(words))
    return shapes, suffixes
