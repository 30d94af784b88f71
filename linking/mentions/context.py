"""What the text around a mention says about which of several records it means."""

import math
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from linking.mentions.clues import ClueColumn, Clues
from linking.mentions.find import find
from linking.mentions.lexicon import BARE, Entry
from linking.mentions.scan import FoundMention, Head

__all__ = ["ALWAYS", "EVIDENCE", "Doubt", "Said", "doubts"]

EVIDENCE = ("own_near", "own_text", "linked_near", "linked_text", "told", "against", "columns")
"""Features of a record: the rarity of its own values and of those of linked records, near the mention and anywhere in the text,
and in what the document says of itself; values of other records where its own stand usually; how many columns agree."""
ALWAYS = ("bias", "records", "labelled", "number", "word", "lower_case", "labels_usual")
"""Features of a mention, for "none of them"."""
_NEAR = 200.0
_BESIDE = 80.0
_FAR = 240.0
"""Characters: over these, values lose most of their weight for the name that they stand beside, and values of other records
theirs against it; beyond the last one these do not count."""
_RAREST = 7.0
_TELLING = 1.5
_DOCUMENTS = 4
MOST = 50
"""Names that fit more records than this stay shared."""


@dataclass(frozen=True, slots=True)
class Said:
    """A clue found in a text that speaks for a record: where it is from, the value, how strongly it speaks wherever it stands,
    and at this distance."""

    column: ClueColumn
    value: str
    strength: float
    near: float


@dataclass(slots=True)
class Doubt:
    """A mention that may mean several records (or none): per record its evidence [records, EVIDENCE], and ``always`` [ALWAYS]."""

    mention: FoundMention
    uids: tuple[str, ...]
    evidence: NDArray[np.float64]
    always: NDArray[np.float64]
    said: tuple[tuple[Said, ...], ...]

    @property
    def blank(self) -> bool:
        """Whether the text says nothing about any of the records."""
        return not self.evidence.any()


@dataclass(frozen=True, slots=True)
class _Place:
    """A clue in a text; ``page`` is -1 in what the document says of itself."""

    entry: Entry
    records: frozenset[int]
    page: int
    begin: int
    end: int

    def gap(self, mention: FoundMention) -> float:
        """Characters between the clue and a mention: negative where they overlap, infinite on other pages."""
        if self.page != mention.page:
            return math.inf
        return max(self.begin - mention.hit.end, mention.hit.begin - self.end)


def doubts(
    clues: Clues,
    mentions: Sequence[FoundMention],
    heads: Mapping[int, Head],
    numbers: Mapping[str, int],
    told: Mapping[str, str],
    labels_usual: Mapping[int, bool],
) -> list[Doubt]:
    """The evidence for each record that each of the mentions may mean. ``numbers`` are those of the records in ``clues``;
    ``told`` is what documents say of themselves; ``labels_usual`` by head."""
    by_text: dict[str, list[FoundMention]] = defaultdict(list)
    for mention in mentions:
        by_text[mention.uid].append(mention)
    records: dict[int, frozenset[int]] = {}
    places: dict[str, list[_Place]] = {}
    for uid, here in by_text.items():
        pages = {m.page: m.text for m in here}
        if uid in told:
            pages[-1] = told[uid]
        places[uid] = list(_places(clues, pages, records))
    shares = _document_shares(places)
    made: dict[int, Doubt] = {}
    for uid, here in by_text.items():
        by_entry: dict[int, list[FoundMention]] = defaultdict(list)
        for mention in here:
            by_entry[id(mention.hit.entry)].append(mention)
        for same in by_entry.values():
            entry = same[0].hit.entry
            named = _Named(clues, places[uid], shares, heads[entry.column], [numbers[uid] for uid in entry.uids])
            for mention in same:
                made[id(mention)] = named.doubt(mention, labels_usual.get(entry.column, False))
    return [made[id(mention)] for mention in mentions]


def _places(clues: Clues, pages: Mapping[int, str], records: dict[int, frozenset[int]]) -> Iterable[_Place]:
    for page, text in pages.items():
        for hit in find(text, clues.lexicon):
            entry = hit.entry
            if id(entry) not in records:
                records[id(entry)] = frozenset(map(int, entry.uids))
            yield _Place(entry, records[id(entry)], page, hit.begin, hit.end)


