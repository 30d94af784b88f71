"""Links and merges of confirmed link types: made, and made again where what they depend on has changed."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from bifrost.catalog import Progress
from bifrost.links import LinkKind, LinkState, LinkType, Matched
from bifrost.ports import Linker, ProgressSink, ReplaceReport, Store
from bifrost.values import digest_of

__all__ = ["LinkApplication"]

_DECIDED = LinkState.CONFIRMED, LinkState.REJECTED


@dataclass
class LinkApplication:
    """``matched`` is called when the pairs of a same-thing link type were compared."""

    store: Store
    linker: Linker
    matched: Callable[[LinkType, Matched], object] = lambda *_: None

    def apply(self, link_type: LinkType, track: ProgressSink = lambda _: None) -> ReplaceReport:
        """Makes the links (or merges) of a confirmed link type what they should be now."""
        links, data = self.store.links, self.store.linking_data()
        judgements = links.judgements()
        if link_type.kind is LinkKind.SAME_THING:
            same = self.linker.same(link_type, data, judgements, track, links.link_types(_DECIDED))
            report = links.write_same(link_type, same.pairs)
            self.matched(link_type, same.matched)
        elif link_type.kind is LinkKind.SAME_CONCEPT:
            return ReplaceReport()
        else:
            known = links.link_types(_DECIDED)
            made_from = self._rule(link_type, self._counting(link_type)), self.store.fragments.version()
            report = links.write_links(link_type, self.linker.links(link_type, data, judgements, track, known))
            for name, value in zip(_applied(link_type), made_from, strict=True):
                self.store.log.set_projection_position(name, value)
        made = report.added + report.changed + report.unchanged
        track(Progress("link", link_type.name, made, made, "done"))
        return report

    def is_current(self, link_type: LinkType) -> bool:
        """Whether a link type's links still are what applying it would make. Merges keep track of that themselves."""
        rule, version = (self.store.log.projection_position(name) for name in _applied(link_type))
        if link_type.kind is LinkKind.SAME_THING:
            return False
        counting = self._counting(link_type)
        if rule != self._rule(link_type, counting):
            return False
        ends = [link_type.tail, link_type.head, link_type.through or link_type.head]
        ends += [end for other in counting for end in (other.tail, other.head)]
        return not self.store.fragments.changed_since(version, {(end.source, end.dataset) for end in ends})

    def _counting(self, link_type: LinkType) -> list[LinkType]:
        """The other link types that count for the links of this one."""
        if link_type.kind is not LinkKind.MENTION:
            return []
        return self.linker.counting(link_type, self.store.linking_data(), self.store.links.link_types(_DECIDED))

    def _rule(self, link_type: LinkType, counting: Sequence[LinkType]) -> int:
        """A number for everything that its links depend on besides the records; never 0."""
        t = link_type
        others = [(c.id, dict(c.transform), c.condition) for c in counting]
        said = (t.id, t.name, t.state, dict(t.transform), t.condition, t.threshold, *others)
        answers = [(j.id, j.undone_at) for j in self.store.links.judgements(subject_prefix=t.id, include_undone=True)]
        digest = digest_of((repr((self.linker.version, said, answers)).encode(),))
        return int.from_bytes(digest[:7], "big") + 1

    def apply_accepted(self, link_type: LinkType) -> ReplaceReport:
        """Makes the links of a type that was just confirmed, and the merges of others that count them."""
        return self.apply(link_type) + self.apply_resting_on(link_type)

    def apply_resting_on(self, link_type: LinkType) -> ReplaceReport:
        """After an answer about a link type: makes the merges of other types, which count its links, what they should be now."""
        known = self.store.links.link_types(_DECIDED)
        report = ReplaceReport()
        for one in self.linker.resting_on(link_type, self.store.linking_data(), known):
            report += self.apply(one)
        return report


def _applied(link_type: LinkType) -> tuple[str, str]:
    """Under which names it is kept by which rule, and up to which version of the records, a link type was applied."""
    return f"links {link_type.id} by", f"links {link_type.id} up to"
