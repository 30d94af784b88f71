"""The next snapshot out of the last one and what changed since: tables are spliced, decoded columns carried over."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from graphstore.gremlin.arrays import EdgeTable, Snapshot, Texts, VertexTable
from graphstore.gremlin.columns import Column, ColumnBuilder
from graphstore.gremlin.pace import Check, unchecked
from graphstore.gremlin.sqlelements import decoded

__all__ = ["patched"]

Piece = tuple[int, int] | int
"""A run (from, to) of old rows, or the position of a new row."""


def patched(
    old: Snapshot,
    position: int,
    names: dict[int, str],
    vertices: tuple[set[int], Sequence[Sequence[Any]]],
    edges: tuple[set[int], Sequence[Sequence[Any]]],
    check: Check = unchecked,
) -> Snapshot:
    """``vertices`` and ``edges`` are the ids that changed and the rows, ordered by id, that they have now."""
    touched, rows = vertices
    new_vertices = VertexTable.of(rows)
    vertex_pieces = _pieces(old.numbers, touched, new_vertices.numbers)
    meta = {number: text for number, text in old.meta.items() if number not in touched} | new_vertices.meta
    vertex_table = VertexTable(
        _spliced(old.numbers, new_vertices.numbers, vertex_pieces),
        _joined(old.uids, new_vertices.uids, vertex_pieces),
        _spliced(old.labels, new_vertices.labels, vertex_pieces),
        _joined(old.texts, new_vertices.texts, vertex_pieces),
        meta,
    )
    touched_edges, edge_rows = edges
    new = EdgeTable.of(edge_rows)
    pieces = _pieces(old.edge_numbers, touched_edges, new.numbers)
    edge_table = EdgeTable(
        _spliced(old.edge_numbers, new.numbers, pieces),
        _joined(old.edge_uids, new.uids, pieces),
        _spliced(old.edge_labels, new.labels, pieces),
        _spliced(old.tail_numbers(), new.tails, pieces),
        _spliced(old.head_numbers(), new.heads, pieces),
        _joined(old.edge_texts, new.texts, pieces),
        _spliced(old.edge_scores, new.scores, pieces),
    )
    snapshot = Snapshot(position, names, vertex_table, edge_table, old.eager, check)
    snapshot.columns, snapshot.complete = _columns(old, snapshot, vertex_pieces, check), old.complete
    return snapshot


def _pieces(numbers: NDArray[np.int64], touched: set[int], new: NDArray[np.int64]) -> list[Piece]:
    wanted = np.array(sorted(touched), np.int64)
    places = np.searchsorted(numbers, wanted)
    there = places < len(numbers)
    there[there] = numbers[places[there]] == wanted[there]
    events = [(place, 1, 0) for place in places[there].tolist()]
    events += [(place, 0, index) for index, place in enumerate(np.searchsorted(numbers, new).tolist())]
    pieces: list[Piece] = []
    cursor = 0
    for place, removed, index in sorted(events):
        if place > cursor:
            pieces.append((cursor, place))
            cursor = place
        if removed:
            cursor = place + 1
        else:
            pieces.append(index)
    pieces.append((cursor, len(numbers)))
    return pieces


def _spliced(old: NDArray[Any], new: NDArray[Any], pieces: list[Piece]) -> NDArray[Any]:
    return np.concatenate([new[p : p + 1] if isinstance(p, int) else old[p[0] : p[1]] for p in pieces])


def _joined(old: Texts, new: Texts, pieces: list[Piece]) -> Texts:
    return old.joined([Texts.of([new[p]]) if isinstance(p, int) else p for p in pieces])


def _columns(old: Snapshot, new: Snapshot, pieces: list[Piece], check: Check) -> dict[str, Column]:
    place = np.full(old.size, -1, np.int64)
    fresh: list[int] = []
    at = 0
    for piece in pieces:
        if isinstance(piece, int):
            fresh.append(at)
            at += 1
        else:
            place[piece[0] : piece[1]] = np.arange(at, at + piece[1] - piece[0])
            at += piece[1] - piece[0]
    kept = np.flatnonzero(place >= 0)
    builders: dict[str, ColumnBuilder] = {}
    for key, column in list(old.columns.items()):
        check()
        builder = builders[key] = ColumnBuilder(new.size)
        builder.codes[place[kept]] = column.codes[kept]
        builder.known, builder.values = dict(column.known), list(column.values)
        builder.more = {int(place[i]): values for i, values in column.more.items() if place[i] >= 0}
    for index in fresh:
        for key, values in decoded(new.texts[index]).items():
            if old.complete or key in builders:
                builders.setdefault(key, ColumnBuilder(new.size)).add(index, values)
    return {key: builder.column() for key, builder in builders.items()}
