"""What a rule finds, and which of overlapping finds stay."""

from collections.abc import Iterable
from dataclasses import dataclass

__all__ = ["Hit", "without_overlaps"]


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
