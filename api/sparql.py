"""The SPARQL 1.1 protocol (query part), the service description, and the Graph Store Protocol's GET. Read-only.

Specifications: https://www.w3.org/TR/sparql11-protocol/, -service-description/ and -http-rdf-update/.
"""

from typing import Any
from urllib.parse import parse_qs

import orjson
from anyio.to_thread import run_sync
from starlette.requests import Request
from starlette.responses import Response

from api.http import JsonResponse, read_body
from api.permissions import Principal
from api.scoped import Readers
from bifrost.errors import InputError, PermissionDeniedError

__all__ = ["SparqlEndpoint"]

_MOST_BYTES = 2**20
_RDF = "text/turtle, application/n-triples;q=0.9, application/rdf+xml;q=0.8"

_CLASSES = "SELECT DISTINCT ?c WHERE { ?s a ?c } ORDER BY ?c"
_PREDICATES = "SELECT ?p (COUNT(*) AS ?n) WHERE { ?s ?p ?o } GROUP BY ?p ORDER BY DESC(?n) ?p"

_DESCRIPTION = """\
@prefix sd: <http://www.w3.org/ns/sparql-service-description#> .
@prefix formats: <http://www.w3.org/ns/formats/> .

<{url}> a sd:Service ;
    sd:endpoint <{url}> ;
    sd:supportedLanguage sd:SPARQL11Query ;
    sd:resultFormat formats:SPARQL_Results_JSON, formats:SPARQL_Results_XML, formats:SPARQL_Results_CSV,
        formats:SPARQL_Results_TSV, formats:Turtle, formats:N-Triples, formats:RDF_XML ;
    sd:feature sd:UnionDefaultGraph ;
    sd:defaultDataset [ a sd:Dataset ; sd:defaultGraph [ a sd:Graph ] ] .
"""


class SparqlEndpoint:
    """``/sparql`` and ``/sparql/graphs``."""

    def __init__(self, readers: Readers, seconds: float) -> None:
        self.readers, self.seconds = readers, seconds

    async def query(self, request: Request) -> Response:
        """GET ``?query=``, POST as a form or as application/sparql-query; GET without a query describes the service."""
        parameters = {name: request.query_params.getlist(name) for name in request.query_params}
        kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
        if request.method == "POST":
            body = await read_body(request, _MOST_BYTES)
            if kind == "application/sparql-query":
                parameters["query"] = [_text(body)]
            elif kind == "application/x-www-form-urlencoded":
                form = parse_qs(_text(body), keep_blank_values=True, max_num_fields=100)
                parameters = {**parameters, **form}
            elif kind == "application/sparql-update":
                parameters["update"] = [""]
            else:
                raise InputError(
                    "A query is sent as a form or as application/sparql-query.",
                    remedy="Set the Content-Type header to one of these.",
                )
        if "update" in parameters:
            raise PermissionDeniedError(
                "This SPARQL service is read-only.", remedy="Change the graph through its sources or through GraphQL."
            )
        for name in ("default-graph-uri", "named-graph-uri"):
            if any(parameters.get(name, ())):
                raise InputError(f"{name} is not supported.", remedy="Write FROM or FROM NAMED into the query instead.")
        queries = parameters.get("query", [])
        if not queries and request.method == "GET":
            return Response(_DESCRIPTION.format(url=request.url.replace(query="")), media_type="text/turtle")
        if len(queries) != 1 or not queries[0].strip():
            raise InputError("The request needs exactly one query.", remedy="Send the query as the parameter 'query'.")
        return await self._answer(request, queries[0], request.headers.get("accept", "*/*"))

    async def graphs(self, request: Request) -> Response:
        """``GET ?default`` or ``?graph=IRI``: a whole graph as RDF."""
        iri = request.query_params.get("graph")
        if iri is None and "default" not in request.query_params:
            raise InputError("Name a graph.", remedy="Add ?default or ?graph=<IRI>.")
        if iri is None:
            query = "CONSTRUCT { ?s ?p ?o } WHERE { ?s ?p ?o }"
        else:
            if any(char in '<>"{}|^`\\' or ord(char) <= 32 for char in iri):
                raise InputError("The graph's name is not an IRI.")
            query = f"CONSTRUCT {{ ?s ?p ?o }} WHERE {{ GRAPH <{iri}> {{ ?s ?p ?o }} }}"
        accept = request.headers.get("accept", "*/*")
        return await self._answer(request, query, _RDF if accept.strip() in ("", "*/*") else accept)

    async def summary(self, request: Request) -> Response:
        """What graph explorers ask for before they show RDF: classes and predicates (Neptune's graph summary)."""
        principal: Principal | None = request.scope["principal"]
        return JsonResponse(await run_sync(self._summary, principal))

    def _summary(self, principal: Principal | None) -> dict[str, Any]:
        sparql = self.readers.service(principal).sparql

        def rows(query: str) -> list[dict[str, Any]]:
            _, body = sparql.query(query, "application/sparql-results+json", self.seconds)
            found: list[dict[str, Any]] = orjson.loads(body)["results"]["bindings"]
            return found

        predicates = {row["p"]["value"]: int(row["n"]["value"]) for row in rows(_PREDICATES)}
        classes = [row["c"]["value"] for row in rows(_CLASSES)]
        graph = {
            "numDistinctPredicates": len(predicates),
            "numQuads": sum(predicates.values()),
            "numClasses": len(classes),
            "classes": classes,
            "predicates": [{predicate: count} for predicate, count in predicates.items()],
        }
        return {"status": "200 OK", "payload": {"version": "v1", "graphSummary": graph}}

    async def _answer(self, request: Request, query: str, accept: str) -> Response:
        principal: Principal | None = request.scope["principal"]

        def ask() -> tuple[str, bytes]:
            return self.readers.service(principal).sparql.query(query, accept, self.seconds)

        media_type, body = await run_sync(ask)
        return Response(body, headers={"Content-Type": media_type, "Vary": "Accept"})


def _text(body: bytes) -> str:
    try:
        return body.decode()
    except UnicodeDecodeError:
        raise InputError("The request is not UTF-8.") from None
