"""What answers do to a link type: its state and fields are always what was proposed with all live answers applied.

So an answer is never overridden by a new proposal, and undoing one gives back exactly what was there before it.
"""

from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import Any

from bifrost.links import Correction, LinkState, LinkType, Verdict, corrected_ends, link_type_id
from bifrost.values import EMPTY
from graphstore.encoding import correction_from, link_type_from

__all__ = ["corrected", "disputed", "judged", "pair_subject", "reproposed", "same_rule"]

_STATES = {
    Verdict.CONFIRM: LinkState.CONFIRMED,
    Verdict.REJECT: LinkState.REJECTED,
    Verdict.DEFER: LinkState.DEFERRED,
    Verdict.DELETE: LinkState.DELETED,
    Verdict.REOPEN: LinkState.PROPOSED,
}


def disputed(answers: Iterable[Any]) -> frozenset[int]:
    """The ids of second opinions that say the opposite of what stood when they were given, and so have no effect.

    ``answers`` are live rows of the judgement table, oldest first. When the earlier answer is taken back, the second opinion
    is the only one, and in force.
    """
    stands: dict[str, bool] = {}
    found = set()
    for answer in answers:
        verdict = Verdict(answer.verdict)
        if verdict is Verdict.UNSURE:
            continue
        if verdict in (Verdict.DEFER, Verdict.REOPEN):
            stands.pop(answer.subject, None)
            continue
        said = verdict is Verdict.CONFIRM and answer.target in (None, answer.subject)
        if answer.second_opinion and stands.get(answer.subject, said) is not said:
            found.add(answer.id)
        else:
            stands[answer.subject] = said
    return frozenset(found)


def pair_subject(link_type: str, tail: str, head: str) -> str:
    """The subject of an answer about one pair."""
    return f"{link_type}|{tail}|{head}"


def corrected(link_type: LinkType, correction: Correction) -> LinkType:
    """The link type with a correction applied. Another kind, other columns or a flip give it another id.

    Evidence for what it was before does not speak for what it is now: it goes, until the linker describes it anew.
    """
    kind, tail, head, through = corrected_ends(link_type, correction)
    transform = correction.transform
    if transform is None:
        # The rules of one kind mean nothing to another one.
        kept = link_type.transform if kind is link_type.kind else {}
        transform = _flipped(kept) if correction.flip else kept
    ends = link_type.kind, link_type.tail, link_type.head, link_type.through
    same_ends = (kind, tail, head, through) == ends
    made = replace(
        link_type,
        id=link_type.id if same_ends else link_type_id(kind, tail, head, through),
        kind=kind,
        tail=tail,
        head=head,
        through=through,
        name=link_type.name if correction.name is None else correction.name,
        transform=transform,
        condition=link_type.condition if correction.condition is None else correction.condition,
        threshold=link_type.threshold if correction.threshold is None else correction.threshold,
    )
    return made if same_rule(made, link_type) else replace(made, **_without_evidence(link_type, made))


def same_rule(one: LinkType, other: LinkType) -> bool:
    """Whether the evidence for one link type is evidence for the other: same kind, columns, transformation, condition."""
    return (one.kind, one.tail, one.head, one.through, dict(one.transform), one.condition) == (
        other.kind, other.tail, other.head, other.through, dict(other.transform), other.condition
    )  # fmt: skip


def _flipped(transform: Mapping[str, str]) -> dict[str, str]:
    other = {"tail": "head", "head": "tail"}
    turned = ((side.partition("."), chain) for side, chain in transform.items())
    return {f"{other.get(side, side)}{dot}{column}": chain for (side, dot, column), chain in turned}


def _without_evidence(before: LinkType, made: LinkType) -> dict[str, Any]:
    """What changes beside the correction itself. A mere flip turns examples and cardinality round."""
    if (made.tail, made.head) == (before.head, before.tail) and made.condition == before.condition:
        turn = {"tail": "head", "head": "tail", "tail_text": "head_text", "head_text": "tail_text"}

        def turned(examples: Iterable[Any]) -> tuple[Any, ...]:
            return tuple(replace(e, **{new: getattr(e, old) for old, new in turn.items()}) for e in examples)

        return {
            "examples": turned(before.examples),
            "counter_examples": turned(before.counter_examples),
            "cardinality": "-to-".join(reversed(before.cardinality.split("-to-"))),
            "reasons": (), "features": EMPTY, "declared": False, "otherwise": None,
        }  # fmt: skip
    gone: dict[str, Any] = {"examples": (), "counter_examples": (), "reasons": (), "estimated_edges": 0}
    if made.id == before.id:
        return gone
    return gone | {
        "cardinality": "", "declared": False, "features": EMPTY, "probability": 0.0, "baseline": 0.0, "model": "",
        "otherwise": None,
    }  # fmt: skip


def judged(
    id: str, proposed: LinkType | None, answers: Iterable[Any], newest: LinkType | None = None
) -> LinkType | None:
    """A link type with its live answers applied in order; None where nothing speaks for it any more.

    ``answers`` are rows of the judgement table, oldest first, whose subject or target is this link type. ``newest``
    carries the newest numbers and examples for a link type that an answer made or changed.
    """
    result = proposed
    for answer in answers:
        if answer.target == id:
            result = replace(link_type_from(answer.corrected), state=LinkState.CONFIRMED)
        elif result is None:
            continue
        elif answer.target is not None:
            result = replace(result, state=LinkState.REJECTED)
        elif answer.verdict != Verdict.UNSURE:
            correction = correction_from(answer.correction)
            if correction is not None and answer.verdict in (Verdict.CONFIRM, Verdict.REOPEN):
                result = corrected(result, correction)
            result = replace(result, state=_STATES[Verdict(answer.verdict)])
    if result is None:
        return None
    # Where answers changed what it links, what was proposed is no evidence for it.
    evident = next((one for one in (proposed, newest) if one is not None and same_rule(one, result)), None)
    return result if evident is None else _decided_by(result, evident)


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
        through=decided.through,
        state=decided.state, transform=decided.transform, condition=decided.condition, threshold=decided.threshold,
    )  # fmt: skip
