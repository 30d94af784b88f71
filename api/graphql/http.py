"""GraphQL over HTTP, as the GraphQL-over-HTTP specification asks: GET for queries, POST with JSON.

Answers are ``application/json`` unless ``application/graphql-response+json`` is preferred; only the latter answers with
a 4xx status when a well-formed request cannot be executed.
"""

from collections.abc import Mapping
from typing import Any

import orjson
from graphql import GraphQLError
from starlette.requests import Request
from starlette.responses import Response

from api.graphql.execute import Caller, GraphQLExecutor, Operation, Outcome
from api.graphql.persisted import UnknownOperationError
from api.http import client_address, error_body, read_body, status_of
from bifrost.errors import BifrostError, InputError

__all__ = ["GraphQLEndpoint", "operation_of"]

_JSON = "application/json"
_RESPONSE_JSON = "application/graphql-response+json"
_MOST_BYTES = 2 * 2**20


class UnsupportedMediaTypeError(InputError):
    code = "unsupported_media_type"
    default_remedy = "Send the header 'Content-Type: application/json'."


class GraphQLEndpoint:
    """The HTTP half of /graphql."""

    def __init__(self, executor: GraphQLExecutor) -> None:
        self.executor = executor

    async def __call__(self, request: Request) -> Response:
        media_type = preferred(request.headers.get("accept", ""))
        try:
            if request.method == "GET":
                parameters = from_query(request.query_params)
            else:
                parameters = await _from_body(request)
            operation = operation_of(await self.executor.persisted.completed(parameters))
        except BifrostError as error:
            status = 415 if isinstance(error, UnsupportedMediaTypeError) else status_of(error)
            return _refusal(error, 200 if isinstance(error, UnknownOperationError) else status, media_type)
        caller = Caller(request.scope["principal"], client_address(request))
        outcome = await self.executor.run(operation, caller, only_queries=request.method == "GET")
        return _response(outcome, media_type, request.method)


def preferred(accept: str) -> str:
    """The media type of the answer: application/json unless the other one is asked for before it."""
    best, best_quality = _JSON, 0.0
    for item in accept.lower().split(","):
        name, *options = (part.strip() for part in item.split(";"))
        quality = next((_number(option[2:]) for option in options if option.startswith("q=")), 1.0)
        if name in (_JSON, _RESPONSE_JSON, "application/*", "*/*") and quality > best_quality:
            best, best_quality = (_RESPONSE_JSON if name == _RESPONSE_JSON else _JSON), quality
    return best


def _number(text: str) -> float:
    try:
        return float(text)
    except ValueError:
        return 0.0


def from_query(values: Mapping[str, str]) -> dict[str, Any]:
    """The parameters of a GET request. Raises InputError."""
    parameters: dict[str, Any] = dict(values)
    for name in ("variables", "extensions"):
        if parameters.get(name):
            parameters[name] = _json(parameters[name].encode(), name)
        else:
            parameters.pop(name, None)
    return parameters


async def _from_body(request: Request) -> dict[str, Any]:
    kind, _, options = request.headers.get("content-type", "").lower().partition(";")
    if kind.strip() != _JSON:
        raise UnsupportedMediaTypeError("GraphQL requests are sent as application/json.")
    if "charset" in options and "utf-8" not in options:
        raise UnsupportedMediaTypeError("GraphQL requests are sent as UTF-8.")
    parameters = _json(await read_body(request, _MOST_BYTES), "The request body")
    if not isinstance(parameters, dict):
        raise InputError("The request body is one JSON object; batches are not supported.")
    return parameters


def _json(data: bytes, what: str) -> Any:
    try:
        return orjson.loads(data)
    except orjson.JSONDecodeError:
        raise InputError(f"{what} is not valid JSON.", remedy="Send a JSON object.") from None


def operation_of(parameters: Mapping[str, Any]) -> Operation:
    """Raises InputError for parameters of wrong types."""
    query, name = parameters.get("query"), parameters.get("operationName")
    variables, extensions = parameters.get("variables"), parameters.get("extensions")
    if not isinstance(query, str) or not query:
        raise InputError("The parameter 'query' must be a text.", remedy="Send the GraphQL document as 'query'.")
    if name is not None and not isinstance(name, str):
        raise InputError("The parameter 'operationName' must be a text.")
    for what, value in (("variables", variables), ("extensions", extensions)):
        if value is not None and not isinstance(value, dict):
            raise InputError(f"The parameter {what!r} must be an object.")
    return Operation(query, variables or {}, name or None)


def _response(outcome: Outcome, media_type: str, method: str) -> Response:
    status = 200
    if not outcome.executed:
        codes = {error.get("extensions", {}).get("code") for error in outcome.payload["errors"]}
        if method == "GET" and "method_not_allowed" in codes:
            return _answer(outcome.payload, 405, media_type, {"Allow": "POST"})
        if media_type == _RESPONSE_JSON:
            status = 403 if "forbidden" in codes else 400
    return _answer(outcome.payload, status, media_type)


def _refusal(error: BifrostError, status: int, media_type: str) -> Response:
    body = error_body(error)
    message = body.pop("message")
    return _answer({"errors": [GraphQLError(str(message), extensions=body).formatted]}, status, media_type)


def _answer(payload: Any, status: int, media_type: str, headers: Mapping[str, str] | None = None) -> Response:
    body = orjson.dumps(payload, default=str)
    return Response(body, status, {**(headers or {}), "Content-Type": f"{media_type}; charset=utf-8"})
