"""What a rule finds, and which of overlapping finds stay."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

from bifrost.documents import Document, Mention

__all__ = ["Hit", "combined", "without_overlaps"]

NAMES = frozenset({"PERSON", "ORG", "LOC", "MISC"})

LEAST_PART = 4
"""Characters; a shorter rest of a name that something else overlaps is dropped."""


@dataclass(frozen=True, slots=True)
class Hit:
    """A span of a text. ``rule`` names the rule that found it."""

    begin: int
    end: int
    type: str
    normal: str
    confidence: float
    rule: str


def without_overlaps(hits: Iterable[Hit], length: int) -> list[Hit]:
    """Those that overlap no earlier one, sorted by place: the order of ``hits`` is their priority."""
    taken = bytearray(length)
    kept = []
    for hit in hits:
        if hit.end > hit.begin and taken.find(1, hit.begin, hit.end) < 0:
            taken[hit.begin : hit.end] = b"\x01" * (hit.end - hit.begin)
            kept.append(hit)
    return sorted(kept, key=lambda hit: hit.begin)


def combined(document: Document, found: Iterable[Sequence[Mention]]) -> list[Mention]:
    """The mentions of several extractors, sorted by place; where two overlap, that of the earlier extractor stays.

    A later name keeps the longest part that is free: of "Ada Lovelace <ada@example.com" that is "Ada Lovelace".
    """
    texts = {page.number: page.text for page in document.pages}
    taken = {number: bytearray(len(text)) for number, text in texts.items()}
    kept = []
    for mentions in found:
        for mention in mentions:
            begin, end = _free_part(texts[mention.page], taken[mention.page], mention)
            if end - begin < min(LEAST_PART, mention.end - mention.begin):
                continue
            text = texts[mention.page][begin:end]
            kept.append(
                mention if text == mention.text else replace(mention, begin=begin, end=end, text=text, normal=text)
            )
            taken[mention.page][begin:end] = b"\x01" * (end - begin)
    return sorted(kept, key=lambda mention: (mention.page, mention.begin))


def _free_part(text: str, taken: bytearray, mention: Mention) -> tuple[int, int]:
    """The longest stretch of a mention that nothing else covers, without marks at its ends; empty for types with a form."""
    if taken.find(1, mention.begin, mention.end) < 0:
        return mention.begin, mention.end
    best = (mention.begin, mention.begin)
    at = mention.begin
    while mention.type in NAMES and at < mention.end:
        stop = taken.find(1, at, mention.end)
        end = mention.end if stop < 0 else stop
        begin, last = at, end
        while begin < last and not text[begin].isalnum():
            begin += 1
        while begin < last and not text[last - 1].isalnum():
            last -= 1
        if last - begin > best[1] - best[0]:
            best = (begin, last)
        at = end + 1
    return best
