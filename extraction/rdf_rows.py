"""Subjects of RDF files become vertices, their object properties edges.

The records come from connectors/_files_rdf.py: what the files say about one subject, as JSON. A thing's uid is made of its
IRI alone, not of its class, so that links find it and a change of its class does not make it another thing.
"""

from collections import Counter
from collections.abc import Iterator, Mapping
from typing import Any

import orjson

from bifrost.codec import decode_value
from bifrost.values import (
    DatasetInfo,
    Evidence,
    Fragment,
    LinkStatement,
    RecordFragments,
    RowBatch,
    Value,
    digest_of,
    make_uid,
)

__all__ = ["RdfMapper"]

_FOLDER = "rdf"
_EVIDENCE = Evidence("rdf")


class RdfMapper:
    """Maps the subjects of one class."""

    def __init__(
        self,
        source: str,
        dataset: DatasetInfo,
        vertex_type: str,
        catalog: Mapping[str, DatasetInfo],
        types: Mapping[str, str],
    ) -> None:
        self._source, self._vertex_type = source, vertex_type

    def digests(self, batch: RowBatch) -> list[bytes]:
        """The digests of :meth:`map`."""
        said = batch.table.column("said").to_pylist()
        return [self._digest(key, text) for key, text in zip(batch.keys, said, strict=True)]

    def map(self, batch: RowBatch) -> list[RecordFragments]:
        """One RecordFragments per row, in order."""
        said = batch.table.column("said").to_pylist()
        return [self._record(key, text) for key, text in zip(batch.keys, said, strict=True)]

    def _record(self, key: str, text: str) -> RecordFragments:
        said = orjson.loads(text)
        uid = self._uid(key)
        evidence = {name: Evidence("rdf", column=iri) for name, iri in said["predicates"].items()}
        fragment = Fragment(uid, self._vertex_type, _properties(said["properties"]), _EVIDENCE, evidence)
        return RecordFragments(key, self._digest(key, text), (fragment,), tuple(self._links(uid, said["links"])))

    def _digest(self, key: str, text: str) -> bytes:
        return digest_of([b"rdf 1", self._vertex_type.encode(), key.encode(), text.encode()])

    def _links(self, uid: str, links: list[Any]) -> Iterator[LinkStatement]:
        seen: Counter[str] = Counter()
        for link in links:
            name = f"{uid}#{link['predicate']}>{link['key']}"
            seen[name] += 1
            own = name if seen[name] == 1 else f"{name}#{seen[name]}"
            evidence = Evidence("rdf", column=link["predicate"])
            head = self._uid(link["key"])
            yield LinkStatement(own, link["label"], uid, head, _properties(link["properties"]), evidence)

    def _uid(self, key: str) -> str:
        return make_uid(self._source, _FOLDER, key)


def _properties(data: Mapping[str, list[Any]]) -> dict[str, tuple[Value, ...]]:
    return {name: tuple(decode_value(value) for value in values) for name, values in data.items()}
