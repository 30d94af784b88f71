"""Exact-span precision, recall and F1 over corpora that annotate only part of the types."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from extraction.nlp.corpus import Entity, Example

__all__ = ["SpanScore", "score"]


@dataclass(frozen=True, slots=True)
class SpanScore:
    """Counts of spans whose begin, end and type all agree."""

    right: int
    found: int
    gold: int

    @property
    def precision(self) -> float:
        return self.right / self.found if self.found else 0.0

    @property
    def recall(self) -> float:
        return self.right / self.gold if self.gold else 0.0

    @property
    def f1(self) -> float:
        return 2 * self.right / (self.found + self.gold) if self.found + self.gold else 0.0


def score(
    examples: Sequence[Example], found: Iterable[Iterable[Entity]], types: Iterable[str] | None = None
) -> SpanScore:
    """Scores ``found`` against the gold of ``examples``, over the given types (default: those that the gold contains).

    A found span of a type that the corpus never annotates, or that touches a part without annotation, does not count.
    """
    counted = {entity.type for example in examples for entity in example.entities} if types is None else set(types)
    right = total = gold = 0
    for example, spans in zip(examples, found, strict=True):
        truth = {entity for entity in example.entities if entity.type in counted}
        answers = {
            span
            for span in spans
            if span.type in counted
            and (span in truth or not any(span.begin < end and span.end > begin for begin, end in example.unknown))
        }
        right += len(truth & answers)
        total += len(answers)
        gold += len(truth)
    return SpanScore(right, total, gold)
