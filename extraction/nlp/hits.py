"""What a rule finds, and which of overlapping finds stay."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from bifrost.documents import Document, Mention

__all__ = ["Hit", "combined", "without_overlaps"]


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
    """The mentions of several extractors, sorted by place; where two overlap, that of the earlier extractor stays."""
    taken = {page.number: bytearray(len(page.text)) for page in document.pages}
    kept = []
    for mentions in found:
        for mention in mentions:
            page = taken[mention.page]
            if page.find(1, mention.begin, mention.end) < 0:
                page[mention.begin : mention.end] = b"\x01" * (mention.end - mention.begin)
                kept.append(mention)
    return sorted(kept, key=lambda mention: (mention.page, mention.begin))
