"""Neighbourhoods and shortest paths, one statement a level."""

from collections.abc import Iterable, Sequence

from api.graphql.context import Context
from api.graphql.types_graph import EdgeType, SubgraphType, VertexType
from bifrost.errors import InputError, QueryLimitError
from bifrost.graph import Direction, Edge

__all__ = ["MOST_VERTICES", "neighbourhood", "shortest_path"]

MOST_VERTICES = 5000
MOST_DEPTH = 10
_MOST_STARTS = 500
_MOST_LINKS = 100_000
"""Links that one level of a neighbourhood reads, shared among its vertices."""
_PATH_FANOUT = 10_000
_MOST_VISITED = 500_000


def neighbourhood(
    context: Context, ids: Sequence[str], *, depth: int, labels: Sequence[str], limit: int
) -> SubgraphType:
    """Vertices within ``depth`` edges of ``ids``, at most ``limit``, the nearest first, and the edges between them."""
    if not 0 <= depth <= MOST_DEPTH or len(ids) > _MOST_STARTS:
        raise InputError(f"A neighbourhood has at most {_MOST_STARTS} starts and a depth between 0 and {MOST_DEPTH}.")
    starts = context.view.vertices_by_id(ids)
    seen = dict.fromkeys([vertex.id for vertex in starts][:limit])
    truncated = len(starts) > limit
    frontier, edges = list(seen), dict[str, Edge]()
    for _ in range(depth if frontier else 0):
        context.check_time()
        reached: dict[str, None] = {}
        most = max(1, min(limit, _MOST_LINKS // len(frontier)))
        found = context.view.edges_of(frontier, Direction.BOTH, labels, limit=most + 1)
        for id_ in frontier:
            around = found.get(id_, [])
            truncated |= len(around) > most
            for edge in around[:most]:
                other = edge.head if edge.tail == id_ else edge.tail
                if other not in seen and other not in reached:
                    if len(seen) + len(reached) >= limit:
                        truncated = True
                        continue
                    reached[other] = None
                edges[edge.id] = edge
        seen |= reached
        frontier = list(reached)
        if not frontier:
            break
    return _subgraph(context, seen, edges.values(), truncated)


def shortest_path(context: Context, start: str, end: str, *, max_depth: int) -> SubgraphType | None:
    """By bidirectional search, the smaller side first. Of a vertex with very many links only the first are followed: what is
    found then is marked as truncated, for there may be a shorter path.

    Raises QueryLimitError when it spreads too far, or where links that were not followed could have led to a path.
    """
    if not 0 <= max_depth <= 2 * MOST_DEPTH:
        raise InputError(f"maxDepth lies between 0 and {2 * MOST_DEPTH}.")
    first, last = context.view.vertex(start), context.view.vertex(end)
    if first is None or last is None:
        return None
    sides: tuple[dict[str, Edge | None], dict[str, Edge | None]] = ({first.id: None}, {last.id: None})
    frontiers = [[first.id], [last.id]]
    meeting = first.id if first.id == last.id else None
    cut: set[str] = set()
    for _ in range(max_depth):
        if meeting is not None or not (frontiers[0] and frontiers[1]):
            break
        side = 0 if len(frontiers[0]) <= len(frontiers[1]) else 1
        frontiers[side], meeting = _expand(context, frontiers[side], sides[side], sides[1 - side], cut)
    if meeting is None and cut:
        raise QueryLimitError(
            f"No path was found, but of {len(cut)} vertices only the first {_PATH_FANOUT:,} links were followed.",
            remedy="Ask in Gremlin with the labels of the links that may be followed.",
        )
    if meeting is None:
        return None
    edges = [*reversed(_walk(meeting, sides[0])), *_walk(meeting, sides[1])]
    ids, here = [first.id], first.id
    for edge in edges:
        here = edge.head if edge.tail == here else edge.tail
        ids.append(here)
    return _subgraph(context, dict.fromkeys(ids), edges, truncated=bool(cut))


def _expand(
    context: Context, frontier: list[str], own: dict[str, Edge | None], other: dict[str, Edge | None], cut: set[str]
) -> tuple[list[str], str | None]:
    """The next level of one side, and the vertex where it met the other side, if it did. Adds to ``cut`` what has more links."""
    context.check_time()
    if len(own) + len(other) > _MOST_VISITED:
        raise QueryLimitError(f"The search for a path visited more than {_MOST_VISITED} vertices.")
    reached: list[str] = []
    found = context.view.edges_of(frontier, Direction.BOTH, limit=_PATH_FANOUT)
    cut.update(id_ for id_, edges in found.items() if len(edges) >= _PATH_FANOUT)
    for id_ in frontier:
        for edge in found.get(id_, []):
            neighbour = edge.head if edge.tail == id_ else edge.tail
            if neighbour not in own:
                own[neighbour] = edge
                reached.append(neighbour)
                if neighbour in other:
                    return reached, neighbour
    return reached, None


def _walk(id_: str, reached_by: dict[str, Edge | None]) -> list[Edge]:
    """The edges from ``id_`` back to where the side started."""
    edges: list[Edge] = []
    while (edge := reached_by[id_]) is not None:
        edges.append(edge)
        id_ = edge.tail if edge.head == id_ else edge.head
    return edges


def _subgraph(context: Context, ids: Iterable[str], edges: Iterable[Edge], truncated: bool) -> SubgraphType:
    wanted = list(ids)
    found = {vertex.id: vertex for vertex in context.view.vertices_by_id(wanted)}
    return SubgraphType(
        vertices=[VertexType.of(found[id_]) for id_ in wanted if id_ in found],
        edges=[EdgeType.of(edge) for edge in edges if edge.tail in found and edge.head in found],
        truncated=truncated,
    )
