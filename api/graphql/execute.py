"""Parses, checks and executes GraphQL operations, each in a worker thread with an event loop of its own.

So a resolver may block, a long operation never stops the server's loop, and dataloaders still gather a level.
"""

import asyncio
import hashlib
import threading
import time
from collections import OrderedDict
from collections.abc import AsyncGenerator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import aclosing
from contextvars import copy_context
from dataclasses import dataclass, field
from inspect import isawaitable
from math import inf
from typing import Any, cast

import structlog
from graphql import (
    DocumentNode,
    ExecutionResult,
    GraphQLError,
    GraphQLSchema,
    OperationDefinitionNode,
    OperationType,
    execute,
    get_operation_ast,
    get_variable_values,
    parse,
    subscribe,
    validate,
)

from api.accounts import Accounts
from api.graphql.context import Context
from api.graphql.errors import as_graphql_error, format_error
from api.graphql.executor import VertexExecutor
from api.graphql.limits import Limits, check_cost, check_shape, root_fields
from api.graphql.live import LiveQuery, live_query
from api.graphql.persisted import PersistedOperations
from api.permissions import Principal, Rule, check, field_rule
from api.scoped import Readers
from bifrost.errors import BifrostError, PermissionDeniedError, QueryLimitError

__all__ = ["Caller", "GraphQLExecutor", "Operation", "Outcome"]

_log = structlog.get_logger()
_REMEMBERED = 500
_MOST_ERRORS = 20
_MUTATION_SECONDS = 900.0
_LIVE_SECONDS = 0.5
_LIVE_SHARE = 4.0


@dataclass(frozen=True, slots=True)
class Operation:
    """A request as GraphQL over HTTP and graphql-transport-ws carry it."""

    query: str
    variables: Mapping[str, Any] = field(default_factory=dict)
    name: str | None = None


@dataclass(frozen=True, slots=True)
class Caller:
    principal: Principal
    address: str = ""


@dataclass(frozen=True, slots=True)
class Outcome:
    """``executed`` is False when the request failed before execution: there are only errors then."""

    payload: dict[str, Any]
    executed: bool

    @classmethod
    def of(cls, result: ExecutionResult) -> "Outcome":
        payload: dict[str, Any] = {"data": result.data}
        if result.errors:
            payload = {"errors": [format_error(error) for error in result.errors], **payload}
        if result.extensions:
            payload["extensions"] = result.extensions
        return cls(payload, True)

    @classmethod
    def refused(cls, errors: list[GraphQLError]) -> "Outcome":
        return cls({"errors": [format_error(error) for error in errors]}, False)


@dataclass(frozen=True, slots=True)
class _Prepared:
    schema: GraphQLSchema
    document: DocumentNode
    operation: OperationDefinitionNode


class RefusedError(Exception):
    """A request that is not executed."""

    def __init__(self, *errors: GraphQLError) -> None:
        super().__init__("refused")
        self.errors = list(errors)


