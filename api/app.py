"""The one ASGI application of ``bifrost serve``: every route, behind one authentication and one table of rules."""

import gc
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Protocol

from starlette.middleware.gzip import GZipMiddleware
from starlette.routing import BaseRoute, Route, Router, WebSocketRoute
from starlette.types import ASGIApp, Receive, Scope, Send

from api.accounts import Accounts
from api.auth import AuthenticationMiddleware, Authenticator, guard
from api.console import Console
from api.graphql.execute import GraphQLExecutor
from api.graphql.http import GraphQLEndpoint
from api.graphql.limits import Limits
from api.graphql.operations import OperationStore
from api.graphql.persisted import PersistedOperations
from api.graphql.typed import TypedSchema
from api.graphql.websocket import GraphQLSocket
from api.metrics import Metrics
from api.permissions import route_rule
from api.ports import Service
from api.requests import RequestMiddleware
from api.rest import RestRoutes
from api.scoped import Readers, ScopedGraphs
from api.sparql import SparqlEndpoint
from graphstore.gremlin.engine import GremlinEngine

__all__ = ["Application", "build_app"]

_GC_THRESHOLD = 10_000


class SupportsClose(Protocol):
    def close(self) -> None: ...


class Application:
    """An ASGI application. ``authenticator`` is for surfaces that sign in inside their own protocol."""

    def __init__(
        self, app: ASGIApp, router: Router, authenticator: Authenticator | None, parts: Sequence[SupportsClose]
    ) -> None:
        self._app, self.router, self.authenticator, self._parts = app, router, authenticator, parts

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        await self._app(scope, receive, send)

    def close(self) -> None:
        """Ends threads and processes. The lifespan's end calls it, so a server need not."""
        for part in self._parts:
            part.close()

    @property
    def routes(self) -> Sequence[BaseRoute]:
        return self.router.routes


def build_app(
    service: Service,
    accounts: Accounts | None,
    *,
    extra_routes: Sequence[BaseRoute] = (),
    authenticator: Authenticator | None = None,
    limits: Limits | None = None,
    console: Path | None = None,
) -> Application:
    """The service over HTTP.

    ``accounts`` None serves without sign-in (``--scratch``; loopback only, which the caller has to see to).
    ``extra_routes`` are those of the Gremlin server, which checks WebSockets with the same ``authenticator``; every
    route must have a rule in :data:`api.permissions.ROUTE_RULES`, else KeyError.
    """
    if authenticator is None and accounts is not None:
        authenticator = Authenticator(accounts)
    metrics = Metrics(service)
    schemas = TypedSchema(service.store)
    readers = Readers(service, schemas)
    _scope_gremlin(service, readers)
    seconds = service.settings.query_timeout
    operations = PersistedOperations(
        None if accounts is None else OperationStore(service.settings),
        listed_only=service.settings.graphql_operations == "registered",
    )
    executor = GraphQLExecutor(readers, accounts, seconds=seconds, limits=limits, persisted=operations)
    rest = RestRoutes(service, readers, authenticator, metrics)
    graphql, socket = GraphQLEndpoint(executor), GraphQLSocket(executor, authenticator)
    sparql = SparqlEndpoint(readers, seconds)

    @asynccontextmanager
    async def lifespan(_: object) -> AsyncIterator[None]:
        # Large answers make many short-lived objects; looking through all modules' objects each time costs a third.
        gc.collect()
        gc.freeze()
        gc.set_threshold(_GC_THRESHOLD, 20, 20)
        try:
            yield
        finally:
            application.close()

    routes: list[BaseRoute] = [
        Route("/health", rest.health),
        Route("/ready", rest.ready),
        Route("/metrics", rest.metrics),
        Route("/api/session", rest.session, methods=["GET", "POST", "DELETE"]),
        Route("/api/uploads", rest.upload, methods=["POST"]),
        Route("/api/documents/page", rest.page_image),
        Route("/api/export", rest.export),
        Route("/graphql", graphql.__call__, methods=["GET", "POST"]),
        WebSocketRoute("/graphql", socket.__call__),
        Route("/sparql", sparql.query, methods=["GET", "POST"]),
        Route("/sparql/graphs", sparql.graphs),
        Route("/sparql/graphs/{path:path}", sparql.graph),
        Route("/rdf/statistics/summary", sparql.summary),
        *extra_routes,
        Route("/{path:path}", GZipMiddleware(Console(console), minimum_size=1000), methods=["GET"]),
    ]
    for route in routes:
        if isinstance(route, Route):
            route.app = guard(route.app, route_rule(route.path), route.path)
        elif isinstance(route, WebSocketRoute):
            route_rule(route.path)
    router = Router(routes, redirect_slashes=False, lifespan=lifespan)
    app = RequestMiddleware(AuthenticationMiddleware(router, authenticator), metrics)
    application = Application(app, router, authenticator, (executor, schemas, rest, readers))
    return application


def _scope_gremlin(service: Service, readers: Readers) -> None:
    """Puts the service's Gremlin engine, if it has one, on the graphs that its callers may see."""
    engine = getattr(service, "gremlin", None)
    if isinstance(engine, GremlinEngine) and not isinstance(engine.source, ScopedGraphs):
        engine.source = ScopedGraphs(engine.source, readers)
