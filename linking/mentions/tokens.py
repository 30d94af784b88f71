"""Text as tokens that can be compared with names and codes."""

import re
import unicodedata
from dataclasses import dataclass
from itertools import pairwise

__all__ = ["Tokens", "fold", "tokenize"]

_TOKEN = re.compile(r"[^\W_]+")
_BREAK = re.compile(r"[-­￾\x02]?[ \t\r]*\n[ \t\r]*")


def fold(text: str) -> str:
    """Case and accents removed; the length may change."""
    if text.isascii():
        return text.lower()
    decomposed = unicodedata.normalize("NFKD", text.casefold())
    return "".join(c for c in decomposed if not unicodedata.combining(c))


@dataclass(frozen=True, slots=True)
class Tokens:
    """The runs of letters and digits of a text, folded, with their places. ``broken[i]``: a line ends after token i
    and nothing but a hyphen stands between it and the next one."""

    words: list[str]
    begins: list[int]
    ends: list[int]
    broken: list[bool]


def tokenize(text: str) -> Tokens:
    """All tokens of a text in order."""
    spans = [match.span() for match in _TOKEN.finditer(text)]
    words = [fold(text[begin:end]) for begin, end in spans]
    broken = [
        "\n" in text[end:begin] and _BREAK.fullmatch(text, end, begin) is not None
        for (_, end), (begin, _) in pairwise(spans)
    ]
    return Tokens(words, [b for b, _ in spans], [e for _, e in spans], [*broken, False] if spans else [])