class GraphQLExecutor:
    """Executes operations for callers. ``accounts`` None: a throw-away service that has none. ``seconds`` limits a query."""

    def __init__(
        self,
        readers: Readers,
        accounts: Accounts | None,
        *,
        seconds: float,
        limits: Limits | None = None,
        threads: int = 8,
        persisted: PersistedOperations | None = None,
    ) -> None:
        self.readers, self.accounts = readers, accounts
        self.limits = limits or Limits()
        self.persisted = persisted or PersistedOperations()
        self._seconds = seconds
        self._documents: OrderedDict[tuple[int, str], tuple[GraphQLSchema, DocumentNode]] = OrderedDict()
        self._lock = threading.Lock()
        self._local = threading.local()
        self._loops: list[asyncio.AbstractEventLoop] = []
        self._threads = ThreadPoolExecutor(threads, "graphql")
        self._slow_threads = ThreadPoolExecutor(threads, "graphql-mutation")

    def close(self) -> None:
        for threads in (self._threads, self._slow_threads):
            threads.shutdown(wait=True, cancel_futures=True)
        for loop in self._loops:
            loop.close()
        self.persisted.close()

    # ---- queries and mutations

    async def run(self, operation: Operation, caller: Caller, *, only_queries: bool = False) -> Outcome:
        """``only_queries`` refuses mutations (GET). Never raises for what the client did."""
        context = copy_context()  # request ids reach the log
        loop = asyncio.get_running_loop()
        done = await loop.run_in_executor(self._threads, context.run, self._query, operation, caller, only_queries)
        if isinstance(done, Outcome):
            return done
        return await loop.run_in_executor(self._slow_threads, context.run, self._mutate, done, operation, caller)

    def _query(self, operation: Operation, caller: Caller, only_queries: bool) -> "Outcome | _Prepared":
        """The outcome of a query; a mutation is only prepared, because it may take long and has threads of its own."""
        try:
            prepared = self.prepare(operation, caller)
            kind = prepared.operation.operation
            if kind is OperationType.SUBSCRIPTION or (only_queries and kind is not OperationType.QUERY):
                raise MethodError(kind)
        except RefusedError as refused:
            self._audit_refusal(operation, caller, refused)
            return Outcome.refused(refused.errors)
        if kind is OperationType.MUTATION:
            return prepared
        return self._answer(prepared, operation, caller)

    def _mutate(self, prepared: _Prepared, operation: Operation, caller: Caller) -> Outcome:
        # What was changed must be told, however long it took.
        seconds = max(self._seconds, _MUTATION_SECONDS)
        result = self._loop().run_until_complete(self._execute(prepared, operation, caller, seconds))
        self._audit(prepared, caller, result)
        return Outcome.of(result)

    async def _execute(
        self, prepared: _Prepared, operation: Operation, caller: Caller, seconds: float
    ) -> ExecutionResult:
        context = self._context(caller, seconds)
        result = execute(
            prepared.schema,
            prepared.document,
            context_value=context,
            variable_values=dict(operation.variables),
            operation_name=operation.name,
            executor_class=VertexExecutor,
        )
        try:
            done = await asyncio.wait_for(result, seconds) if isawaitable(result) else result
        except TimeoutError:
            return ExecutionResult(None, [as_graphql_error(QueryLimitError("The operation took too long."))])
        if context.behind:
            done.extensions = {"behind": context.behind}
        return done

    def _context(self, caller: Caller, seconds: float) -> Context:
        return Context(
            self.readers.service(caller.principal),
            self.accounts,
            caller.principal,
            self.readers.schemas(caller.principal),
            address=caller.address,
            seconds=seconds,
            operations=self.persisted,
        )

    def _loop(self) -> asyncio.AbstractEventLoop:
        loop: asyncio.AbstractEventLoop | None = getattr(self._local, "loop", None)
        if loop is None:
            loop = self._local.loop = asyncio.new_event_loop()
            # What fails is in the answer; tasks that an error or the time limit made superfluous need no report.
            loop.set_exception_handler(lambda *_: None)
            with self._lock:
                self._loops.append(loop)
        return loop

    # ---- subscriptions

    async def stream(self, operation: Operation, caller: Caller) -> AsyncGenerator[Outcome]:
        """The outcomes of any operation: one for a query or mutation, many for a subscription."""
        loop = asyncio.get_running_loop()
        try:
            prepared = await loop.run_in_executor(self._threads, self.prepare, operation, caller)
        except RefusedError as refused:
            yield Outcome.refused(refused.errors)
            return
        if prepared.operation.operation is not OperationType.SUBSCRIPTION:
            yield await self.run(operation, caller)
            return
        live = live_query(prepared.document, prepared.operation)
        if live is not None:
            async for outcome in self._follow(live, prepared.schema, operation, caller):
                yield outcome
            return
        context = await loop.run_in_executor(self._threads, self._context, caller, inf)
        events = subscribe(
            prepared.schema,
            prepared.document,
            context_value=context,
            variable_values=dict(operation.variables),
            operation_name=operation.name,
        )
        if isawaitable(events):
            events = await events
        if isinstance(events, ExecutionResult):
            yield Outcome.refused(events.errors or [])
            return
        async with aclosing(cast("AsyncGenerator[ExecutionResult]", events)) as results:
            try:
                async for result in results:
                    yield Outcome.of(result)
            except Exception as error:  # noqa: BLE001 - a source of events failed; it ends with an error message
                yield Outcome.refused([GraphQLError(str(error), original_error=error)])

    async def _follow(
        self, live: LiveQuery, schema: GraphQLSchema, operation: Operation, caller: Caller
    ) -> AsyncGenerator[Outcome]:
        """A query's answer now, and again whenever the change log has moved and the answer is another one."""
        loop, query = asyncio.get_running_loop(), _Prepared(schema, live.document, live.operation)
        position, before = -1, None
        while True:
            started = time.monotonic()
            now = await loop.run_in_executor(self._threads, self._position, caller)
            if now != position:
                position = now
                answer = await loop.run_in_executor(self._threads, self._answer, query, operation, caller)
                if "extensions" in answer.payload:
                    position = -1  # it left changes out: asked again, though nothing has moved
                payload = live.payload(answer.payload)
                if payload != before:
                    before = payload
                    yield Outcome(payload, True)
            # A query that takes long is not asked all the time.
            await asyncio.sleep(max(_LIVE_SECONDS, _LIVE_SHARE * (time.monotonic() - started)))

    def _position(self, caller: Caller) -> int:
        """How far the graph has come that the caller sees."""
        return self.readers.service(caller.principal).store.log.position()

    def _answer(self, prepared: _Prepared, operation: Operation, caller: Caller) -> Outcome:
        return Outcome.of(self._loop().run_until_complete(self._execute(prepared, operation, caller, self._seconds)))

    # ---- what comes before execution

    def prepare(self, operation: Operation, caller: Caller) -> _Prepared:
        """A valid, permitted, affordable operation. Raises RefusedError."""
        self._check_listed(operation, caller)
        schema = self.readers.schemas(caller.principal).current()
        document = self._document(schema, operation.query)
        node = get_operation_ast(document, operation.name)
        if node is None:
            raise RefusedError(
                GraphQLError(
                    f"The document has no operation {operation.name!r}."
                    if operation.name
                    else "The document must have exactly one operation, or operationName must name one."
                )
            )
        try:
            self._check_rights(document, node, caller)
            check_cost(schema, document, node, operation.variables, self.limits)
        except BifrostError as error:
            raise RefusedError(as_graphql_error(error)) from None
        values = get_variable_values(
            schema, node.variable_definitions or (), dict(operation.variables), max_errors=_MOST_ERRORS
        )
        if isinstance(values, list):
            raise RefusedError(*values)
        return _Prepared(schema, document, node)

    def _check_listed(self, operation: Operation, caller: Caller) -> None:
        """Where only registered operations run: administrators, who register them, and people at the console are free."""
        principal = caller.principal
        if not self.persisted.listed_only or principal.via == "session" or Rule.ADMIN.value in principal.scopes:
            return
        if not self.persisted.is_listed(operation.query):
            error = PermissionDeniedError(
                "Only operations that an administrator registered can be run here.",
                remedy="Ask an administrator to register it: bifrost operations add FILE.",
            )
            raise RefusedError(as_graphql_error(error))

    def _check_rights(self, document: DocumentNode, node: OperationDefinitionNode, caller: Caller) -> None:
        live = live_query(document, node)
        if live is not None:
            self._check_rights(live.document, live.operation, caller)
            return
        parent = node.operation.value.capitalize()
        part = self.readers.schemas(caller.principal).part()
        for root_field in root_fields(document, node):
            name = root_field.name.value
            typed = node.operation is OperationType.QUERY and name in part.fields
            check(caller.principal, Rule.READ if typed else field_rule(parent, name), f"{parent}.{name}")

    def _document(self, schema: GraphQLSchema, query: str) -> DocumentNode:
        key = (id(schema), hashlib.sha256(query.encode(errors="replace")).hexdigest())
        with self._lock:
            known = self._documents.get(key)
            if known is not None:
                self._documents.move_to_end(key)
                return known[1]
        document = self._checked(schema, query)
        with self._lock:
            # The schema is kept with its documents, so that its id is not given to another one.
            self._documents[key] = (schema, document)
            while len(self._documents) > _REMEMBERED:
                self._documents.popitem(last=False)
        return document

    def _checked(self, schema: GraphQLSchema, query: str) -> DocumentNode:
        try:
            if len(query) > self.limits.characters:
                raise QueryLimitError(f"The document is longer than {self.limits.characters} characters.")
            document = parse(query, no_location=False, max_tokens=self.limits.tokens)
            check_shape(document, self.limits)
        except GraphQLError as error:
            raise RefusedError(error) from None
        except RecursionError:
            raise RefusedError(as_graphql_error(QueryLimitError("The document is nested too deeply."))) from None
        except BifrostError as error:
            raise RefusedError(as_graphql_error(error)) from None
        errors = validate(schema, document, max_errors=_MOST_ERRORS)
        if errors:
            raise RefusedError(*errors)
        return document

    # ---- who did what

    def _audit(self, prepared: _Prepared, caller: Caller, result: ExecutionResult) -> None:
        if self.accounts is None:
            return
        failed = {error.path[0]: error for error in result.errors or () if error.path}
        for node in root_fields(prepared.document, prepared.operation):
            name = node.name.value
            if name.startswith("__"):
                continue
            error = failed.get((node.alias or node.name).value)
            cause = error.original_error if error else None
            outcome = "ok" if error is None else cause.code if isinstance(cause, BifrostError) else "internal"
            self.accounts.audit(caller.principal.name, name, outcome=outcome, address=caller.address)

    def _audit_refusal(self, operation: Operation, caller: Caller, refused: RefusedError) -> None:
        cause = refused.errors[0].original_error
        if self.accounts is not None and isinstance(cause, BifrostError) and cause.code == "forbidden":
            self.accounts.audit(
                caller.principal.name, "graphql", operation.name or "", outcome=cause.code, address=caller.address
            )


class MethodError(RefusedError):
    """An operation that this way of sending it does not allow."""

    def __init__(self, kind: OperationType) -> None:
        how = "a WebSocket (graphql-transport-ws)" if kind is OperationType.SUBSCRIPTION else "POST"
        super().__init__(
            GraphQLError(f"A {kind.value} must be sent by {how}.", extensions={"code": "method_not_allowed"})
        )
