"""What belongs together: finding and applying link types."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Protocol

from bifrost.catalog import Progress
from bifrost.links import Judgement, LinkEdge, LinkType, PairQuestion, SamePairs
from bifrost.ports.store import LinkingData

__all__ = ["Linker", "ProgressSink", "TeachRequest"]

ProgressSink = Callable[[Progress], None]
"""Called often; must be cheap. Raises :class:`bifrost.errors.BifrostError` subclasses to cancel."""


@dataclass(frozen=True, slots=True)
class TeachRequest:
    """Example pairs of fragment uids that a person gave, to find the link type behind them.

    Without ``positives`` the ``known`` link types that link the ``negatives`` are refined.
    """

    positives: tuple[tuple[str, str], ...]
    negatives: tuple[tuple[str, str], ...] = ()
    name: str = ""
    known: tuple[LinkType, ...] = ()
    judgements: tuple[Judgement, ...] = ()


class Linker(Protocol):
    """Finds link types and applies them. Keeps no state but caches: judgements and link types come in, proposals go out."""

    @property
    def version(self) -> str:
        """Changes whenever the same data and answers may give other proposals: weights, rules, what was carried over."""

    def propose(
        self, data: LinkingData, judgements: Sequence[Judgement], known: Sequence[LinkType], progress: ProgressSink
    ) -> list[LinkType]:
        """All link types worth a person's time, most probable first; a judged one keeps its id."""

    def forget(self, known: frozenset[str]) -> None:
        """Lets go of what is kept on disk and in memory for link types other than these: their data may be gone."""

    def rescore(self, known: Sequence[LinkType], judgements: Sequence[Judgement]) -> list[LinkType]:
        """After an answer: ``known`` with new probabilities of the open proposals, from their stored features, with what takes
        the place of rejected ones (:attr:`LinkType.otherwise`), and without what did so for others that are open again.
        Under 2 seconds."""

    def describe(
        self, data: LinkingData, link_type: LinkType, judgements: Sequence[Judgement], known: Sequence[LinkType]
    ) -> LinkType:
        """A link type that a person changed, with the evidence for what it is now. Raises InputError if it cannot be applied."""

    def teach(self, data: LinkingData, request: TeachRequest) -> list[LinkType]:
        """Link types (columns and rule) that explain the examples, best first. Raises InputError if none does."""

    def links(
        self,
        link_type: LinkType,
        data: LinkingData,
        judgements: Sequence[Judgement],
        progress: ProgressSink,
        known: Sequence[LinkType] = (),
    ) -> Iterable[LinkEdge]:
        """The edges of a reference, mention or join table link type; those of a reference as
        :class:`bifrost.link_columns.LinkColumns`.

        What the confirmed ones of the ``known`` types link records to counts where a mention fits several of them.
        """

    def counting(self, link_type: LinkType, data: LinkingData, known: Sequence[LinkType]) -> list[LinkType]:
        """The other link types that count for the :meth:`links` of this one; those that ``data`` declares are among them."""

    def same(
        self,
        link_type: LinkType,
        data: LinkingData,
        judgements: Sequence[Judgement],
        progress: ProgressSink,
        known: Sequence[LinkType] = (),
    ) -> SamePairs:
        """The scored pairs of a same-thing link type; those at or above its threshold are merged by the store.

        What the confirmed ones of the ``known`` types link records to counts. The result follows from the arguments alone,
        whatever was applied before.
        """

    def resting_on(self, link_type: LinkType, data: LinkingData, known: Sequence[LinkType]) -> list[LinkType]:
        """The other confirmed same-thing types whose pairs may change when this type is confirmed, answered or taken away."""

    def next_pairs(
        self,
        link_type: LinkType,
        data: LinkingData,
        judgements: Sequence[Judgement],
        progress: ProgressSink,
        known: Sequence[LinkType] = (),
        count: int = 10,
    ) -> list[PairQuestion]:
        """The pairs of a same-thing link type that nobody judged and whose answers would help most, the most helpful first."""
