"""What answers do to a link type: its state and fields are always what was proposed with all live answers applied.

So an answer is never overridden by a new proposal, and undoing one gives back exactly what was there before it.
"""

from collections.abc import Iterable
from dataclasses import replace
from typing import Any

from bifrost.links import Column, Correction, LinkState, LinkType, Verdict, link_type_id
from graphstore.encoding import correction_from, link_type_from

__all__ = ["corrected", "judged", "pair_subject", "reproposed"]

_STATES = {
    Verdict.CONFIRM: LinkState.CONFIRMED,
    Verdict.REJECT: LinkState.REJECTED,
    Verdict.DEFER: LinkState.DEFERRED,
    Verdict.DELETE: LinkState.DELETED,
}


def pair_subject(link_type: str, tail: str, head: str) -> str:
    """The subject of an answer about one pair."""
    return f"{link_type}|{tail}|{head}"


def corrected(link_type: LinkType, correction: Correction) -> LinkType:
    """The link type with a correction applied. Another kind, other columns or a flip give it another id."""
    tail, head = correction.tail or link_type.tail, correction.head or link_type.head
    kind = correction.kind or link_type.kind
    transform = link_type.transform if correction.transform is None else correction.transform
    if correction.flip:
        tail, head = head, tail
        if correction.transform is None:
            transform = _flipped(link_type.transform)
    same_ends = (kind, tail, head) == (link_type.kind, link_type.tail, link_type.head)
    return replace(
        link_type,
        id=link_type.id if same_ends else link_type_id(kind, tail, head),
        kind=kind,
        tail=tail,
        head=head,
        name=link_type.name if correction.name is None else correction.name,
        transform=transform,
        condition=link_type.condition if correction.condition is None else correction.condition,
        threshold=link_type.threshold if correction.threshold is None else correction.threshold,
        **({} if same_ends else _without_evidence(link_type, tail, head)),
    )


def _flipped(transform: Any) -> dict[str, str]:
    """Rules are for a side (``tail``) or for one of its columns (``tail.country``)."""
    other = {"tail": "head", "head": "tail"}
    sides = ((key, *key.partition(".")) for key in transform)
    return {other.get(side, side) + dot + column: transform[key] for key, side, dot, column in sides}


def _without_evidence(link_type: LinkType, tail: Column, head: Column) -> dict[str, Any]:
    """Evidence for the old columns does not speak for the new ones; a mere flip turns it round."""
    if (tail, head) != (link_type.head, link_type.tail):
        return {"examples": (), "counter_examples": (), "cardinality": "", "declared": False}
    turn = {"tail": "head", "head": "tail", "tail_text": "head_text", "head_text": "tail_text"}

    def turned(examples: Iterable[Any]) -> tuple[Any, ...]:
        return tuple(replace(e, **{new: getattr(e, old) for old, new in turn.items()}) for e in examples)

    return {
        "examples": turned(link_type.examples),
        "counter_examples": turned(link_type.counter_examples),
        "cardinality": ":".join(reversed(link_type.cardinality.split(":"))),
    }


def judged(
    id: str, proposed: LinkType | None, answers: Iterable[Any], newest: LinkType | None = None
) -> LinkType | None:
    """A link type with its live answers applied in order; None where nothing speaks for it any more.

    ``answers`` are rows of the judgement table, oldest first, whose subject or target is this link type. ``newest``
    carries the newest numbers and examples for a link type that only an answer made.
    """
    result, newest = proposed, proposed or newest
    for answer in answers:
        if answer.target == id:
            made = link_type_from(answer.corrected)
            result = replace(_decided_by(made, newest or made), state=LinkState.CONFIRMED)
        elif result is None:
            continue
        elif answer.target is not None:
            result = replace(result, state=LinkState.REJECTED)
        elif answer.verdict != Verdict.UNSURE:
            correction = correction_from(answer.correction)
            if correction is not None and answer.verdict == Verdict.CONFIRM:
                result = corrected(result, correction)
            result = replace(result, state=_STATES[Verdict(answer.verdict)])
    return result


def reproposed(proposal: LinkType, first: LinkType | None) -> LinkType:
    """A judged link type proposed again: what answers can decide stays as first proposed, the rest is new.

    Models hand judged link types back with the answers already applied; taken as they are, an answer could never be
    undone.
    """
    return proposal if first is None else _decided_by(first, proposal)


def _decided_by(decided: LinkType, newest: LinkType) -> LinkType:
    """What a person can decide from one, the numbers, reasons and examples of the models from the other."""
    return replace(
        newest, id=decided.id, kind=decided.kind, tail=decided.tail, head=decided.head, name=decided.name,
        state=decided.state, transform=decided.transform, condition=decided.condition, threshold=decided.threshold,
    )  # fmt: skip
