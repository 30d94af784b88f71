"""Link types, proposals, judgements: what Bifrost believes belongs together, why, and what people said about it."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from enum import StrEnum
from typing import Any, Literal, TypeAlias

from bifrost.values import EMPTY, Evidence, digest_of

__all__ = [
    "AUTOMATIC",
    "TAUGHT",
    "Column",
    "Correction",
    "Estimate",
    "Judgement",
    "LinkEdge",
    "LinkKind",
    "LinkState",
    "LinkType",
    "Matched",
    "PairExample",
    "PairQuestion",
    "Role",
    "SamePair",
    "SamePairs",
    "Verdict",
    "corrected_ends",
    "link_type_id",
]


AUTOMATIC = "auto-accept"
"""``Judgement.by`` where a rule that a person set confirmed a link type, or new evidence reopened one. It teaches nothing."""


TAUGHT = "taught"
"""``LinkType.model`` begins like this where a person taught the link type; those of one lesson have equal models."""


class LinkKind(StrEnum):
    """What a link type says about its two ends.

    ``REFERENCE``  values of the tail column name records of the head (a foreign key, declared or not)
    ``SAME_THING`` records of both datasets may describe the same things (an entity resolution task): merges, no edges
    ``SAME_CONCEPT`` two columns mean the same (schema matching): aligns properties, no edges
    ``MENTION``    the text of tail documents (or of a text column) names records of the head by the head column
    ``JOIN_TABLE`` each row of a table between them (``LinkType.through``) links a record of the tail with one of the head
    """

    REFERENCE = "reference"
    SAME_THING = "same_thing"
    SAME_CONCEPT = "same_concept"
    MENTION = "mention"
    JOIN_TABLE = "join_table"


class LinkState(StrEnum):
    PROPOSED = "proposed"
    CONFIRMED = "confirmed"
    REJECTED = "rejected"
    DEFERRED = "deferred"
    DELETED = "deleted"


class Verdict(StrEnum):
    """What a person answered. UNSURE is an answer too: it is kept, asked again later and never trained on.

    REOPEN asks again, whatever was answered before: somebody taught the link type anew, or what was known of it changed.
    """

    CONFIRM = "confirm"
    REJECT = "reject"
    DEFER = "defer"
    DELETE = "delete"
    UNSURE = "unsure"
    REOPEN = "reopen"


@dataclass(frozen=True, slots=True, order=True)
class Column:
    """One side of a link type: columns of a dataset. ``columns`` is empty for the text of a document dataset."""

    source: str
    dataset: str
    columns: tuple[str, ...] = ()

    def __str__(self) -> str:
        return f"{self.source}/{self.dataset}" + (f".{'+'.join(self.columns)}" if self.columns else "")


Role: TypeAlias = Literal["representative", "borderline", "counter"]


@dataclass(frozen=True, slots=True)
class PairExample:
    """An example for the review page: two fragments, the values that speak for (or against) their link, and why.

    ``role``: like most pairs, at the edge of what would be linked, or against the link type.
    """

    tail: str
    head: str
    tail_text: str
    head_text: str
    score: float
    note: str = ""
    role: Role = "representative"


@dataclass(frozen=True, slots=True)
class LinkType:
    """A type of link between two datasets, proposed by a model, declared by a source, or taught by a person.

    ``id`` is derived from kind, tail, head and through (:func:`link_type_id`), so a judgement finds its link type again after
    a re-crawl or retraining. ``name`` labels the edges, which run tail -> head. ``transform`` maps side to a
    normalisation that linking knows by name ({"tail": "strip_prefix:CUST-"}). ``condition`` filters tail rows.
    ``probability`` is calibrated; ``baseline`` is what the explicit-feature model alone says. ``through``, of join tables
    only, are the columns of the table between tail and head that name both, the tail's first; its source is that of one of
    them, and conditions filter its rows. ``otherwise`` is proposed in its place once it is rejected: of a reference, the
    next likeliest that its columns could mean.
    """

    id: str
    kind: LinkKind
    tail: Column
    head: Column
    name: str
    state: LinkState = LinkState.PROPOSED
    probability: float = 0.0
    baseline: float = 0.0
    declared: bool = False
    transform: Mapping[str, str] = field(default_factory=lambda: EMPTY)
    condition: str = ""
    cardinality: str = ""
    estimated_edges: int = 0
    reasons: tuple[str, ...] = ()
    examples: tuple[PairExample, ...] = ()
    counter_examples: tuple[PairExample, ...] = ()
    features: Mapping[str, float] = field(default_factory=lambda: EMPTY)
    threshold: float | None = None
    model: str = ""
    through: Column | None = None
    otherwise: "LinkType | None" = None


@dataclass(frozen=True, slots=True)
class Correction:
    """What a person changes while confirming. ``None`` leaves a field as proposed."""

    name: str | None = None
    flip: bool = False
    kind: LinkKind | None = None
    tail: Column | None = None
    head: Column | None = None
    transform: Mapping[str, str] | None = None
    condition: str | None = None
    threshold: float | None = None


def corrected_ends(link_type: LinkType, correction: Correction) -> tuple[LinkKind, Column, Column, Column | None]:
    """Kind, tail, head and through of a link type after a correction. Others than before make another link type."""
    tail, head = correction.tail or link_type.tail, correction.head or link_type.head
    kind, through = correction.kind or link_type.kind, link_type.through
    if kind is not LinkKind.JOIN_TABLE:
        through = None
    elif through is not None and correction.flip:
        of_tail = len(link_type.tail.columns)
        through = replace(through, columns=(*through.columns[of_tail:], *through.columns[:of_tail]))
    return kind, *((head, tail) if correction.flip else (tail, head)), through


@dataclass(frozen=True, slots=True)
class Judgement:
    """One answer of one person about a link type or about a pair of records. Never changed, only undone.

    ``subject`` is a link type id, or for a pair ``link type id + "|" + tail uid + "|" + head uid``. ``disputed``: a second
    opinion against the answer that stood when it was given; it has no effect, but the question is to be settled.
    """

    id: int
    subject: str
    verdict: Verdict
    by: str
    at: datetime
    correction: Correction | None = None
    note: str = ""
    features: Mapping[str, float] = field(default_factory=lambda: EMPTY)
    undone_by: str | None = None
    undone_at: datetime | None = None
    disputed: bool = False


@dataclass(frozen=True, slots=True)
class LinkEdge:
    """An edge that applying a confirmed link type gives. ``score`` in [0, 1].

    ``through`` is the uid of the record that says so where it is neither end; the edge has those of its ``properties`` as it
    states them.
    """

    tail: str
    head: str
    score: float
    evidence: Evidence = Evidence()
    properties: Mapping[str, Any] = field(default_factory=lambda: EMPTY)
    through: str = ""


@dataclass(frozen=True, slots=True)
class SamePair:
    """Two fragments that may describe the same thing, with the evidence for the review page."""

    left: str
    right: str
    score: float
    evidence: Mapping[str, float] = field(default_factory=lambda: EMPTY)


@dataclass(frozen=True, slots=True)
class Estimate:
    """A share: ``value`` in [0, 1] lies in [``low``, ``high``] with 95%; ``basis`` is how many answers or links it rests on."""

    value: float
    low: float
    high: float
    basis: int


@dataclass(frozen=True, slots=True)
class PairQuestion:
    """A pair of records worth asking about. ``value`` in [0, 1] is how much an answer would settle and teach; of several
    questions that say the same, or that are about one record, one has most."""

    left: str
    right: str
    score: float
    value: float
    evidence: Mapping[str, float] = field(default_factory=lambda: EMPTY)


@dataclass(frozen=True, slots=True)
class PairLesson:
    """Answers about pairs of one matching task as numbers, without records or values: per answer the features of the pair
    (``rows``, in the order of ``names``), the log odds before it, and whether people said that it is the same thing."""

    names: tuple[str, ...]
    rows: tuple[tuple[float, ...], ...]
    odds: tuple[float, ...]
    same: tuple[bool, ...]

    def __len__(self) -> int:
        return len(self.same)


@dataclass(frozen=True, slots=True)
class Matched:
    """What matching the records of a same-thing link type told about all of its pairs, kept beside them.

    ``precision`` is that of the merged pairs, ``recall`` the share of the right ones among all compared; ``doubtful`` is how
    many are undecided (each by how uncertain it is), and ``questions`` are those to ask next, the most helpful first.
    ``lesson`` is what the answers about its pairs teach, None where there are none.
    """

    precision: Estimate
    recall: Estimate
    doubtful: float = 0.0
    questions: tuple[PairQuestion, ...] = ()
    lesson: PairLesson | None = None


@dataclass(frozen=True, slots=True)
class SamePairs:
    """The scored pairs of a same-thing link type, best first, and what is known of them as a whole."""

    pairs: Iterable[SamePair]
    matched: Matched

    def __iter__(self) -> Iterator[SamePair]:
        return iter(self.pairs)


def link_type_id(kind: LinkKind, tail: Column, head: Column, through: Column | None = None) -> str:
    """A short stable id: the same kind and columns always give the same id.

    Kinds without a direction (same thing, same concept) order their sides, so both spellings give one id.
    """
    if kind in (LinkKind.SAME_THING, LinkKind.SAME_CONCEPT) and head < tail:
        tail, head = head, tail
    sides = (tail, head) if through is None else (tail, head, through)
    text = "\x1f".join((kind, *(("\x1e".join((c.source, c.dataset, *c.columns))) for c in sides)))
    return digest_of((text.encode(),)).hex()[:12]
