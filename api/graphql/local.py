"""GraphQL inside the process, for the command line: the caller is whoever may read the data directory."""

import asyncio
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from api.graphql.execute import Caller, GraphQLExecutor, Operation
from api.graphql.typed import TypedSchema
from api.permissions import Principal, Role
from api.ports import Service
from api.scoped import Readers

__all__ = ["execute_local"]


def execute_local(service: Service, query: str, variables: Mapping[str, Any]) -> dict[str, Any]:
    """The result of a query or mutation, with ``errors`` as over HTTP."""
    schemas = TypedSchema(service.store)
    executor = GraphQLExecutor(Readers(service, schemas), None, seconds=service.settings.query_timeout)
    caller = Caller(Principal.of("command line", Role.ADMIN, via="open"))
    try:
        with ThreadPoolExecutor(1) as thread:  # the caller's own thread may run an event loop already
            return (
                thread.submit(lambda: asyncio.run(executor.run(Operation(query, variables), caller))).result().payload
            )
    finally:
        executor.close()
        schemas.close()
