"""What people taught, carried between projects: written for others here, and taken over from others."""

from dataclasses import dataclass

from api.ports import Learnt, Moved
from api.review import Review
from bifrost.links import LinkKind, LinkState
from bifrost.ports import Linker, LinkStore
from linking.kept_knowledge import Imported, KeptKnowledge
from linking.knowledge import export_knowledge

__all__ = ["Carrying"]

_MOVED = 0.02


@dataclass(frozen=True, slots=True)
class Carrying:
    """Open proposals are scored again at once; pairs of records follow with the next build."""

    links: LinkStore
    review: Review
    linker: Linker
    kept: KeptKnowledge

    def export(self) -> bytes:
        """What people taught here, as a file for another project: features and verdicts, no names and no values."""
        matched = [
            self.review.matched(link_type)
            for link_type in self.links.link_types((LinkState.CONFIRMED,))
            if link_type.kind is LinkKind.SAME_THING
        ]
        lessons = [one.lesson for one in matched if one is not None and one.lesson is not None]
        return export_knowledge(self.links.link_types(), self.links.judgements(), lessons)

    def imports(self) -> list[Imported]:
        """What was taken over and counts, newest first."""
        return self.kept.imports()

    def add(self, content: bytes, by: str, name: str = "") -> Learnt:
        """Takes a file over. Raises InputError, ConflictError."""
        return Learnt(self.kept.add(content, by, name), self._rescored())

    def remove(self, id: str) -> Learnt:
        """Takes an import back. Raises NotFoundError."""
        return Learnt(self.kept.remove(id), self._rescored())

    def _rescored(self) -> tuple[Moved, ...]:
        """What moved since what was taken over changed."""
        before = {one.id: one for one in self.links.link_types()}
        after = self.linker.rescore(list(before.values()), self.links.judgements())
        self.links.save_link_types(after)
        self.review.accept()
        return tuple(
            Moved(one.id, one.name, before[one.id].probability, one.probability)
            for one in after
            if one.state is LinkState.PROPOSED
            and one.id in before
            and abs(one.probability - before[one.id].probability) > _MOVED
        )
