"""Publishes the graph into an RDF store and follows the change log, through any SPARQL 1.1 Update endpoint.

The triples, the named graphs and the ontology are those of our own SPARQL service (graphstore/rdf.py). A request takes away
what its elements said before and says what they say now, so that repeating it changes nothing. Values are compared
as values where the copy is verified, because stores may spell a number in another way.
"""

import hashlib
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from decimal import Decimal, InvalidOperation
from typing import Any

import httpx
import pyoxigraph as ox

from bifrost.errors import InputError, StoreUnavailableError
from graphstore.rdf import RDF, RdfMapping
from graphstore.remote_batches import Batch, Comparison, Follower
from graphstore.sql import SqlStore

__all__ = ["RemoteSparql"]

_AT_ONCE = 200
"""Elements per update."""
_XSD = "http://www.w3.org/2001/XMLSchema#"
_DOUBLES = frozenset(f"{_XSD}{name}" for name in ("double", "float"))
_EXACT = frozenset(f"{_XSD}{name}" for name in ("integer", "decimal", "int", "long"))


class RemoteSparql:
    """One target: ``update_url`` takes updates, ``query_url`` (the same unless given) answers queries."""

    name = "sparql"

    def __init__(
        self,
        store: SqlStore,
        update_url: str,
        base_iri: str,
        *,
        query_url: str = "",
        username: str = "",
        password: str = "",
        token: str = "",
        seconds: float = 120.0,
    ) -> None:
        for url in filter(None, (update_url, query_url)):
            if not url.startswith(("http://", "https://")):
                raise InputError(f"{url!r} is no address of a SPARQL endpoint.", remedy="Write http://… or https://….")
        self._store, self._update_url, self._query_url = store, update_url, query_url or update_url
        self._rdf = RdfMapping(store.database, base_iri if base_iri.endswith(("/", "#")) else base_iri + "/")
        self._follower = Follower(store, f"sparql {update_url} {self._rdf.base}")
        headers = {"Authorization": f"Bearer {token}"} if token else {}
        auth = (username, password) if username else None
        self._http = httpx.Client(timeout=seconds, headers=headers, auth=auth)

    # ---- publishing ----------------------------------------------------------------------------------------------------

    def position(self) -> int:
        """How far the target has followed the change log."""
        return self._follower.position()

    def catch_up(self) -> int:
        """Publishes what changed since the last time; returns how many changes. Raises StoreUnavailableError."""
        applied = self._follower.catch_up(self._write)
        if applied:
            self._publish_ontology()
        return applied

    def rebuild(self) -> None:
        """Publishes everything again. What the target has too much stays: empty it before."""
        self._follower.reset()
        self.catch_up()

    def close(self) -> None:
        self._http.close()

    def _write(self, batch: Batch) -> None:
        edges = [*batch.gone_edges, *(edge.id for edge in batch.edges)]
        vertices = [*batch.gone_vertices, *(vertex.id for vertex in batch.vertices)]
        with self._store.database.read() as connection:
            for some in _parts(edges):
                self._update(*self._without_edges(some), *_insertion(self._rdf.edges(connection, some)))
            for some in _parts(vertices):
                self._update(self._without_vertices(some), *_insertion(self._rdf.vertices(connection, some)))

    def _without_edges(self, uids: Sequence[str]) -> Iterator[str]:
        """Plain triples that no other statement reifies, then the statements themselves."""
        stale = " ".join(self._rdf.edge_iri(uid) for uid in uids)
        parts = f"<{RDF}subject> ?s ; <{RDF}predicate> ?p ; <{RDF}object> ?o"
        others = ", ".join(self._rdf.edge_iri(uid) for uid in uids)
        yield (
            f"DELETE {{ GRAPH ?g {{ ?s ?p ?o }} }} WHERE {{ VALUES ?e {{ {stale} }} GRAPH ?g {{ ?e {parts} . }} "
            f"FILTER NOT EXISTS {{ GRAPH ?g {{ ?other {parts} . FILTER(?other NOT IN ({others})) }} }} }}"
        )
        yield f"DELETE {{ GRAPH ?g {{ ?e ?p ?o }} }} WHERE {{ VALUES ?e {{ {stale} }} GRAPH ?g {{ ?e ?p ?o }} }}"

    def _without_vertices(self, uids: Sequence[str]) -> str:
        """What is said of vertices, but for their edges."""
        stale = " ".join(self._rdf.vertex_iri(uid) for uid in uids)
        return (
            f"DELETE {{ GRAPH ?g {{ ?v ?p ?o }} }} WHERE {{ VALUES ?v {{ {stale} }} GRAPH ?g {{ ?v ?p ?o }} "
            f'FILTER(!STRSTARTS(STR(?p), "{self._rdf.base}l/")) }}'
        )

    def _publish_ontology(self) -> None:
        vertex_labels, edge_labels = self._store.view().label_counts()
        with self._store.database.read() as connection:
            lines = self._rdf.ontology(connection, vertex_labels, edge_labels)
        self._update(f"DROP SILENT GRAPH {self._rdf.ontology_graph}", *_insertion(lines))

    def _update(self, *operations: str) -> None:
        headers = {"Content-Type": "application/sparql-update; charset=utf-8"}
        self._ask(self._update_url, ";\n".join(operations), headers)

    def _ask(self, url: str, body: str, headers: Mapping[str, str]) -> bytes:
        try:
            response = self._http.post(url, content=body.encode(), headers=dict(headers))
        except httpx.HTTPError as error:
            raise StoreUnavailableError(f"{url} cannot be reached: {error or type(error).__name__}") from None
        if response.status_code >= 400:
            said = " ".join(response.text.split())[:300]
            raise StoreUnavailableError(
                f"{url} answers {response.status_code}: {said}",
                remedy="Check the address, the credentials and the store's log. Publishing goes on where it stopped.",
            )
        return response.content

    # ---- proofs --------------------------------------------------------------------------------------------------------

    def verify(self) -> Comparison:
        """Compares the whole graph with its copy: the number of triples per graph, and every subject by a digest."""
        result, digest = Comparison(), hashlib.sha256()
        counts: Counter[str] = Counter()
        with self._store.database.read() as connection:
            for vertices, edges in self._follower.everything():
                result.vertices += len(vertices)
                result.edges += len(edges)
                lines = [
                    *self._rdf.vertices(connection, [vertex.id for vertex in vertices]),
                    *self._rdf.edges(connection, [edge.id for edge in edges]),
                ]
                subjects = [self._rdf.vertex_iri(vertex.id) for vertex in vertices]
                subjects += [self._rdf.edge_iri(edge.id) for edge in edges]
                facts = self._facts(_parsed(lines))
                counts.update(fact[-1] for fact in facts)
                self._compare(subjects, facts, result)
                digest.update(repr(sorted(facts, key=repr)).encode())
        there = self._counts()
        for graph in sorted(counts.keys() | there.keys()):
            if counts[graph] != there[graph]:
                result.differs(f"graph <{graph}>: {counts[graph]} triples here, {there[graph]} there")
        self._compare_links(result)
        result.checksum = digest.hexdigest()
        return result

    def _compare(self, subjects: Sequence[str], facts: set[Any], result: Comparison) -> None:
        """Plain triples of edges are compared by their number alone; their statements say the same."""
        for some in _parts(subjects):
            query = f"SELECT ?s ?p ?o ?g {{ VALUES ?s {{ {' '.join(some)} }} GRAPH ?g {{ ?s ?p ?o }} }}"
            rows = self._select(query)
            there = self._facts(ox.Quad(row["s"], row["p"], row["o"], row["g"]) for row in rows)
            wanted = {iri[1:-1] for iri in some}
            for fact in {fact for fact in facts if fact[0] in wanted} ^ there:
                result.differs(f"{'here' if fact in facts else 'there'} alone: {fact}")

    def _compare_links(self, result: Comparison) -> None:
        """Every plain triple has a statement, and every statement its triple."""
        parts = f"?e <{RDF}subject> ?s ; <{RDF}predicate> ?p ; <{RDF}object> ?o"
        ours = f'FILTER(STRSTARTS(STR(?p), "{self._rdf.base}l/"))'
        for what, query in (
            ("links without a statement", f"?s ?p ?o . {ours} FILTER NOT EXISTS {{ {parts} }}"),
            ("statements without a link", f"{parts} . {ours} FILTER NOT EXISTS {{ ?s ?p ?o }}"),
        ):
            (row,) = self._select(f"SELECT (COUNT(*) AS ?n) {{ GRAPH ?g {{ {query} }} }}")
            if int(row["n"].value):
                result.differs(f"{row['n'].value} {what} there")

    def _facts(self, quads: Iterable[Any]) -> set[Any]:
        plain = f"{self._rdf.base}l/"
        return {
            (quad.subject.value, quad.predicate.value, _comparable(quad.object), quad.graph_name.value)
            for quad in quads
            if not quad.predicate.value.startswith(plain)
        }

    def _counts(self) -> Counter[str]:
        plain = f'FILTER(!STRSTARTS(STR(?p), "{self._rdf.base}l/"))'
        ours = f'FILTER(STRSTARTS(STR(?g), "{self._rdf.base}") && ?g != {self._rdf.ontology_graph})'
        query = f"SELECT ?g (COUNT(*) AS ?n) {{ GRAPH ?g {{ ?s ?p ?o {plain} }} {ours} }} GROUP BY ?g"
        return Counter({row["g"].value: int(row["n"].value) for row in self._select(query)})

    def _select(self, query: str) -> list[dict[str, Any]]:
        headers = {"Content-Type": "application/sparql-query", "Accept": "application/sparql-results+json"}
        found = ox.parse_query_results(self._ask(self._query_url, query, headers), format=ox.QueryResultsFormat.JSON)
        assert isinstance(found, ox.QuerySolutions)
        names = [variable.value for variable in found.variables]
        return [{name: row[name] for name in names} for row in found]


