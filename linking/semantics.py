"""What names mean, by the sentence encoder: vectors of column and table names, cached per process."""

from collections.abc import Iterable, Sequence

import numpy as np
from numpy.typing import NDArray

from bifrost.ports import Encoder
from linking.names import words

__all__ = ["NameVectors", "spoken"]

_BATCH = 256


def spoken(name: str) -> str:
    """A name as a person would say it: ``raised_by_emp_id`` is "raised by employee id"."""
    return " ".join(words(name)) or name


class NameVectors:
    """Unit vectors of short texts. Every text is encoded once."""

    def __init__(self, encoder: Encoder) -> None:
        self._encoder = encoder
        self._known: dict[str, NDArray[np.float32]] = {}

    def add(self, texts: Iterable[str]) -> None:
        """Encodes what is not known yet, in batches."""
        missing = [text for text in dict.fromkeys(texts) if text not in self._known]
        for start in range(0, len(missing), _BATCH):
            part = missing[start : start + _BATCH]
            self._known.update(zip(part, self._encoder.encode(part), strict=True))

    def matrix(self, texts: Sequence[str]) -> NDArray[np.float32]:
        """float32 [len(texts), dimension]."""
        self.add(texts)
        if not texts:
            return np.zeros((0, self._encoder.dimension), np.float32)
        return np.stack([self._known[text] for text in texts])

    def cosine(self, left: str, right: str) -> float:
        """Cosine similarity of two texts, in [-1, 1]."""
        self.add((left, right))
        return float(self._known[left] @ self._known[right])
