"""What to ask next: the answer with the largest expected effect per second of a person's time.

The effect of a question about a link type is what a confirmation would settle (edges written, on a logarithmic scale) and
what any answer would teach (uncertainty, and disagreement between the models). A question about two records settles
that pair and teaches about those like it, so link types mostly come first. Questions that say the same as one already
asked for, because they share a tail column or both tables, come after the others.
"""

import math
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum

from bifrost.links import Judgement, LinkKind, LinkType, PairQuestion, Verdict

__all__ = [
    "Purpose",
    "Question",
    "order_questions",
    "order_types",
    "question_features",
    "reward_of",
    "said_of_pair",
    "worth",
]

SECONDS = {
    LinkKind.REFERENCE: 8.0,
    LinkKind.MENTION: 11.0,
    LinkKind.SAME_THING: 14.0,
    LinkKind.SAME_CONCEPT: 8.0,
    LinkKind.JOIN_TABLE: 8.0,
}
"""How long a person takes to answer a question of a kind."""
_OTHER_SECONDS, PAIR_SECONDS = 10.0, 6.0
_TEACHES = 0.35
_SAME_AGAIN = 0.5
_NEXT_PAIR = 0.9
_SPEAKS, _NAMED = 0.5, 3
"""Log odds from which on a field counts as evidence in words, and how many are named."""
_LONGEST = 300.0
"""Seconds after which somebody was away rather than thinking."""


class Purpose(StrEnum):
    """Why something is asked: to decide it, to audit what a rule or a threshold accepted, to hear a second reviewer, or to
    settle what two of them disagree about."""

    DECIDE = "decide"
    AUDIT = "audit"
    SECOND = "second"
    DISPUTED = "disputed"


@dataclass(frozen=True, slots=True)
class Question:
    """A question about a link type or, with a ``pair``, about two records of it.

    ``doubtful`` is how many pairs of the link type are undecided. ``blind``: the scores are not to be shown. ``left`` is
    the share of its worth that earlier answers left (linking/repeats.py). ``said`` are the answers that disagree.
    """

    link_type: LinkType
    pair: PairQuestion | None = None
    purpose: Purpose = Purpose.DECIDE
    doubtful: float = 0.0
    blind: bool = False
    left: float = 1.0
    said: tuple[Judgement, ...] = ()

    @property
    def subject(self) -> str:
        """What a judgement about it is filed under."""
        return self.link_type.id if self.pair is None else f"{self.link_type.id}|{self.pair.left}|{self.pair.right}"


def worth(question: Question) -> float:
    """The expected effect of asking, per second."""
    if question.pair is not None:
        return question.pair.value * math.log10(2 + max(question.doubtful, 0.0)) * _TEACHES / PAIR_SECONDS
    link_type = question.link_type
    p = min(max(link_type.probability, 1e-6), 1 - 1e-6)
    uncertainty = -(p * math.log2(p) + (1 - p) * math.log2(1 - p))
    disagreement = abs(link_type.probability - link_type.baseline)
    settles = math.log10(10 + max(link_type.estimated_edges, 0))
    return (
        question.left
        * settles
        * (p + _TEACHES * uncertainty + 0.2 * disagreement)
        / SECONDS.get(link_type.kind, _OTHER_SECONDS)
    )


def order_questions(questions: Sequence[Question]) -> list[Question]:
    """The most worthwhile question first. Deterministic."""
    worths = {question.subject: worth(question) for question in questions}
    remaining = sorted(questions, key=lambda q: (-worths[q.subject], q.subject))
    ordered: list[Question] = []
    tails: set[object] = set()
    tables: set[object] = set()
    pairs: Counter[str] = Counter()
    while remaining:
        best = max(remaining, key=lambda q: worths[q.subject] * _novelty(q, tails, tables, pairs))
        remaining.remove(best)
        ordered.append(best)
        if best.pair is not None:
            pairs[best.link_type.id] += 1
        else:
            tails.add(best.link_type.tail)
            tables.add(_tables(best.link_type))
    return ordered


def order_types(open_types: Sequence[LinkType]) -> list[LinkType]:
    """Proposals in the order of their questions."""
    return [question.link_type for question in order_questions([Question(link_type) for link_type in open_types])]


def _tables(link_type: LinkType) -> tuple[object, ...]:
    ends = sorted([(link_type.tail.source, link_type.tail.dataset), (link_type.head.source, link_type.head.dataset)])
    return (link_type.kind, *ends)


def _novelty(question: Question, tails: set[object], tables: set[object], pairs: Mapping[str, int]) -> float:
    if question.pair is not None:
        return _NEXT_PAIR ** pairs.get(question.link_type.id, 0)
    factor = _SAME_AGAIN if question.link_type.tail in tails else 1.0
    return factor * (_SAME_AGAIN if _tables(question.link_type) in tables else 1.0)


def question_features(question: Question) -> dict[str, float]:
    """What policies may look at."""
    one, pair = question.link_type, question.pair
    if pair is not None:
        said = {"probability": pair.score, "uncertainty": pair.value, "disagreement": 0.0, "edges": 1.0, "pair": 1.0}
    else:
        said = {
            "probability": one.probability,
            "uncertainty": 1 - abs(2 * one.probability - 1),
            "disagreement": abs(one.probability - one.baseline),
            "edges": float(one.estimated_edges),
            "pair": 0.0,
        }
    return {**said, "worth": round(worth(question), 6)}


def reward_of(verdict: Verdict, settled: int, seconds: float, *, pair: bool = False) -> float:
    """What an answer settled, per second that it took: edges (or, of a ``pair``, the pairs that it moved) on a logarithmic
    scale; a no about a link type counts as little as it teaches."""
    settles = math.log10(10 + settled)
    if pair:
        settles *= _TEACHES
    elif verdict is not Verdict.CONFIRM:
        settles = _TEACHES
    return round(settles / min(max(seconds, 1.0), _LONGEST), 6)


def said_of_pair(evidence: Mapping[str, float]) -> str:
    """What speaks for and against a pair, in words: the fields and links that count most."""
    parts = {name.partition(":")[2]: value for name, value in evidence.items() if ":" in name}
    ranked = sorted(parts.items(), key=lambda item: (-abs(item[1]), item[0]))
    speaks = [name for name, value in ranked if value > _SPEAKS][:_NAMED]
    against = [name for name, value in ranked if value < -_SPEAKS][:_NAMED]
    said = [f"for it: {', '.join(speaks)}"] if speaks else []
    return "; ".join([*said, *([f"against it: {', '.join(against)}"] if against else [])])