def _parts(items: Sequence[str]) -> Iterator[Sequence[str]]:
    return (items[start : start + _AT_ONCE] for start in range(0, len(items), _AT_ONCE))


def _parsed(lines: Iterable[str]) -> Any:
    return ox.parse("\n".join(lines).encode(), ox.RdfFormat.N_QUADS, lenient=True)


def _insertion(lines: Iterable[str]) -> Iterator[str]:
    """N-Quads lines as one INSERT DATA; nothing where there are none."""
    by_graph: dict[str, list[str]] = {}
    for line in lines:
        triple, _, graph = line.removesuffix(" .").rpartition(" ")
        by_graph.setdefault(graph, []).append(f"{triple} .")
    if by_graph:
        graphs = (f"GRAPH {graph} {{\n" + "\n".join(triples) + "\n}" for graph, triples in by_graph.items())
        yield "INSERT DATA {\n" + "\n".join(graphs) + "\n}"


def _comparable(term: Any) -> Any:
    """A term as what is equal exactly for equal values."""
    if not isinstance(term, ox.Literal):
        return term.value
    datatype, text = term.datatype.value, term.value
    try:
        if datatype in _DOUBLES:
            return "number", repr(float(text.replace("INF", "inf")))
        if datatype in _EXACT:
            return "exact", str(Decimal(text).normalize())
    except (ValueError, InvalidOperation):
        pass
    if datatype == f"{_XSD}dateTime":
        text = text.replace("Z", "+00:00").replace("T24:", "T00:")
    return datatype, term.language or "", text
