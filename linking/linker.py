"""The linker: finds link types, scores them, learns from answers and applies them."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path

from bifrost.catalog import Progress
from bifrost.errors import InputError
from bifrost.link_columns import LinkColumns
from bifrost.links import TAUGHT, Judgement, LinkEdge, LinkKind, LinkState, LinkType, PairQuestion, SamePairs
from bifrost.ports import Encoder, LinkingData, ProgressSink, TeachRequest
from bifrost.values import digest_of
from linking.alternatives import AGAINST, with_alternatives
from linking.candidates import declared_types, find_references
from linking.collective import Collective, Connections
from linking.describing import Evident, describe
from linking.duplicates import find_duplicates
from linking.join_tables import find_join_tables, join_edges
from linking.joins import reference_edges
from linking.kept_knowledge import KeptKnowledge
from linking.knowledge import WEIGHT, Knowledge
from linking.mentions.apply import mention_edges
from linking.mentions.clues import telling_references
from linking.mentions.kept import KeptScans
from linking.mentions.link_types import find_mentions
from linking.paths import declared_references
from linking.records import KeptTasks, Matching, resolve
from linking.records.port import Links, judged_concepts, pair_answers, same_pairs
from linking.records.questions import choose
from linking.same_concepts import find_same_concepts
from linking.same_tables import find_same_things
from linking.scoring import WEIGHTS, Adapted, adapt, answers, gnn_trust, load_priors
from linking.semantics import NameVectors
from linking.teach import explain_pairs
from linking.workspace import Workspace

__all__ = ["BifrostLinker"]

_RULES = 26
"""To be raised when a change of code gives other proposals."""


class BifrostLinker:
    """Implements :class:`bifrost.ports.Linker`. Keeps a workspace of loaded tables as a cache; ``close`` frees it.

    ``memory_limit`` and ``threads`` bound DuckDB; what does not fit is spilled to a temporary folder. ``knowledge`` is
    what people taught other projects. ``gnn`` is the backend of the column GNN (auto, dgl, torch), None leaves it out; it is
    only used where the shipped one beat the explicit features. ``kept`` is a folder for large matched tables, so that after a
    sync only what it touched is matched again.
    """

    def __init__(
        self,
        encoder: Encoder | None = None,
        *,
        memory_limit: str = "1GB",
        threads: int = 1,
        knowledge: Knowledge | KeptKnowledge | None = None,
        gnn: str | None = "auto",
        kept: Path | None = None,
    ) -> None:
        self.encoder = encoder
        self._gnn = gnn if gnn_trust() else None
        self._knowledge = knowledge or Knowledge()
        self._vectors = NameVectors(encoder) if encoder is not None else None
        self._workspace = Workspace(memory_limit, threads)
        self._tasks = KeptTasks(kept)
        self._scans = KeptScans(kept)

    @property
    def version(self) -> str:
        """The code and weights that proposals come from, and what was carried over."""
        weights = digest_of(path.read_bytes() for path in sorted(WEIGHTS.glob("*.*")))
        carried = repr((sorted(self._carried.examples.items()), self._carried.lessons))
        return f"{_RULES}-{weights.hex()[:12]}-{self.encoder is not None}-{self._gnn}-{digest_of((carried.encode(),)).hex()[:12]}"

    @property
    def _carried(self) -> Knowledge:
        return self._knowledge() if isinstance(self._knowledge, KeptKnowledge) else self._knowledge

    def close(self) -> None:
        """Drops the cache. The linker can be used again."""
        self._workspace.close()

    def forget(self, known: frozenset[str]) -> None:
        """Deletes the matched tasks, and what was found in texts, of all other link types."""
        self._tasks.forget(known)

    def propose(
        self, data: LinkingData, judgements: Sequence[Judgement], known: Sequence[LinkType], progress: ProgressSink
    ) -> list[LinkType]:
        """All link types worth a person's time, most probable first; a judged one keeps its id and is always there."""
        scorers = self._scorers(known, judgements)
        judged = {t.id: t for t in known if t.state is not LinkState.PROPOSED or t.model.startswith(TAUGHT)}
        keep = frozenset(judged)
        progress(Progress("propose", "", 0, 4, "reading and profiling columns"))
        with self._workspace.using(data) as workspace:
            progress(Progress("propose", "", 1, 4, "references"))
            rejected = frozenset(t.id for t in judged.values() if t.state in AGAINST)
            references, between, in_place = find_references(
                workspace, scorers, self._vectors, keep=keep, rejected=rejected, gnn=self._gnn
            )
            progress(Progress("propose", "", 2, 4, "tables about the same things"))
            same = find_same_things(workspace, scorers, references, between, keep=keep, encoder=self.encoder)
            same += find_duplicates(workspace, scorers, references, keep=keep)
            concepts = self._concepts(workspace, scorers, references, same, keep)
            progress(Progress("propose", "", 3, 4, "texts that name records"))
            mentions = find_mentions(data, workspace, scorers, references, keep=keep)
            references = [_not_same(r, same) for r in references if r.id in keep or not _is_same_thing(r, same)]
            decided = [t for t in judged.values() if t.kind is LinkKind.REFERENCE]
            known_references = [r for r in references if r.id not in keep] + decided + declared_types(workspace)
            joins = find_join_tables(workspace, known_references, scorers, keep)
            fresh = {t.id: t for t in (*references, *same, *mentions, *concepts, *joins)}
            evident = Evident(data, workspace, scorers, self._vectors)
            for id, link_type in judged.items():
                fresh[id] = _keep_decision(link_type, _as_judged(evident, link_type, fresh.get(id)))
            others = {r.id: r.otherwise for r in references}
            others |= {id: other for id, other in in_place.items() if other.id in others}
            for id in judged:
                fresh[id] = replace(fresh[id], otherwise=others.get(id))
        progress(Progress("propose", "", 4, 4))
        self.forget(frozenset(fresh))
        return sorted(fresh.values(), key=lambda t: (-t.probability, t.id))

    def _scorers(self, known: Sequence[LinkType], judgements: Sequence[Judgement]) -> Mapping[LinkKind, Adapted]:
        """The priors, adapted by the answers of other projects (at half weight) and of this one."""
        adapted = {}
        for kind, prior in load_priors().items():
            features, labels = answers(kind, known, judgements)
            carried = self._carried.examples.get(kind, ())
            weights = [1.0] * len(features) + [WEIGHT] * len(carried)
            adapted[kind] = adapt(
                prior, [*features, *(f for f, _ in carried)], [*labels, *(y for _, y in carried)], weights
            )
        return adapted

    def _concepts(
        self,
        workspace: Workspace,
        scorers: Mapping[LinkKind, Adapted],
        references: Sequence[LinkType],
        same: Sequence[LinkType],
        keep: frozenset[str],
    ) -> list[LinkType]:
        """Columns that mean the same, except between tables that are linked or matched record by record anyway."""
        likely = [t for t in (*references, *same) if t.probability >= 0.5]
        ends = [
            (workspace.table(t.tail.source, t.tail.dataset), workspace.table(t.head.source, t.head.dataset))
            for t in likely
        ]
        apart = frozenset((a.name, b.name) for a, b in ends if a is not None and b is not None)
        return find_same_concepts(workspace, scorers[LinkKind.SAME_CONCEPT], self._vectors, apart, keep=keep)

    def rescore(self, known: Sequence[LinkType], judgements: Sequence[Judgement]) -> list[LinkType]:
        """All of ``known``, the open proposals with new probabilities from their stored features; what takes the place of
        rejected ones comes with them."""
        known = with_alternatives(known)
        scorers = self._scorers(known, judgements)
        fresh: dict[str, float] = {}
        for kind, scorer in scorers.items():
            open_types = [
                t
                for t in known
                if t.kind is kind and t.state is LinkState.PROPOSED and t.features and not t.model.startswith(TAUGHT)
            ]
            probabilities = scorer.probability([t.features for t in open_types]).tolist()
            fresh.update({t.id: round(p, 6) for t, p in zip(open_types, probabilities, strict=True)})
        result = [replace(t, probability=fresh[t.id]) if t.id in fresh else t for t in known]
        return sorted(result, key=lambda t: (-t.probability, t.id))

    def describe(
        self, data: LinkingData, link_type: LinkType, judgements: Sequence[Judgement], known: Sequence[LinkType]
    ) -> LinkType:
        """The link type with the evidence for what it is now. Raises InputError if it cannot be applied."""
        scorers = self._scorers(known, judgements)
        with self._workspace.using(data) as workspace:
            return describe(Evident(data, workspace, scorers, self._vectors), link_type)

    def teach(self, data: LinkingData, request: TeachRequest) -> list[LinkType]:
        """Link types that explain the example pairs, best first. Raises InputError if none does."""
        with self._workspace.using(data) as workspace:
            evident = Evident(data, workspace, self._scorers(request.known, request.judgements), self._vectors)
            return explain_pairs(evident, request)

    def links(
        self,
        link_type: LinkType,
        data: LinkingData,
        judgements: Sequence[Judgement],
        progress: ProgressSink,
        known: Sequence[LinkType] = (),
    ) -> Iterable[LinkEdge]:
        """The edges of a reference, mention or join table link type; ``known`` types count where a name fits several records."""
        with self._workspace.using(data) as workspace:
            edges: Iterable[LinkEdge]
            if link_type.kind is LinkKind.MENTION:
                edges = mention_edges(workspace, data, link_type, self.counting(link_type, data, known), self._scans)
            elif link_type.kind is LinkKind.JOIN_TABLE:
                edges = join_edges(workspace, link_type)
            else:
                return _sure(reference_edges(workspace, link_type), link_type, progress)
        return _counted(edges, link_type, progress)

    def counting(self, link_type: LinkType, data: LinkingData, known: Sequence[LinkType]) -> list[LinkType]:
        """The other link types whose links decide which of several records of one name a mention means.

        Only those within the sources of the two ends: whoever sees these sees the links, and must not learn more.
        """
        if link_type.kind is not LinkKind.MENTION:
            return []
        sources = {link_type.tail.source, link_type.head.source}
        confirmed = [t for t in known if t.state is LinkState.CONFIRMED]
        within = [t for t in (*confirmed, *declared_references(data)) if {t.tail.source, t.head.source} <= sources]
        return telling_references((link_type.head.source, link_type.head.dataset), within)

    def same(
        self,
        link_type: LinkType,
        data: LinkingData,
        judgements: Sequence[Judgement],
        progress: ProgressSink,
        known: Sequence[LinkType] = (),
    ) -> SamePairs:
        """The scored pairs of a same-thing link type, by what records say and by what ``known`` types link them to."""
        matching = self._matching(link_type, data, judgements, progress, known)
        return same_pairs(matching, pair_answers(link_type.id, judgements))

    def next_pairs(
        self,
        link_type: LinkType,
        data: LinkingData,
        judgements: Sequence[Judgement],
        progress: ProgressSink,
        known: Sequence[LinkType] = (),
        count: int = 10,
    ) -> list[PairQuestion]:
        """The pairs whose answers would help most. What was compared before is not compared again."""
        matching = self._matching(link_type, data, judgements, progress, known)
        return choose(matching, count, pair_answers(link_type.id, judgements))

    def resting_on(self, link_type: LinkType, data: LinkingData, known: Sequence[LinkType]) -> list[LinkType]:
        """The other confirmed same-thing types whose pairs change with this link type."""
        every = [replace(link_type, state=LinkState.CONFIRMED), *(t for t in known if t.id != link_type.id)]
        connections = Connections([*every, *declared_references(data)])
        return [
            t
            for t in every[1:]
            if t.kind is LinkKind.SAME_THING
            and t.state is LinkState.CONFIRMED
            and (link_type.id in connections.rests_on(t) or judged_concepts(t, every[:1]))
        ]

    def _matching(
        self,
        link_type: LinkType,
        data: LinkingData,
        judgements: Sequence[Judgement],
        progress: ProgressSink,
        known: Sequence[LinkType],
    ) -> Matching:
        def matched(one: LinkType, links: Links | None) -> Matching:
            return resolve(
                one, data, judgements, progress, encoder=self.encoder, kept=self._tasks, links=links, known=known,
                lessons=self._carried.lessons,
            )  # fmt: skip

        connections = Connections([*known, *declared_references(data)])
        return Collective(self._workspace, data, connections, matched).matching(link_type)


