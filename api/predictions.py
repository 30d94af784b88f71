"""Links that the finished graph probably lacks, with the paths that speak for them. Nothing is written."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from typing import TypeAlias

import numpy as np

from api.kept_predictions import KeptPredictions, Prediction, PredictionOptions, Predictions
from bifrost.errors import InputError, NotFoundError
from bifrost.graph import Edge, Vertex
from bifrost.links import Verdict
from bifrost.ports import GraphView, LinkStore, Store
from bifrost.values import digest_of
from linking.prediction.predictor import PredictedLink, Predictor, fit_predictor, options_for
from linking.prediction.triples import Triple

__all__ = ["find_links", "known_links", "predict_links", "rejected_pairs"]

_FORMAT = 2
"""To be raised when a change of code gives other predictions."""
LARGEST = 2_000_000
"""Edges; all of them are held in memory while the model learns."""
MOST = 1_000
"""Links that are named at most."""
_PAGE = 5_000
_ASKED = 10


Train: TypeAlias = Callable[[], Predictor]


def predict_links(
    view: GraphView,
    options: PredictionOptions,
    model: Callable[[Train], tuple[Predictor, datetime]] = lambda train: (train(), datetime.now(UTC)),
    report: Callable[[str], None] = lambda _: None,
) -> Predictions:
    """The likeliest missing links of a label, between vertices of types between which there are such links. ``model`` gives
    a trained model and its time; what it is handed trains one.

    Raises NotFoundError for a label that the graph does not have, InputError for a graph that is too large.
    """
    label, seed = options.label, options.seed
    counts = view.label_counts()[1]
    if label not in counts:
        known = ", ".join(sorted(counts)) or "none yet"
        raise NotFoundError(f"The graph has no links called {label!r}.", remedy=f"Choose one of: {known}.")
    if sum(counts.values()) > LARGEST:
        raise InputError(f"The graph has more than {LARGEST:,} links, too many to learn from on one machine.")
    report("reading the graph")
    triples: list[Triple] = [(edge.tail, edge.label, edge.head) for edge in _edges(view)]
    having = {tail for tail, name, _ in triples if name == label}
    between = {(tail, head) for tail, name, head, _ in view.edge_patterns() if name == label}
    connected = {end for tail, _, head in triples for end in (tail, head)}
    wanted = having if options.linked else connected - having
    asked = _chosen(view, wanted, {tail for tail, _ in between}, options.subjects, seed)
    if not asked:
        return Predictions(label, (), 0, "", {})

    def train() -> Predictor:
        report(f"learning from {len(triples):,} links")
        decoder, encoder = options_for(triples, seconds=options.seconds, seed=seed)
        return fit_predictor(triples, options=replace(decoder, seed=seed), encoder=encoder, report=report)

    predictor, learnt = model(train)
    report(f"asking for {len(asked):,} vertices")
    found = _best(view, predictor, label, asked, between)[:MOST]
    links = tuple(_named(view, found))
    return Predictions(label, links, len(asked), predictor.serves, predictor.validation, learnt)


def find_links(
    store: Store,
    kept: KeptPredictions,
    options: PredictionOptions,
    *,
    limit: int = 20,
    report: Callable[[str], None] = lambda _: None,
) -> Predictions:
    """The likeliest missing links of a label (see :func:`predict_links`), by what is kept where the graph did
    not change; without those that people rejected."""
    known = known_links(store, kept, options, limit=limit)
    if known is not None:
        return known
    # The state is read before the graph: what changes meanwhile makes it be learnt again.
    state = _state(store)
    found = predict_links(store.view(), options, lambda train: kept.model(state, options, train), report)
    # What was removed meanwhile must not be written down again.
    if found.asked and _state(store) == state:
        kept.keep(state, options, found)
    return _unrejected(store, options, found, limit)


def known_links(
    store: Store, kept: KeptPredictions, options: PredictionOptions, *, limit: int = 20
) -> Predictions | None:
    """What :func:`find_links` gives where it has nothing to learn or to look for; None where it has."""
    found = kept.answer(_state(store), options)
    return None if found is None else _unrejected(store, options, found, limit)


def _unrejected(store: Store, options: PredictionOptions, found: Predictions, limit: int) -> Predictions:
    rejected = rejected_pairs(store.links, options.label)
    links = tuple(one for one in found.links if f"{one.tail}|{one.head}" not in rejected)
    return replace(found, links=links[:limit])


def _state(store: Store) -> str:
    """Changes with every change of the graph."""
    counts = sorted(store.view().label_counts()[1].items())
    return digest_of((repr((_FORMAT, store.log.position(), counts)).encode(),)).hex()[:16]


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


def _chosen(view: GraphView, ids: set[str], types: set[str], count: int, seed: int) -> list[str]:
    fitting = [vertex.id for vertex in _vertices(view, sorted(ids)) if vertex.label in types]
    if len(fitting) <= count:
        return fitting
    return sorted(np.random.default_rng(seed).choice(fitting, count, replace=False).tolist())


def _best(
    view: GraphView, predictor: Predictor, label: str, asked: Sequence[str], between: set[tuple[str, str]]
) -> list[PredictedLink]:
    """``between`` are the types of both ends that such links have."""
    candidates = [link for id in asked for link in predictor.tails(id, label, limit=_ASKED)]
    ends = {end for link in candidates for end in (link.head, link.tail)}
    types = {vertex.id: vertex.label for vertex in _vertices(view, sorted(ends))}
    fitting = [link for link in candidates if (types.get(link.head, ""), types.get(link.tail, "")) in between]
    return sorted(fitting, key=lambda link: -link.score)


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