def _document_shares(places: Mapping[str, Sequence[_Place]]) -> dict[int, float]:
    """Per entry the share of the other texts that hold it: a letterhead says nothing."""
    count: Counter[int] = Counter()
    for found in places.values():
        count.update({id(place.entry) for place in found})
    return {entry: (n - 1) / (len(places) + _DOCUMENTS) for entry, n in count.items()}


class _Named:
    """A name in a text, and the clues of the text that tell the records of that name apart."""

    def __init__(
        self,
        clues: Clues,
        places: Sequence[_Place],
        shares: Mapping[int, float],
        head: Head,
        candidates: Sequence[int],
    ) -> None:
        self.clues, self.candidates = clues, candidates
        own = frozenset(head.column.columns)
        wanted = frozenset(candidates)
        self.speaking: list[tuple[_Place, float, list[int]]] = []
        """Clues of a candidate with their strength and the places of those candidates."""
        self.others: list[tuple[_Place, float]] = []
        """Clues that are values of other records."""
        for place in places:
            column = clues.columns[place.entry.column]
            if not column.linked and own & set(column.names):
                continue
            strength = min(clues.rarity_of(place.entry), _RAREST) * (1 - shares[id(place.entry)])
            if wanted & place.records:
                who = [n for n, candidate in enumerate(candidates) if candidate in place.records]
                self.speaking.append((place, strength, who))
            if not column.linked and place.page >= 0:
                self.others.append((place, strength))

    def doubt(self, mention: FoundMention, labels_usual: bool) -> Doubt:
        found: list[_Evidence] = [_Evidence() for _ in self.candidates]
        for place, strength, who in self.speaking:
            gap = place.gap(mention)
            if gap >= 0:
                said = Said(
                    self.clues.columns[place.entry.column],
                    place.entry.value,
                    strength,
                    strength * math.exp(-gap / _NEAR),
                )
                for n in who:
                    found[n].add(said, told=place.page < 0)
        against = self._against(mention)
        for n, candidate in enumerate(self.candidates):
            agreeing = {said.column.number for said in found[n].said.values()}
            found[n].against = sum(
                strength
                for number, strength in against.items()
                if candidate in self.clues.having[number] and number not in agreeing
            )
        evidence = np.array([one.features() for one in found])
        strongest = tuple(one.strongest() for one in found)
        return Doubt(mention, mention.hit.entry.uids, evidence, _always(mention, labels_usual), strongest)

    def _against(self, mention: FoundMention) -> dict[int, float]:
        """Per column of the records' table how strongly a value stands beside the mention."""
        strongest: dict[int, float] = {}
        for place, strength in self.others:
            gap = place.gap(mention)
            if 0 <= gap <= _FAR:
                number = place.entry.column
                strongest[number] = max(strongest.get(number, 0.0), strength * math.exp(-gap / _BESIDE))
        return strongest


class _Evidence:
    """What speaks for a record: each value once, where it stands nearest."""

    def __init__(self) -> None:
        self.said: dict[tuple[int, str], Said] = {}
        self.told: dict[tuple[int, str], Said] = {}
        self.against = 0.0

    def add(self, said: Said, *, told: bool) -> None:
        key = said.column.number, said.value
        found = self.told if told else self.said
        if key not in found or said.near > found[key].near:
            found[key] = said

    def features(self) -> list[float]:
        """The values of :data:`EVIDENCE`."""
        own = [said for said in self.said.values() if not said.column.linked]
        linked = [said for said in self.said.values() if said.column.linked]
        told = self.told.values()
        telling = {s.column.number for s in (*own, *linked, *told) if s.strength >= _TELLING}
        sums = (
            sum(s.near for s in own), sum(s.strength for s in own),
            sum(s.near for s in linked), sum(s.strength for s in linked),
            sum(s.strength for s in told), self.against, float(len(telling)),
        )  # fmt: skip
        return [math.log1p(value) for value in sums]

    def strongest(self) -> tuple[Said, ...]:
        return tuple(sorted((*self.said.values(), *self.told.values()), key=lambda s: (-s.strength - s.near, s.value)))


def _always(mention: FoundMention, labels_usual: bool) -> NDArray[np.float64]:
    """The values of :data:`ALWAYS`."""
    entry = mention.hit.entry
    return np.array([
        1.0, math.log(len(entry.uids)), float(mention.labelled), float(entry.value.isdigit() or entry.form == BARE),
        float(len(entry.tokens) == 1 and not entry.code), float(not mention.hit.exact_case), float(labels_usual),
    ])  # fmt: skip
