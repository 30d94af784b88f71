"""Collective matching: the same-thing types of a project, each with what the others say about what its records are linked to.

In the first round every type is matched by what its records say themselves; in each later round also by what they are linked to,
where things of other types are the same as probably as the round before said. A result follows from data, confirmed types and
answers alone, whatever was applied before and in which order.
"""

from collections.abc import Callable, Sequence

from bifrost.links import LinkKind, LinkState, LinkType
from bifrost.ports import LinkingData
from linking.paths import Likely, Way, linked_things, ways
from linking.records.fields import Records
from linking.records.linked import Linked
from linking.records.matching import Matching
from linking.records.port import Links
from linking.workspace import Workspace

__all__ = ["ROUNDS", "Collective", "Connections"]

ROUNDS = 2
"""Rounds with links, after the one without."""


class Connections:
    """How records of same-thing types may be linked to the same things. Of ``known`` link types the confirmed ones count."""

    def __init__(self, known: Sequence[LinkType]) -> None:
        confirmed = {t.id: t for t in known if t.state is LinkState.CONFIRMED}
        self._known = [confirmed[id] for id in sorted(confirmed)]
        self._found: dict[str, list[Way]] = {}

    def ways(self, link_type: LinkType) -> list[Way]:
        """How records of the type may be linked to the same things."""
        if link_type.id not in self._found:
            others = [t for t in self._known if t.kind is not LinkKind.SAME_THING or t.id != link_type.id]
            self._found[link_type.id] = ways(link_type, others)
        return self._found[link_type.id]

    def rests_on(self, link_type: LinkType) -> frozenset[str]:
        """The ids of all other link types that the matching of this one depends on."""
        found: set[str] = set()
        open_ = [link_type]
        while open_:
            for way in self.ways(open_.pop()):
                open_ += [other for other in way.same if other.id not in found]
                found |= {step.link_type.id for step in (*way.left, *way.right)} | {other.id for other in way.same}
        return frozenset(found - {link_type.id})


class Collective:
    """``resolve`` matches a same-thing type by given links."""

    def __init__(
        self,
        workspace: Workspace,
        data: LinkingData,
        connections: Connections,
        resolve: Callable[[LinkType, Links | None], Matching],
    ) -> None:
        self._workspace, self._data, self._connections, self._resolve = workspace, data, connections, resolve
        self._likely: dict[tuple[str, int], Likely] = {}

    def matching(self, link_type: LinkType, rounds: int = ROUNDS) -> Matching:
        """The matching of a same-thing type after so many rounds with links."""
        found = self._connections.ways(link_type)
        if not rounds or not found:
            return self._resolve(link_type, None)
        # Other types are matched first: their results are small, and this one's comparisons need not be kept meanwhile.
        for way in found:
            for other in way.same:
                self.likely(other, rounds - 1)

        def links(records: Records) -> list[Linked]:
            earlier = rounds - 1
            with self._workspace.using(self._data) as workspace:
                return linked_things(
                    workspace, self._data, link_type, records, found, lambda one: self.likely(one, earlier)
                )

        return self._resolve(link_type, links)

    def likely(self, link_type: LinkType, rounds: int) -> Likely:
        """The probable pairs of a type after so many rounds."""
        # A type that nothing else speaks for is the same in every round.
        key = link_type.id, rounds if self._connections.ways(link_type) else 0
        if key not in self._likely:
            made = self.matching(link_type, rounds)
            records = made.records
            self._likely[key] = Likely(records.left_uids, records.right_uids, made.pairs, made.scores())
        return self._likely[key]
