"""Links that the finished graph probably lacks, with the paths that speak for them. Nothing is written."""

from collections.abc import Callable, Iterator, Mapping, Sequence, Set
from dataclasses import dataclass, replace

import numpy as np

from bifrost.errors import InputError, NotFoundError
from bifrost.graph import Edge, Vertex
from bifrost.links import Verdict
from bifrost.ports import GraphView, LinkStore
from linking.prediction.predictor import PredictedLink, Predictor, fit_predictor, options_for
from linking.prediction.triples import Triple

__all__ = ["Prediction", "Predictions", "predict_links", "rejected_pairs"]

LARGEST = 2_000_000
"""Edges; all of them are held in memory while the model learns."""
_PAGE = 5_000
_ASKED = 10


@dataclass(frozen=True, slots=True)
class Prediction:
    """A link from ``tail`` to ``head`` that is not in the graph. ``score`` is its probability among all heads; ``paths`` are
    written out, the one that speaks most for it first."""

    tail: str
    tail_name: str
    head: str
    head_name: str
    score: float
    paths: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Predictions:
    """``serves`` says which model won on held-out links, ``validation`` the filtered MRR there of all that were tried. Both
    are empty where no vertex was ``asked`` for, so that nothing had to be learnt."""

    label: str
    links: tuple[Prediction, ...]
    asked: int
    serves: str
    validation: Mapping[str, float]


def predict_links(
    view: GraphView,
    label: str,
    *,
    limit: int = 20,
    subjects: int = 200,
    linked: bool = False,
    seconds: float = 60.0,
    seed: int = 0,
    rejected: Set[str] = frozenset(),
    report: Callable[[str], None] = lambda _: None,
) -> Predictions:
    """The likeliest missing links of a label, from vertices of the types that have such links to vertices of the types that
    they lead to. Up to ``subjects`` vertices are asked for: those that have no such link yet, or with ``linked`` those that
    have some. Learning takes up to ``seconds`` on one core. ``rejected`` pairs (``tail|head``) are not proposed again.

    Raises NotFoundError for a label that the graph does not have, InputError for a graph that is too large.
    """
    counts = view.label_counts()[1]
    if label not in counts:
        known = ", ".join(sorted(counts)) or "none yet"
        raise NotFoundError(f"The graph has no links called {label!r}.", remedy=f"Choose one of: {known}.")
    if sum(counts.values()) > LARGEST:
        raise InputError(f"The graph has more than {LARGEST:,} links, too many to learn from on one machine.")
    report("reading the graph")
    triples: list[Triple] = [(edge.tail, edge.label, edge.head) for edge in _edges(view)]
    having = {tail for tail, name, _ in triples if name == label}
    leading = {head for _, name, head in triples if name == label}
    tail_types, head_types = _types(view, having), _types(view, leading)
    connected = {end for tail, _, head in triples for end in (tail, head)}
    wanted = having if linked else connected - having
    asked = _chosen(view, wanted, tail_types, subjects, seed)
    if not asked:
        return Predictions(label, (), 0, "", {})
    report(f"learning from {len(triples):,} links")
    decoder, encoder = options_for(triples, seconds=seconds, seed=seed)
    predictor = fit_predictor(triples, options=replace(decoder, seed=seed), encoder=encoder, report=report)
    report(f"asking for {len(asked):,} vertices")
    found = _best(view, predictor, label, asked, head_types)
    found = [link for link in found if f"{link.head}|{link.tail}" not in rejected][:limit]
    links = tuple(_named(view, found))
    return Predictions(label, links, len(asked), predictor.serves, predictor.validation)


def rejected_pairs(links: LinkStore, label: str) -> frozenset[str]:
    """The pairs, as ``tail|head``, of which people said last that they have no such link."""
    said: dict[str, Verdict] = {}
    for link_type in links.link_types():
        if link_type.name == label:
            for judgement in links.judgements(subject_prefix=f"{link_type.id}|"):
                said[judgement.subject.partition("|")[2]] = judgement.verdict
    return frozenset(pair for pair, verdict in said.items() if verdict in (Verdict.REJECT, Verdict.DELETE))


def _edges(view: GraphView) -> Iterator[Edge]:
    after = None
    while True:
        page = view.edges(after=after, limit=_PAGE)
        yield from page.items
        after = page.cursor
        if after is None:
            return


def _vertices(view: GraphView, ids: Sequence[str]) -> Iterator[Vertex]:
    for start in range(0, len(ids), _PAGE):
        yield from view.vertices_by_id(ids[start : start + _PAGE])


def _types(view: GraphView, ids: set[str]) -> set[str]:
    return {vertex.label for vertex in _vertices(view, sorted(ids))}


def _chosen(view: GraphView, ids: set[str], types: set[str], count: int, seed: int) -> list[str]:
    fitting = [vertex.id for vertex in _vertices(view, sorted(ids)) if vertex.label in types]
    if len(fitting) <= count:
        return fitting
    return sorted(np.random.default_rng(seed).choice(fitting, count, replace=False).tolist())


def _best(
    view: GraphView, predictor: Predictor, label: str, asked: Sequence[str], types: set[str]
) -> list[PredictedLink]:
    candidates = [link for id in asked for link in predictor.tails(id, label, limit=_ASKED)]
    fitting = {v.id for v in _vertices(view, sorted({link.tail for link in candidates})) if v.label in types}
    return sorted((link for link in candidates if link.tail in fitting), key=lambda link: -link.score)


def _named(view: GraphView, links: Sequence[PredictedLink]) -> Iterator[Prediction]:
    ids = {id for link in links for path in link.paths for id in path.vertices}
    ids |= {id for link in links for id in (link.head, link.tail)}
    names = {vertex.id: f"{vertex.label} {vertex.display_name()}" for vertex in _vertices(view, sorted(ids))}
    for link in links:
        paths = tuple(_written(path.vertices, path.relations, names) for path in link.paths)
        yield Prediction(link.head, names[link.head], link.tail, names[link.tail], round(link.score, 4), paths)


def _written(vertices: Sequence[str], relations: Sequence[str], names: Mapping[str, str]) -> str:
    """``Order 7 -[ordered by]-> Customer 3 <-[account of]- Mail 12``."""
    text = names[vertices[0]]
    for relation, vertex in zip(relations, vertices[1:], strict=True):
        arrow = f" <-[{relation[1:]}]- " if relation.startswith("^") else f" -[{relation}]-> "
        text += arrow + names[vertex]
    return text
