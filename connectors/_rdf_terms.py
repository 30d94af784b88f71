"""What classes and properties are called, which things are instances, and values of literals."""

from collections.abc import Iterable, Iterator
from datetime import date, datetime, time
from decimal import Decimal, InvalidOperation
from typing import Any
from urllib.parse import unquote

import pyoxigraph as ox

from bifrost.values import Value

__all__ = ["RDF", "REIFIES", "SUBJECT", "TYPE", "Vocabulary", "literal_value"]

_RDF = "http://www.w3.org/1999/02/22-rdf-syntax-ns#"
_RDFS = "http://www.w3.org/2000/01/rdf-schema#"
_OWL = "http://www.w3.org/2002/07/owl#"
_XSD = "http://www.w3.org/2001/XMLSchema#"
_SKOS = "http://www.w3.org/2004/02/skos/core#"

RDF = _RDF
TYPE = ox.NamedNode(f"{_RDF}type")
SUBJECT = ox.NamedNode(f"{_RDF}subject")
REIFIES = ox.NamedNode(f"{_RDF}reifies")
_FIRST = ox.NamedNode(f"{_RDF}first")
_LABELS = tuple(ox.NamedNode(iri) for iri in (f"{_RDFS}label", f"{_SKOS}prefLabel"))
_COMMENTS = tuple(ox.NamedNode(iri) for iri in (f"{_RDFS}comment", f"{_SKOS}definition"))
_SUBCLASS = ox.NamedNode(f"{_RDFS}subClassOf")
_DOMAIN, _RANGE = ox.NamedNode(f"{_RDFS}domain"), ox.NamedNode(f"{_RDFS}range")
_ANNOTATION = ox.NamedNode(f"{_OWL}AnnotationProperty")
_VAGUE = frozenset({f"{_OWL}NamedIndividual", f"{_OWL}Thing", f"{_RDFS}Resource"})
THING = f"{_OWL}Thing"
_REMEMBERED = 200_000

_INTEGERS = frozenset(
    f"{_XSD}{name}"
    for name in (
        "integer", "int", "long", "short", "byte", "nonNegativeInteger", "positiveInteger", "nonPositiveInteger",
        "negativeInteger", "unsignedInt", "unsignedLong", "unsignedShort", "unsignedByte",
    )
)  # fmt: skip
_MOST_DIGITS = 4000


def _boolean(text: str) -> bool:
    return {"true": True, "1": True, "false": False, "0": False}[text]


_PARSERS: dict[str, Any] = {
    **dict.fromkeys(_INTEGERS, int),
    f"{_XSD}decimal": Decimal,
    f"{_XSD}double": float,
    f"{_XSD}float": float,
    f"{_XSD}boolean": _boolean,
    f"{_XSD}date": date.fromisoformat,
    f"{_XSD}dateTime": datetime.fromisoformat,
    f"{_XSD}time": time.fromisoformat,
}


def literal_value(literal: ox.Literal) -> Value:
    """As its XML Schema datatype says; the text itself where it is none that we know, or does not fit it."""
    parse = _PARSERS.get(literal.datatype.value)
    if parse is None or len(literal.value) > _MOST_DIGITS:
        return str(literal.value)
    try:
        return parse(literal.value.strip())  # type: ignore[no-any-return]
    except (ValueError, KeyError, InvalidOperation):
        return str(literal.value)


class Vocabulary:
    """Names and classes of one graph's terms, looked up when needed and remembered."""

    def __init__(self, store: ox.Store) -> None:
        self._store = store
        self._names: dict[str, str] = {}
        self._classes: dict[Any, str | None] = {}
        self._parents: dict[str, frozenset[str]] = {}

    def name(self, iri: str) -> str:
        """The label of a term, English or without a language first, else the last part of its IRI."""
        if iri not in self._names:
            self._names[iri] = self._text(iri, _LABELS) or _local(iri)
        return self._names[iri]

    def comment(self, iri: str) -> str:
        return self._text(iri, _COMMENTS)

    def is_annotation(self, iri: str) -> bool:
        return next(self._quads(ox.NamedNode(iri), TYPE, _ANNOTATION), None) is not None

    def class_of(self, node: Any) -> str | None:
        """The class whose instance a node is, by its IRI: the most special one of those it has; inferred from domains
        and ranges where it has none, then owl:Thing. None for terms of an ontology, lists, statements, unknown IRIs."""
        found = self._classes.get(node, "")
        if found == "":
            found = self._class_of(node)
            if len(self._classes) < _REMEMBERED:
                self._classes[node] = found
        return found

    def _class_of(self, node: Any) -> str | None:
        if not isinstance(node, ox.NamedNode | ox.BlankNode):
            return None
        if next(self._quads(node), None) is None or any(
            next(self._quads(node, predicate), None) is not None for predicate in (_FIRST, SUBJECT, REIFIES)
        ):
            return None
        types = self.types(node)
        if types:
            usual = [iri for iri in types if not iri.startswith((_OWL, _RDFS, _RDF))]
            return self.most_special(usual) if usual else (THING if set(types) & _VAGUE else None)
        return self.most_special(self._inferred(node)) or THING

    def types(self, node: Any) -> list[str]:
        return sorted({quad.object.value for quad in self._quads(node, TYPE) if isinstance(quad.object, ox.NamedNode)})

    def most_special(self, classes: Iterable[str]) -> str | None:
        """The one that is above none of the others; of several, the first by name."""
        wanted = list(dict.fromkeys(classes))
        above = {parent for iri in wanted for parent in self.parents(iri)}
        left = [iri for iri in wanted if iri not in above] or wanted
        return min(left, key=lambda iri: (self.name(iri), iri), default=None)

    def parents(self, iri: str) -> frozenset[str]:
        """All classes above one, without itself."""
        if iri not in self._parents:
            found: set[str] = set()
            front = [iri]
            while front:
                for quad in self._quads(ox.NamedNode(front.pop()), _SUBCLASS):
                    if isinstance(quad.object, ox.NamedNode) and quad.object.value not in found | {iri}:
                        found.add(quad.object.value)
                        front.append(quad.object.value)
            self._parents[iri] = frozenset(found)
        return self._parents[iri]

    def _inferred(self, node: Any) -> Iterator[str]:
        for predicates, end in (
            ({quad.predicate for quad in self._quads(node)}, _DOMAIN),
            ({quad.predicate for quad in self._store.quads_for_pattern(None, None, node, None)}, _RANGE),
        ):
            for predicate in predicates:
                for quad in self._quads(predicate, end):
                    if isinstance(quad.object, ox.NamedNode) and not quad.object.value.startswith((_OWL, _RDFS, _XSD)):
                        yield quad.object.value

    def _text(self, iri: str, predicates: Iterable[ox.NamedNode]) -> str:
        for predicate in predicates:
            texts = [q.object for q in self._quads(ox.NamedNode(iri), predicate) if isinstance(q.object, ox.Literal)]
            if texts:
                best = min(texts, key=lambda text: (not _is_english(text), text.language or "", text.value))
                return " ".join(best.value.split())
        return ""

    def _quads(self, subject: Any, predicate: Any = None, object: Any = None) -> Iterator[ox.Quad]:
        found: Iterator[ox.Quad] = self._store.quads_for_pattern(subject, predicate, object, None)
        return found


def _is_english(text: ox.Literal) -> bool:
    return not text.language or text.language.lower().startswith("en")


def _local(iri: str) -> str:
    part = iri.rstrip("/#")
    for separator in "#/:":
        part = part.rpartition(separator)[2] or part
    return unquote(part) or iri
