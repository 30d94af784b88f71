"""What answers are about: people name records, or the merged things that the product shows in their place, and link types."""

from collections.abc import Iterable, Mapping, Sequence
from itertools import product
from typing import TypeAlias

from bifrost.errors import ConflictError, InputError, NotFoundError
from bifrost.graph import FragmentOrigin
from bifrost.links import Column, LinkKind, LinkState, LinkType, Verdict
from bifrost.ports import GraphView, LinkStore
from graphstore.judging import corrected

__all__ = ["Pair", "meant_examples", "meant_pair", "refuse_corrected"]

Pair: TypeAlias = tuple[str, str]
_Dataset: TypeAlias = tuple[str, str]
_Members: TypeAlias = Mapping[str, Sequence[FragmentOrigin]]
_READINGS = 4
"""Merged things are of several datasets; so many pairs of datasets are tried to explain examples."""


def meant_pair(view: GraphView, link_type: LinkType, tail: str, head: str) -> Pair:
    """The records that an answer about a pair of a link type is about.

    The id of a merged thing stands for its record of the dataset that the link type is about. Raises NotFoundError where
    there is no such record, and InputError where the link type is not about records like these.
    """
    if link_type.kind is LinkKind.SAME_CONCEPT:
        raise InputError(
            f"{link_type.name!r} says that two columns mean the same; it has no pairs of records.",
            remedy="Confirm or reject the link type itself.",
        )
    members = _members(view, (tail, head))
    same = link_type.kind is LinkKind.SAME_THING
    turned = same and not _are_of(members[tail], link_type.tail) and _are_of(members[head], link_type.tail)
    first, second = (link_type.head, link_type.tail) if turned else (link_type.tail, link_type.head)
    ends = _record(tail, members[tail], first, link_type), _record(head, members[head], second, link_type)
    if ends[0] == ends[1] and same:
        raise InputError(f"{tail!r} and {head!r} are one record.", remedy="Name two records.")
    return ends


def _members(view: GraphView, ids: Iterable[str]) -> _Members:
    """The records that each id stands for. Raises NotFoundError."""
    wanted = list(dict.fromkeys(ids))
    found = view.origins_of_vertices(wanted)
    for id in wanted:
        if not found.get(id):
            raise NotFoundError(f"There is no record {id!r}.", remedy="Use the ids that search and the explorer show.")
    return found


def _are_of(members: Sequence[FragmentOrigin], end: Column) -> bool:
    return any((one.source, one.dataset) == (end.source, end.dataset) for one in members)


def _record(id: str, members: Sequence[FragmentOrigin], end: Column, link_type: LinkType) -> str:
    """The one among the records of a thing that is of an end of a link type."""
    there = list(dict.fromkeys(one.uid for one in members if (one.source, one.dataset) == (end.source, end.dataset)))
    if id in there:
        return id
    if not there:
        of = sorted({f"{one.source}/{one.dataset}" for one in members})
        raise InputError(
            f"{id!r} is of {', '.join(of)}, and not of {end.source}/{end.dataset}.",
            remedy=f"{link_type.name!r} links records of {link_type.tail.source}/{link_type.tail.dataset} with records of "
            f"{link_type.head.source}/{link_type.head.dataset}.",
        )
    if len(there) > 1:
        raise InputError(
            f"{id!r} is merged of {len(there)} records of {end.source}/{end.dataset}.",
            remedy=f"Name the one that is meant: {', '.join(there[:5])}{' …' if len(there) > 5 else ''}",
        )
    return there[0]


def meant_examples(
    view: GraphView, positives: Sequence[Pair], negatives: Sequence[Pair]
) -> list[tuple[list[Pair], list[Pair]]]:
    """Examples and counter-examples as pairs of records of two datasets, in every way in which merged things can be read.

    The datasets that most examples are about come first, among them those whose records were named. Raises NotFoundError,
    and InputError for a record with itself.
    """
    everything = [*positives, *negatives]
    if not everything:
        raise InputError(
            "There is no example.", remedy="Name two records that belong together, or that must not match."
        )
    for tail, head in everything:
        if tail == head:
            raise InputError(f"{tail!r} is paired with itself.", remedy="Name two records.")
    if both := set(positives) & set(negatives):
        tail, head = min(both)
        raise InputError(
            f"{tail!r} and {head!r} are an example and a counter-example.", remedy="Leave one of the two out."
        )
    members = _members(view, (uid for pair in everything for uid in pair))
    by_dataset = {id: _by_dataset(id, found) for id, found in members.items()}
    counted: dict[tuple[_Dataset, _Dataset], list[int]] = {}
    for tail, head in positives or negatives:
        for ends in product(by_dataset[tail], by_dataset[head]):
            if by_dataset[tail][ends[0]] == by_dataset[head][ends[1]]:
                continue
            count = counted.setdefault(ends, [0, 0])
            count[0] += 1
            count[1] += (by_dataset[tail][ends[0]] == tail) + (by_dataset[head][ends[1]] == head)
    likeliest = sorted(counted, key=lambda ends: (*(-number for number in counted[ends]), ends))

    def read(pairs: Sequence[Pair], ends: tuple[_Dataset, _Dataset]) -> list[Pair]:
        return [(by_dataset[tail].get(ends[0], tail), by_dataset[head].get(ends[1], head)) for tail, head in pairs]

    return [(read(positives, ends), read(negatives, ends)) for ends in likeliest[:_READINGS]]


def _by_dataset(id: str, members: Sequence[FragmentOrigin]) -> dict[_Dataset, str]:
    """A record of each dataset, the named one where it is among them."""
    found: dict[_Dataset, str] = {}
    for one in members:
        place = (one.source, one.dataset)
        if place not in found or one.uid == id:
            found[place] = one.uid
    return found


def refuse_corrected(links: LinkStore, id: str) -> None:
    """Raises ConflictError for a link type that people corrected to another one, which took its place."""
    old = new = links.link_type(id)
    passed, first = set[str](), 0
    while new.id not in passed and new.state is LinkState.REJECTED:
        passed.add(new.id)
        answers = [one for one in links.judgements(subject_prefix=new.id) if one.subject == new.id]
        said = next((one for one in reversed(answers) if one.verdict is not Verdict.UNSURE), None)
        if said is None or said.verdict is not Verdict.CONFIRM or said.correction is None:
            break
        new, first = links.link_type(corrected(new, said.correction).id), first or said.id
    if new.id != old.id:
        raise ConflictError(
            f"{old.name!r} ({old.id}) was corrected: {new.tail} -{new.name}-> {new.head} took its place.",
            remedy=f"Answer about {new.id}, or take answer {first} back.",
        )
