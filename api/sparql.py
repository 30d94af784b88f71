"""The SPARQL 1.1 protocol (query part), the service description, and the Graph Store Protocol's GET. Read-only.

Specifications: https://www.w3.org/TR/sparql11-protocol/, -service-description/ and -http-rdf-update/.
"""

from collections.abc import Sequence
from typing import Any
from urllib.parse import parse_qs, unquote, urljoin

import orjson
from anyio.to_thread import run_sync
from starlette.requests import Request
from starlette.responses import Response

from api.http import JsonResponse, read_body
from api.permissions import Principal
from api.scoped import Readers
from api.sparql_description import describe
from bifrost.errors import InputError, NotFoundError, PermissionDeniedError
from bifrost.ports import Lag
from bifrost.values import quote_iri

__all__ = ["BEHIND", "SparqlEndpoint"]

BEHIND = "Bifrost-Behind"
"""The header of an answer that leaves changes out: ``changes=12000, seconds=3.1``."""

_MOST_BYTES = 2**20
_RDF = "text/turtle, application/n-triples;q=0.9, application/rdf+xml;q=0.8"

_STATEMENT = "http://www.w3.org/1999/02/22-rdf-syntax-ns#Statement"
_CLASSES = "SELECT DISTINCT ?c WHERE { ?s a ?c } ORDER BY ?c"
_PREDICATES = "SELECT ?p (COUNT(*) AS ?n) WHERE { ?s ?p ?o } GROUP BY ?p ORDER BY DESC(?n) ?p"
_EXISTS = "ASK {{ GRAPH <{}> {{ ?s ?p ?o }} }}"
_GRAPH = "CONSTRUCT {{ ?s ?p ?o }} WHERE {{ GRAPH <{}> {{ ?s ?p ?o }} }}"
_DEFAULT = "CONSTRUCT { ?s ?p ?o } WHERE { ?s ?p ?o }"


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
        default, named = (
            [_iri(one) for one in parameters.get(name, ()) if one] for name in ("default-graph-uri", "named-graph-uri")
        )
        queries = parameters.get("query", [])
        if not queries and request.method == "GET":
            return await self._describe(request)
        if len(queries) != 1 or not queries[0].strip():
            raise InputError("The request needs exactly one query.", remedy="Send the query as the parameter 'query'.")
        return await self._answer(request, queries[0], request.headers.get("accept", "*/*"), default, named)

    async def graphs(self, request: Request) -> Response:
        """``GET ?default`` or ``?graph=IRI``: a whole graph as RDF."""
        iri = request.query_params.get("graph")
        if (iri is None) == ("default" not in request.query_params):
            raise InputError("Name one graph.", remedy="Add ?default or ?graph=<IRI>.")
        return await self._graph(request, None if iri is None else urljoin(str(request.url.replace(query="")), iri))

    async def graph(self, request: Request) -> Response:
        """Direct identification: the path below ``/sparql/graphs/`` is the graph's name below the base IRI."""
        service = await run_sync(self.readers.service, request.scope["principal"])
        return await self._graph(request, service.sparql.base + quote_iri(request.path_params["path"]))

    async def _graph(self, request: Request, iri: str | None) -> Response:
        accept = request.headers.get("accept", "*/*")
        accept = _RDF if accept.strip() in ("", "*/*") else accept
        if iri is None:
            return await self._answer(request, _DEFAULT, accept)
        service = await run_sync(self.readers.service, request.scope["principal"])
        if iri.startswith(start := f"{service.sparql.base}provenance/"):
            media_type, body = await run_sync(service.sparql.provenance, unquote(iri.removeprefix(start)), accept)
            return Response(body, headers={"Content-Type": media_type, "Vary": "Accept"})
        exists = await self._answer(request, _EXISTS.format(_iri(iri)), "application/sparql-results+json")
        if not orjson.loads(bytes(exists.body))["boolean"]:
            raise NotFoundError(
                f"There is no graph <{iri}>.", remedy="GET /sparql describes the service and names all graphs."
            )
        return await self._answer(request, _GRAPH.format(_iri(iri)), accept)

    async def _describe(self, request: Request) -> Response:
        """The service description in the RDF format that is asked for."""
        principal: Principal | None = request.scope["principal"]
        names = await run_sync(lambda: self.readers.service(principal).sparql.graphs())
        accept = request.headers.get("accept", "*/*")
        media_type, body = describe(str(request.url.replace(query="")), names, accept)
        return Response(body, headers={"Content-Type": media_type, "Vary": "Accept"})

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
        classes = [row["c"]["value"] for row in rows(_CLASSES) if row["c"]["value"] != _STATEMENT]
        graph = {
            "numDistinctPredicates": len(predicates),
            "numQuads": sum(predicates.values()),
            "numClasses": len(classes),
            "classes": classes,
            "predicates": [{predicate: count} for predicate, count in predicates.items()],
        }
        return {"status": "200 OK", "payload": {"version": "v1", "graphSummary": graph}}

    async def _answer(
        self, request: Request, query: str, accept: str, default: Sequence[str] = (), named: Sequence[str] = ()
    ) -> Response:
        principal: Principal | None = request.scope["principal"]

        behind: list[Lag] = []

        def ask() -> tuple[str, bytes]:
            sparql = self.readers.service(principal).sparql
            return sparql.query(
                query, accept, self.seconds, default_graphs=default, named_graphs=named, behind=behind.append
            )

        media_type, body = await run_sync(ask)
        headers = {"Content-Type": media_type, "Vary": "Accept"}
        if behind:
            headers[BEHIND] = f"changes={behind[0].changes}, seconds={behind[0].seconds:.1f}"
        return Response(body, headers=headers)


def _iri(text: str) -> str:
    """Raises InputError for what cannot stand between angle brackets."""
    if any(char in '<>"{}|^`\\' or ord(char) <= 32 for char in text) or ":" not in text:
        raise InputError("The graph's name is not an IRI.")
    return text


def _text(body: bytes) -> str:
    try:
        return body.decode()
    except UnicodeDecodeError:
        raise InputError("The request is not UTF-8.") from None
