"""What a graph says about one subject: the properties and links of a vertex."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from hashlib import blake2b
from typing import Any
from urllib.parse import unquote

import pyoxigraph as ox

from bifrost.values import Value
from connectors._rdf_terms import RDF, REIFIES, SUBJECT, TYPE, Vocabulary, literal_value

__all__ = ["Said", "SaidLink", "Subjects"]

_FIRST, _REST = ox.NamedNode(f"{RDF}first"), ox.NamedNode(f"{RDF}rest")
_PREDICATE, _OBJECT = ox.NamedNode(f"{RDF}predicate"), ox.NamedNode(f"{RDF}object")
_NIL = ox.NamedNode(f"{RDF}nil")
_LABEL = "http://www.w3.org/2000/01/rdf-schema#label"
_MOST_MEMBERS = 10_000
_DEPTH = 8
_MOST_DIGESTS = 200_000


@dataclass(frozen=True, slots=True)
class SaidLink:
    predicate: str
    label: str
    key: str
    properties: dict[str, list[Value]]


@dataclass(frozen=True, slots=True)
class Said:
    """``predicates`` maps a property to the IRI of its predicate."""

    properties: dict[str, list[Value]] = field(default_factory=dict)
    predicates: dict[str, str] = field(default_factory=dict)
    links: list[SaidLink] = field(default_factory=list)


class Subjects:
    """Reads subjects of one graph."""

    def __init__(self, store: ox.Store, vocabulary: Vocabulary) -> None:
        self._store, self._vocabulary = store, vocabulary
        self._reified = any(
            next(store.quads_for_pattern(None, predicate, None, None), None) is not None
            for predicate in (SUBJECT, REIFIES)
        )
        self._digests: dict[tuple[Any, int], str] = {}
        self._statements_of: tuple[Any, dict[Any, list[Any]]] = (None, {})

    def key(self, node: Any) -> str:
        """The IRI; for a blank node a digest of what it says and of who names it, the same at every reading."""
        return str(node.value) if isinstance(node, ox.NamedNode) else f"_:{self._digest(node, _DEPTH)}"

    def read(self, node: Any) -> Said:
        said = Said()
        if isinstance(node, ox.NamedNode):
            said.properties["iri"] = [node.value]
        types = self._vocabulary.types(node)
        main = self._vocabulary.class_of(node)
        others = [
            self._vocabulary.name(iri) for iri in types if iri != main and not iri.startswith("http://www.w3.org/")
        ]
        if others:
            self._add(said, "types", TYPE.value, list(dict.fromkeys(others)))
        predicates: dict[str, list[Any]] = {}
        for quad in self._store.quads_for_pattern(node, None, None, None):
            if quad.predicate != TYPE:
                predicates.setdefault(quad.predicate.value, []).append(quad.object)
        for iri in sorted(predicates):
            self._say(said, node, iri, predicates[iri])
        self._drop_repeated_label(said, node)
        return said

    def _say(self, said: Said, node: Any, predicate: str, objects: list[Any]) -> None:
        name = self._vocabulary.name(predicate)
        values: list[Value] = []
        for term in sorted(self._flat(objects), key=_order):
            if isinstance(term, ox.Literal):
                values.append(literal_value(term))
            elif isinstance(term, ox.NamedNode | ox.BlankNode):
                if self._vocabulary.class_of(term) is not None:
                    said.links.extend(self._links(node, predicate, name, term))
                elif isinstance(term, ox.NamedNode):
                    values.append(self._shown(term))
        if values:
            self._add(said, name, predicate, values)

    def _shown(self, term: ox.NamedNode) -> str:
        """A term of an ontology by its name, another resource that nothing is said about by its IRI."""
        known = next(self._store.quads_for_pattern(term, None, None, None), None) is not None
        return self._vocabulary.name(term.value) if known else str(term.value)

    def _add(self, said: Said, name: str, predicate: str, values: list[Value]) -> None:
        known = said.properties.setdefault(name, [])
        # To Python true is 1.
        seen = {(value, isinstance(value, bool)) for value in known}
        for value in values:
            if (value, isinstance(value, bool)) not in seen:
                seen.add((value, isinstance(value, bool)))
                known.append(value)
        said.predicates.setdefault(name, predicate)

    def _drop_repeated_label(self, said: Said, node: Any) -> None:
        """A label that only repeats another property, or the IRI, is how RDF shows things, not what they are called."""
        for name in [name for name, predicate in said.predicates.items() if predicate == _LABEL]:
            others = {value for other, values in said.properties.items() if other != name for value in values}
            others.add(unquote(str(node.value).rpartition("/")[2]))
            if all(value in others for value in said.properties[name]):
                del said.properties[name], said.predicates[name]

    # ---- lists, statements about links, blank nodes

    def _flat(self, objects: list[Any]) -> Iterator[Any]:
        """Members instead of lists."""
        for term in objects:
            members = 0
            if term == _NIL:
                continue
            while (first := self._object(term, _FIRST)) is not None and members < _MOST_MEMBERS:
                yield first
                members += 1
                term = self._object(term, _REST)
            if not members:
                yield term

    def _links(self, node: Any, predicate: str, label: str, head: Any) -> Iterator[SaidLink]:
        """One link, or one per statement that is made about it."""
        key = self.key(head)
        statements = list(self._statements(node, predicate, head)) if self._reified else []
        for statement in sorted(statements, key=str) or [None]:
            yield SaidLink(predicate, label, key, {} if statement is None else self._about(statement))

    def _statements(self, node: Any, predicate: str, head: Any) -> Iterator[Any]:
        named = ox.NamedNode(predicate)
        yield from dict.fromkeys(self._reified_by(node).get((named, head), ()))
        for quad in self._store.quads_for_pattern(None, REIFIES, ox.Triple(node, named, head), None):
            yield quad.subject

    def _reified_by(self, node: Any) -> dict[Any, list[Any]]:
        """(predicate, object) -> statements with this subject; read once, because a thing may have many links."""
        if self._statements_of[0] != node:
            found: dict[Any, list[Any]] = {}
            for quad in self._store.quads_for_pattern(None, SUBJECT, node, None):
                about = self._object(quad.subject, _PREDICATE), self._object(quad.subject, _OBJECT)
                found.setdefault(about, []).append(quad.subject)
            self._statements_of = (node, found)
        return self._statements_of[1]

    def _about(self, statement: Any) -> dict[str, list[Value]]:
        """The literals of a statement, without annotations such as scores and origins."""
        found: dict[str, list[Value]] = {}
        quads = self._store.quads_for_pattern(statement, None, None, None)
        for quad in sorted(quads, key=lambda one: (one.predicate.value, _order(one.object))):
            predicate = quad.predicate.value
            if isinstance(quad.object, ox.Literal) and not self._vocabulary.is_annotation(predicate):
                values = found.setdefault(self._vocabulary.name(predicate), [])
                value = literal_value(quad.object)
                if value not in values:
                    values.append(value)
        return found

    def _digest(self, node: Any, depth: int) -> str:
        if (node, depth) not in self._digests:
            parts = [
                f"> {quad.predicate.value} {self._told(quad.object, depth)}"
                for quad in self._store.quads_for_pattern(node, None, None, None)
            ]
            parts += [
                f"< {quad.predicate.value} {self._told(quad.subject, depth)}"
                for quad in self._store.quads_for_pattern(None, None, node, None)
                if isinstance(quad.subject, ox.NamedNode) or depth == _DEPTH
            ]
            if len(self._digests) > _MOST_DIGESTS:
                self._digests.clear()
            self._digests[node, depth] = blake2b("\n".join(sorted(parts)).encode(), digest_size=12).hexdigest()
        return self._digests[node, depth]

    def _told(self, term: Any, depth: int) -> str:
        if isinstance(term, ox.BlankNode):
            return self._digest(term, depth - 1) if depth else "_"
        return str(term)

    def _object(self, node: Any, predicate: ox.NamedNode) -> Any:
        if not isinstance(node, ox.NamedNode | ox.BlankNode):
            return None
        quad = next(self._store.quads_for_pattern(node, predicate, None, None), None)
        return None if quad is None else quad.object


def _order(term: Any) -> tuple[bool, bool, str]:
    """Texts without a language or in English first: the first value is the one to show."""
    language = term.language if isinstance(term, ox.Literal) else None
    foreign = bool(language) and not str(language).lower().startswith("en")
    return foreign, isinstance(term, ox.BlankNode), str(term)
