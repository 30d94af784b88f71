"""What the text indexes of both databases share: entries, marks, and how a typed text becomes terms."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from graphstore.values import clean_text

__all__ = ["CLOSE", "OPEN", "Entry", "Partial", "Terms", "TextIndex", "Word", "parse_terms", "plain"]

_MAX_CHARACTERS, _MAX_TERMS = 1_000, 32
_CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f]+")
OPEN, CLOSE = "\x02", "\x03"
"""Marks around matching words inside the index; texts are indexed without control characters."""


class Entry:
    """What the index knows of one vertex."""

    __slots__ = ("body", "label", "name", "uid")

    def __init__(self, uid: str, label: str, name: str, body: str) -> None:
        self.uid, self.label, self.name, self.body = uid, label, name, body


@dataclass(frozen=True, slots=True)
class Word:
    """A word or phrase as it was typed. ``forms`` are those to look for: itself, and without a plural's s."""

    text: str
    forms: tuple[str, ...]
    prefix: bool = False
    """Whether it is the beginning of a word."""


@dataclass(frozen=True, slots=True)
class Partial:
    """A vertex that has some of the words; ``missing`` are the others. ``snippet`` has OPEN and CLOSE marks."""

    uid: str
    score: float
    snippet: str
    missing: tuple[str, ...]


Terms = tuple[tuple[str, ...], str | None]
"""Words and phrases that must all occur, and the beginning of a word that must occur too."""


class TextIndex(Protocol):
    """Where entries are kept. All changes of one ``apply`` and the new position are one transaction."""

    def position(self) -> int: ...
    def apply(self, gone: Sequence[str], entries: Sequence[Entry], position: int) -> None: ...
    def clear(self) -> None: ...
    def find(self, terms: Terms, labels: Sequence[str], limit: int, offset: int) -> list[tuple[str, float, str]]:
        """(uid, score, snippet with OPEN and CLOSE marks) of what has all terms, best first."""

    def find_any(self, words: Sequence["Word"], labels: Sequence[str], limit: int, offset: int) -> list["Partial"]:
        """What has any of the words, best first."""

    def close(self) -> None: ...


def parse_terms(text: str) -> Terms:
    """Splits what a person typed: quotes make phrases, the last word is the beginning of one. Never fails."""
    text = plain(clean_text(text[:_MAX_CHARACTERS]))
    terms: list[str] = []
    prefix: str | None = None
    parts = text.split('"')
    for i, part in enumerate(parts):
        # An odd part stands between two quotes; the last one may be a phrase that is still being typed.
        pieces = [part] if i % 2 else part.split()
        terms += [piece for piece in pieces if any(char.isalnum() for char in piece)]
    if terms and len(parts) % 2 == 1 and parts[-1].split() and terms[-1] == parts[-1].split()[-1]:
        prefix = terms.pop()
    return tuple(terms[:_MAX_TERMS]), prefix


def plain(text: str) -> str:
    """The text without control characters."""
    return _CONTROL.sub(" ", text)