def _sure(columns: LinkColumns | None, link_type: LinkType, progress: ProgressSink) -> Iterable[LinkEdge]:
    if columns is None:
        return ()
    sure = columns.where(columns.score >= (link_type.threshold or 0.0))
    return replace(sure, passed=lambda made: progress(Progress("link", link_type.name, made, len(sure))))


def _counted(edges: Iterable[LinkEdge], link_type: LinkType, progress: ProgressSink) -> Iterator[LinkEdge]:
    """Those that are sure enough, with their progress."""
    threshold, made = link_type.threshold or 0.0, 0
    for edge in edges:
        if edge.score >= threshold:
            made += 1
            if made % 1_000 == 0:
                progress(Progress("link", link_type.name, made, link_type.estimated_edges or None))
            yield edge


def _is_same_thing(reference: LinkType, same: Sequence[LinkType]) -> bool:
    """Whether a reference between two tables says no more than that both are about the same things.

    That is so for keys, and for attributes such as an e-mail address that both tables have.
    """
    ends = {(reference.tail.source, reference.tail.dataset), (reference.head.source, reference.head.dataset)}
    return (
        len(ends) == 2
        and (reference.cardinality == "one-to-one" or not reference.features.get("head_id_name"))
        and any(
            s.probability >= 0.5 and {(s.tail.source, s.tail.dataset), (s.head.source, s.head.dataset)} == ends
            for s in same
        )
    )


