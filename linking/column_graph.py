"""The graph over which the column GNN passes messages: columns, tables, sources, and where values are found again."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from linking.names import is_id_name, table_words
from linking.profiles import ColumnProfile
from linking.references import ReferenceCandidate
from linking.semantics import NameVectors, spoken

__all__ = ["KINDS", "ColumnGraph", "build_graph", "node_features"]

KINDS = ("integer", "number", "date", "boolean", "code", "name", "text")
_WIDTH = 24


@dataclass(frozen=True, slots=True)
class ColumnGraph:
    """``columns`` float32 [n, features]; ``column_names`` [n, d] and ``table_names`` [t, d] by the encoder (zeros without).

    ``table_of`` [n] and ``source_of`` [t] are indices. ``tail`` and ``head`` [m] are the candidates' columns, and
    ``candidates`` [m, f] their explicit features, in the order of ``feature_names``; NaN where one is missing.
    """

    columns: NDArray[np.float32]
    column_names: NDArray[np.float32]
    table_names: NDArray[np.float32]
    table_of: NDArray[np.int64]
    source_of: NDArray[np.int64]
    tail: NDArray[np.int64]
    head: NDArray[np.int64]
    candidates: NDArray[np.float32]
    feature_names: tuple[str, ...]


def node_features(p: ColumnProfile) -> list[float]:
    """What a column says of itself, without its name: ``_WIDTH`` numbers, mostly in [0, 1]."""
    log = math.log10
    return [
        *(float(p.kind == kind) for kind in KINDS),
        log(1 + p.rows) / 6,
        log(1 + p.distinct) / 6,
        min(p.uniqueness, 1.0),
        p.null_share,
        float(p.key_like),
        float(is_id_name(p.said)),
        min(p.position, 20) / 20,
        float(p.position == 0),
        min(p.mean_length, 60) / 60,
        min(p.mean_words, 10) / 10,
        p.digit_share,
        p.letter_share,
        log(1 + abs(p.high)) / 6,
        log(1 + abs(p.low)) / 6,
        float(bool(p.prefix)),
        float(p.multivalued),
        p.shapes[0][1] if p.shapes else 0.0,
    ]


def build_graph(
    profiles: Sequence[ColumnProfile],
    candidates: Sequence[ReferenceCandidate],
    names: Sequence[str],
    vectors: NameVectors | None,
    dimension: int = 384,
) -> ColumnGraph:
    """The graph of all columns of a workspace; ``names`` chooses and orders the candidates' features."""
    place = {p.id: i for i, p in enumerate(profiles)}
    tables = list(dict.fromkeys((p.source, p.dataset) for p in profiles))
    sources = list(dict.fromkeys(source for source, _ in tables))
    table_texts = [" ".join(table_words(dataset)) or dataset for _, dataset in tables]
    column_texts = [spoken(p.said) for p in profiles]
    if vectors is not None:
        column_names, table_names = vectors.matrix(column_texts), vectors.matrix(table_texts)
    else:
        column_names = np.zeros((len(profiles), dimension), np.float32)
        table_names = np.zeros((len(tables), dimension), np.float32)
    table_place = {table: i for i, table in enumerate(tables)}
    rows = [[c.features.get(name, math.nan) for name in names] for c in candidates]
    return ColumnGraph(
        columns=np.array([node_features(p) for p in profiles], np.float32).reshape(len(profiles), _WIDTH),
        column_names=column_names,
        table_names=table_names,
        table_of=np.array([table_place[p.source, p.dataset] for p in profiles], np.int64),
        source_of=np.array([sources.index(source) for source, _ in tables], np.int64),
        tail=np.array([place[c.tail.id] for c in candidates], np.int64),
        head=np.array([place[c.head.id] for c in candidates], np.int64),
        candidates=np.array(rows, np.float32).reshape(len(candidates), len(names)),
        feature_names=tuple(names),
    )
