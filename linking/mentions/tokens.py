"""Text as tokens that can be compared with names and codes."""

import re
import unicodedata
from dataclasses import dataclass
from itertools import pairwise

__all__ = ["Tokens", "fold", "tokenize", "words_of"]

_TOKEN = re.compile(r"[^\W_]+")
_BREAK = re.compile(r"[-\xad\ufffe\x02]?[ \t\r]*\n[ \t\r]*")
_UMLAUT = re.compile(r"([aou])e")
_LETTERS = str.maketrans({"ø": "o", "æ": "a", "œ": "o", "ł": "l", "đ": "d", "ð": "d", "þ": "th", "ı": "i"})


def fold(text: str) -> str:
    """Case and accents removed; the length may change."""
    if text.isascii():
        return text.lower()
    decomposed = unicodedata.normalize("NFKD", text.casefold())
    return "".join(c for c in decomposed if not unicodedata.combining(c))


def _word(text: str) -> str:
    """A token as it is compared: ``Müller``, ``Mueller`` and ``MULLER`` are the same word."""
    word = fold(text)
    if not word.isascii():
        word = word.translate(_LETTERS)
    return _without_umlauts(word)


def _without_umlauts(word: str) -> str:
    spelt = "ue" in word or "oe" in word or "ae" in word
    return _UMLAUT.sub(r"\1", word) if spelt and len(word) >= 5 and word.isalpha() else word


def _words(text: str, spans: list[tuple[int, int]]) -> list[str]:
    """The tokens at some spans as they are compared; plain text is folded as a whole, which is several times as fast."""
    if not text.isascii():
        return [_word(text[begin:end]) for begin, end in spans]
    lower = text.lower()
    found = [lower[begin:end] for begin, end in spans]
    if "ue" in lower or "oe" in lower or "ae" in lower:
        return [_without_umlauts(word) for word in found]
    return found


@dataclass(frozen=True, slots=True)
class Tokens:
    """The runs of letters and digits of a text, folded, with their places. ``broken[i]``: a line ends after token i
    and nothing but a hyphen stands between it and the next one."""

    words: list[str]
    begins: list[int]
    ends: list[int]
    broken: list[bool]


def words_of(text: str) -> tuple[str, ...]:
    """The words of :func:`tokenize`, without their places."""
    return tuple(_words(text, [match.span() for match in _TOKEN.finditer(text)]))


def tokenize(text: str) -> Tokens:
    """All tokens of a text in order."""
    spans = [match.span() for match in _TOKEN.finditer(text)]
    words = _words(text, spans)
    broken = [
        "\n" in text[end:begin] and _BREAK.fullmatch(text, end, begin) is not None
        for (_, end), (begin, _) in pairwise(spans)
    ]
    return Tokens(words, [b for b, _ in spans], [e for _, e in spans], [*broken, False] if spans else [])
