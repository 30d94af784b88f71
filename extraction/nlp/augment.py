"""More training text: names replaced by other names of their type, and company names that no corpus contains.

Name replacement after Dai and Adel 2020 (arXiv 2010.11683). Encyclopaedias and tweets hold few of the company names that
business papers are full of, so some organisations become made-up ones with a legal form.
"""

from collections.abc import Iterable, Sequence

import numpy as np

from extraction.nlp.corpus import Entity, Example
from extraction.nlp.tokens import Span

__all__ = ["NameSwapper", "without_roles"]

SWAPPED = ("PERSON", "ORG", "LOC")
MADE_UP_SHARE = 0.4

_LEGAL_FORMS = (
    "Inc.|Inc|Ltd|Ltd.|Limited|LLC|Corp.|Corporation|Co.|& Co.|PLC|GmbH|AG|KG|SE|S.A.|SAS|S.r.l.|B.V.|N.V.|"
    "AB|A/S|Oy|Pty Ltd"
)
_BRANCHES = (
    "Logistics|Trading|Foods|Systems|Software|Technologies|Electronics|Industries|Engineering|Consulting|Partners|Holdings|"
    "Group|Solutions|Services|Pharma|Energy|Steel|Textiles|Marine|Motors|Media|Foundation|Insurance|Bank|Capital|Supplies|"
    "Packaging|Furniture|Imports|Exports|Delicatessen|Markets|Stores|Labs|Robotics|Analytics|Networks|Freight"
)
_ROLES = frozenset(
    (
        "borrower",
        "lender",
        "bank",
        "company",
        "guarantor",
        "agent",
        "tenant",
        "landlord",
        "customer",
        "supplier",
        "seller",
    )
)


def without_roles(example: Example) -> Example:
    """Turns annotated party roles ("Borrower", as contracts define it) into unknown words: they name nobody."""
    roles = [entity for entity in example.entities if example.text[entity.begin : entity.end].lower() in _ROLES]
    if not roles:
        return example
    kept = tuple(entity for entity in example.entities if entity not in roles)
    unknown = (*example.unknown, *((entity.begin, entity.end) for entity in roles))
    return Example(example.corpus, example.text, kept, unknown)


class NameSwapper:
    """Draws names of a type from the examples it was made with."""

    def __init__(self, examples: Iterable[Example], seed: int) -> None:
        self._random = np.random.default_rng(seed)
        pools: dict[str, dict[str, None]] = {type_: {} for type_ in SWAPPED}
        for example in examples:
            for entity in example.entities:
                name = example.text[entity.begin : entity.end]
                if entity.type in pools and name[0].isupper() and len(name) < 60:
                    pools[entity.type][name] = None
        self._pools = {type_: list(names) for type_, names in pools.items()}
        self._legal_forms, self._branches = _LEGAL_FORMS.split("|"), _BRANCHES.split("|")
        self._surnames = [name.split()[-1] for name in self._pools["PERSON"] if " " in name]

    def swapped(self, example: Example) -> Example | None:
        """The same text with other names; None where it contains no organisation."""
        if not any(entity.type == "ORG" for entity in example.entities):
            return None
        parts: list[str] = []
        entities: list[Entity] = []
        moved: list[tuple[int, int]] = []
        at = length = 0
        for entity in sorted(example.entities, key=lambda entity: entity.begin):
            parts.append(example.text[at : entity.begin])
            length += len(parts[-1])
            name = self._draw(entity.type, example.text[entity.begin : entity.end])
            entities.append(Entity(length, length + len(name), entity.type))
            parts.append(name)
            length += len(name)
            at = entity.end
            moved.append((at, length - at))
        parts.append(example.text[at:])
        unknown = tuple(_move(span, moved) for span in example.unknown)
        return Example(example.corpus, "".join(parts), tuple(entities), unknown)

    def _draw(self, type_: str, name: str) -> str:
        if type_ == "ORG" and self._random.random() < MADE_UP_SHARE:
            return self._company()
        return self._pick(self._pools[type_]) if self._pools.get(type_) else name

    def _company(self) -> str:
        surname = self._pick(self._surnames)
        variant = self._random.random()
        if variant < 0.25:
            return f"{surname} {self._pick(self._branches)}"
        legal = self._pick(self._legal_forms)
        if variant < 0.5:
            return f"{surname} {legal}"
        if variant < 0.65:
            return f"{surname} & {self._pick(self._surnames)} {legal}"
        return f"{surname} {self._pick(self._branches)} {legal}"

    def _pick(self, names: Sequence[str]) -> str:
        return names[int(self._random.integers(len(names)))]


def _move(span: Span, moved: Sequence[tuple[int, int]]) -> Span:
    """Where a span lies after the names before it changed their lengths."""
    shift = 0
    for end, offset in moved:
        if end <= span[0]:
            shift = offset
    return span[0] + shift, span[1] + shift
