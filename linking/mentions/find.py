"""Finds the entries of a lexicon in a text."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from linking.mentions.lexicon import STARTS, Entry, Lexicon
from linking.mentions.ocr import OcrIndex
from linking.mentions.tokens import Tokens, fold, tokenize

__all__ = ["Hit", "find"]

_LABEL_TOKENS = 4
_PARTS = 5


@dataclass(frozen=True, slots=True)
class Hit:
    """An entry found at [begin, end) of a text. ``similarity`` is 1 for an exact match, less after OCR repair;
    ``margin`` how much better it is than the best rival; ``label`` the words right before it, nearest last."""

    entry: Entry
    begin: int
    end: int
    exact_case: bool
    broken: bool
    similarity: float
    margin: float
    label: tuple[str, ...]


def find(text: str, lexicon: Lexicon, ocr: OcrIndex | None = None) -> list[Hit]:
    """All hits, longest first where they overlap within one column. ``ocr`` adds repaired look-ups."""
    tokens = tokenize(text)
    hits = list(_exact(text, tokens, lexicon))
    if ocr is not None:
        taken = {i for hit in hits if hit.entry.code for i in range(hit.begin, hit.end)}
        hits.extend(_repaired(text, tokens, ocr, taken))
    return _longest(hits)


def _exact(text: str, tokens: Tokens, lexicon: Lexicon) -> Iterator[Hit]:
    words = tokens.words
    for i, word in enumerate(words):
        for length in lexicon.lengths.get(word, ()):
            entries = lexicon.sequences.get(tuple(words[i : i + length])) if i + length <= len(words) else None
            for entry in entries or ():
                if "," not in entry.value or not _two_names(text, tokens, i, i + length):
                    yield _hit(text, tokens, entry, i, i + length, broken=False)
        if tokens.broken[i]:
            yield from _mended(text, tokens, lexicon, i)
        if word[:STARTS] in lexicon.starts:
            yield from _joined(text, tokens, lexicon, i)


def _two_names(text: str, tokens: Tokens, first: int, last: int) -> bool:
    """Whether words around a comma are parts of two names in a row: "Xu, Fatima" in "Aisha Xu, Fatima Ulbricht"."""
    if first == 0 or last == len(tokens.words):
        return False
    before, after = tokens.ends[first - 1], tokens.begins[last]
    apart = text[before : tokens.begins[first]], text[tokens.ends[last - 1] : after]
    return (
        "," in text[tokens.begins[first] : tokens.ends[last - 1]]
        and apart == (" ", " ")
        and text[tokens.begins[first - 1]].isupper()
        and text[after].isupper()
    )


def _joined(text: str, tokens: Tokens, lexicon: Lexicon, first: int) -> Iterator[Hit]:
    """Codes whose parts are set off in another way: ``AN949C4``, ``AN 949/C4`` for ``AN-949-C4``."""
    run = ""
    for last in range(first, min(first + _PARTS, len(tokens.words))):
        between = text[tokens.ends[last - 1] : tokens.begins[last]] if last > first else ""
        run += tokens.words[last]
        if len(between) > 1 or between == "\n" or run[:STARTS] not in lexicon.starts:
            return
        for entry in lexicon.joined.get(run, ()):
            if entry.tokens != tuple(tokens.words[first : last + 1]):
                yield _hit(text, tokens, entry, first, last + 1, broken=False)


def _mended(text: str, tokens: Tokens, lexicon: Lexicon, at: int) -> Iterator[Hit]:
    """Codes whose token ``at`` goes on in the next line."""
    words = tokens.words
    joined = words[at] + words[at + 1]
    if len(joined) < 4 or joined not in lexicon.pieces:
        return
    for begin in range(max(0, at - 3), at + 1):
        prefix = (*words[begin:at], joined)
        for length in lexicon.lengths.get(prefix[0], ()):
            sequence = (prefix + tuple(words[at + 2 : at + 2 + length]))[:length]
            if length >= len(prefix):
                for entry in lexicon.sequences.get(sequence, ()):
                    if entry.code:
                        yield _hit(text, tokens, entry, begin, begin + length + 1, broken=True)


def _repaired(text: str, tokens: Tokens, ocr: OcrIndex, taken: set[int]) -> Iterator[Hit]:
    for i in range(len(tokens.words)):
        for length in (1, 2, 3):
            if i + length > len(tokens.words) or tokens.begins[i] in taken:
                continue
            begin, end = tokens.begins[i], tokens.ends[i + length - 1]
            if length > 1 and not text[begin:end].replace(" ", "").isalnum():
                continue
            for entry, similarity, margin in ocr.look_up("".join(text[begin:end].split())):
                yield Hit(entry, begin, end, False, False, similarity, margin, _label(text, tokens, i))


def _hit(text: str, tokens: Tokens, entry: Entry, first: int, last: int, *, broken: bool) -> Hit:
    begin, end = tokens.begins[first], tokens.ends[last - 1]
    found = text[begin:end]
    exact = found == entry.value.strip() or fold(found) == found == entry.value or found in entry.value
    return Hit(entry, begin, end, exact or broken, broken, 1.0, 1.0, _label(text, tokens, first))


def _label(text: str, tokens: Tokens, first: int) -> tuple[str, ...]:
    places = range(max(0, first - _LABEL_TOKENS), first)
    return tuple(fold(text[tokens.begins[i] : tokens.ends[i]]) for i in places)


def _longest(hits: Sequence[Hit]) -> list[Hit]:
    """Within one column a longer hit hides the shorter ones inside it; a better repaired one hides a worse one."""
    kept: list[Hit] = []
    used: dict[int, list[tuple[int, int]]] = {}
    for hit in sorted(hits, key=lambda h: (-h.similarity, h.begin - h.end, h.begin)):
        spans = used.setdefault(hit.entry.column, [])
        if any(begin < hit.end and hit.begin < end for begin, end in spans) and not any(
            (begin, end) == (hit.begin, hit.end) and hit.similarity == 1.0 for begin, end in spans
        ):
            continue
        spans.append((hit.begin, hit.end))
        kept.append(hit)
    return sorted(kept, key=lambda h: (h.begin, h.end))