def _not_same(reference: LinkType, same: Sequence[LinkType]) -> LinkType:
    """The reference, without a stand-in that only says that two tables are about the same things."""
    other = reference.otherwise
    return reference if other is None or not _is_same_thing(other, same) else replace(reference, otherwise=None)


def _as_judged(evident: Evident, judged: LinkType, fresh: LinkType | None) -> LinkType | None:
    """Today's evidence for a judged link type: for its own rule and condition where those are not the ones proposed."""
    if fresh is not None and (dict(judged.transform), judged.condition) == (dict(fresh.transform), fresh.condition):
        return fresh
    if fresh is not None and judged.state not in (LinkState.CONFIRMED, LinkState.PROPOSED):
        return fresh
    try:
        return describe(evident, judged)
    except InputError:  # columns that are gone, for example: nothing to tell of it, and building says so
        return None


def _keep_decision(judged: LinkType, fresh: LinkType | None) -> LinkType:
    """A judged link type with today's evidence but its own name, rule and state."""
    if fresh is None:
        return judged
    if judged.state is LinkState.DEFERRED:
        # What was put off is asked again when its evidence changes.
        judged = replace(
            judged, probability=fresh.probability, baseline=fresh.baseline, features=fresh.features, model=fresh.model
        )
    return replace(
        fresh, name=judged.name, state=judged.state, declared=judged.declared, transform=judged.transform,
        condition=judged.condition, threshold=judged.threshold, probability=judged.probability,
        baseline=judged.baseline, features=judged.features or fresh.features, model=judged.model,
    )  # fmt: skip
