"""Look-up of codes in text that went through OCR: bounded edit distance that knows which characters look alike.

Candidates come from a deletion neighbourhood (SymSpell, Garbe 2012) of codes folded by look-alike classes; they are
verified by an edit distance in which a confusion of look-alikes is cheap.
"""

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator

from linking.mentions.lexicon import Entry
from linking.mentions.tokens import fold

__all__ = ["OcrIndex"]

_CLASSES = ("0oqdgc", "1il|jt7", "5s8b39e", "2z", "uv", "mn", "6g", "4a", "fp", "xk", "wv")
_FOLD = {c: group[0] for group in reversed(_CLASSES[:4]) for c in group}
_CONFUSABLE = {frozenset((a, b)) for group in _CLASSES for a in group for b in group if a != b} | {
    frozenset(pair) for pair in ("g9", "s9", "0u", "8g", "b6", "g0", "68", "ef", "h4", "yv", "ty", "lt", "hn")
}
_CHEAP = 0.25
_MAX_DEEP = 20_000
_MAX_ENTRIES = 200_000
_MIN_LENGTH = 5
_MIN_AGREEMENT = 0.45


class OcrIndex:
    """The codes of a lexicon (values with letters and digits), indexed for repair."""

    def __init__(self, entries: Iterable[Entry]) -> None:
        codes = ((e, "".join(c for c in fold(e.value) if c.isalnum())) for e in entries if e.code and not e.form)
        usable = [(e, code) for e, code in codes if _MIN_LENGTH <= len(code) <= 24 and not e.value.isdigit()]
        self._entries = usable[:_MAX_ENTRIES]
        self._depth = 2 if len(self._entries) <= _MAX_DEEP else 1
        self._index: dict[str, list[int]] = defaultdict(list)
        self._lengths = {len(code) for _, code in self._entries}
        for number, (_, code) in enumerate(self._entries):
            for variant in _variants(_folded(code), self._depth if len(code) >= 8 else 1):
                self._index[variant].append(number)

    def __bool__(self) -> bool:
        return bool(self._entries)

    def look_up(self, found: str) -> Iterator[tuple[Entry, float, float]]:
        """The best entry of each column for a piece of text: entry, similarity and margin to the best rival."""
        text = "".join(c for c in found.lower() if c.isalnum())
        if not any(abs(len(text) - n) <= 2 for n in self._lengths) or len(text) < _MIN_LENGTH:
            return
        numbers = {
            number
            for variant in _variants(_folded(text), self._depth if len(text) >= 8 else 1)
            for number in self._index.get(variant, ())
        }
        best: dict[int, list[tuple[float, int]]] = defaultdict(list)
        for number in numbers:
            entry, code = self._entries[number]
            cost = _distance(text, code)
            if cost <= 0.25 * len(code) and _agreement(text, code) >= _MIN_AGREEMENT:
                best[entry.column].append((cost, number))
        for ranked in best.values():
            ranked.sort()
            cost, number = ranked[0]
            entry, code = self._entries[number]
            rivals = [c for c, n in ranked[1:] if self._entries[n][1] != code]
            margin = (rivals[0] - cost) if rivals else 0.25 * len(code)
            yield entry, 1 - cost / len(code), margin


def _folded(code: str) -> str:
    return "".join(_FOLD.get(c, c) for c in code)


def _agreement(left: str, right: str) -> float:
    """The share of characters that stand in both, an O as good as a zero."""
    a, b = Counter(left.replace("o", "0")), Counter(right.replace("o", "0"))
    return (a & b).total() / max(len(left), len(right))


def _variants(code: str, depth: int) -> set[str]:
    found = {code}
    edge = {code}
    for _ in range(depth):
        edge = {v[:i] + v[i + 1 :] for v in edge for i in range(len(v))}
        found |= edge
    return found


def _distance(left: str, right: str) -> float:
    """Edit distance with cheap confusions of look-alikes, and cheap insertions of a character that looks like its neighbour."""
    previous = [float(j) for j in range(len(right) + 1)]
    for i, a in enumerate(left, 1):
        current = [float(i)]
        for j, b in enumerate(right, 1):
            swap = 0.0 if a == b else _CHEAP if frozenset((a, b)) in _CONFUSABLE else 1.0
            # A character read twice: "oo" for "0".
            double = (
                0.5 if (i > 1 and frozenset((a, left[i - 2])) in _CONFUSABLE) or (i > 1 and a == left[i - 2]) else 1.0
            )
            current.append(min(previous[j - 1] + swap, previous[j] + double, current[j - 1] + 1.0))
        previous = current
    return previous[-1]
