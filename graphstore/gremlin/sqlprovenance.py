"""Where the values and edges of the served tables come from: read when a step asks, for many elements together."""

from collections.abc import Mapping, Sequence
from functools import cached_property
from typing import Any

import numpy as np
import orjson
from numpy.typing import NDArray
from sqlalchemy.engine import Connection

from bifrost.codec import decode_value
from bifrost.graph import EdgeOrigin, FragmentOrigin
from graphstore.database import Database
from graphstore.gremlin.ahead import Ahead, groups
from graphstore.gremlin.sqlelements import SCORE, SqlEdge, SqlVertex
from graphstore.gremlin.sqltables import SqlTables
from graphstore.gremlin.sqlwrites import PROVENANCE
from graphstore.provenance import edge_origins, vertex_origins
from graphstore.values import equal_values

__all__ = ["SqlProvenance"]


class SqlProvenance(SqlTables):
    """What graphs over the served tables know of the origin of elements. They note what they find together in
    ``_vertices_found`` and ``_edges_found``."""

    def __init__(self, database: Database, connection: Connection | None) -> None:
        super().__init__(database, connection)
        self._vertices_found = groups()
        self._edges_found = groups()

    @cached_property
    def _origins(self) -> Ahead[list[FragmentOrigin]]:
        return Ahead(self._vertices_found, self._vertex_numbers, self._read_origins, list)

    @cached_property
    def _statements(self) -> Ahead[dict[str, Any]]:
        return Ahead(self._edges_found, self._edge_numbers, self._read_statements, dict)

    @cached_property
    def _scores(self) -> Ahead[float]:
        return Ahead(self._edges_found, self._edge_numbers, self._read_scores, lambda: 1.0)

    def _vertex_numbers(self, together: Any) -> NDArray[np.int64]:
        """The numbers of vertices that were found together."""
        return np.asarray(together, np.int64)

    def _read_origins(self, numbers: Sequence[int]) -> Mapping[int, list[FragmentOrigin]]:
        names = self._with(self._db.label_names)
        found: Mapping[int, list[FragmentOrigin]] = self._with(
            lambda c: vertex_origins(self._db, c, numbers, names),
        )
        return found

    def _edge_numbers(self, together: Any) -> NDArray[np.int64]:
        """The numbers of edges that were found together."""
        return np.asarray(together, np.int64)

    def _read_statements(self, numbers: Sequence[int]) -> dict[int, dict[str, Any]]:
        """Of some edges the statement behind each, by hidden keys."""
        where, parameter = self._among("e.id", numbers)
        ids = dict(self.rows(f"SELECT e.uid, e.id FROM edge e WHERE {where}", parameter))
        origins: Mapping[str, list[EdgeOrigin]] = self._with(lambda c: edge_origins(self._db, c, ids))
        return {ids[uid]: _hidden(found[0]) for uid, found in origins.items()}

    def _read_scores(self, numbers: Sequence[int]) -> dict[int, float]:
        where, parameter = self._among("e.id", numbers)
        return dict(self.rows(f"SELECT e.id, e.score FROM edge e WHERE {where}", parameter))

    def edge_score(self, edge: SqlEdge) -> float:
        """How sure an edge is."""
        return self._scores.of(edge.number)

    def edge_provenance(self, number: int) -> dict[str, Any]:
        """Where an edge came from, by hidden keys."""
        return self._statements.of(number)

    def meta_of(self, vertex: SqlVertex, key: str, value: Any) -> dict[str, list[Any]]:
        """The meta-properties of a value: source, dataset, record, confidence, extractor and time of all who gave it,
        each once and the one that counts most first, and what people set beside it."""
        found: dict[str, dict[Any, None]] = {}
        for origin in self._origins.of(vertex.number):
            if any(equal_values(v, value) for v in origin.properties.get(key, ())):
                evidence = origin.evidence.get(key, origin.default_evidence)
                said = (
                    origin.source, origin.dataset, origin.record, evidence.confidence, evidence.extractor, origin.seen,
                )  # fmt: skip
                for name, one in zip(PROVENANCE, said, strict=True):
                    if one is not None:
                        found.setdefault(name, {})[one] = None
        notes = self.notes_of(vertex, key, value)
        return {name: list(values) for name, values in found.items()} | {name: [one] for name, one in notes.items()}

    def notes_of(self, vertex: SqlVertex, key: str, value: Any) -> dict[str, Any]:
        """The meta-properties that people set beside a value."""
        found: dict[str, Any] = {}
        for origin in self._origins.of(vertex.number):
            notes = origin.default_evidence.notes
            for noted, about in orjson.loads(notes).get(key, ()) if notes else ():
                if equal_values(decode_value(noted), value):
                    found |= {name: decode_value(one) for name, one in about.items()}
        return found


def _hidden(origin: EdgeOrigin) -> dict[str, Any]:
    """The statement behind an edge as hidden properties; what it lacks is left out."""
    found = {
        SCORE: origin.score,
        "~source": origin.source,
        "~dataset": origin.dataset,
        "~record": origin.record,
        "~linkType": origin.link_type,
        "~confidence": origin.evidence.confidence,
        "~extractor": origin.evidence.extractor,
    }
    return {key: value for key, value in found.items() if value is not None}
