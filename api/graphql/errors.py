"""Errors of GraphQL operations in the one shape: ``extensions`` carries code, remedy and retryable."""

from typing import Any

import structlog
from graphql import GraphQLError, GraphQLFormattedError

from api.http import error_body
from bifrost.errors import BifrostError, QuerySyntaxError

__all__ = ["InvalidOperationError", "as_graphql_error", "format_error"]

_log = structlog.get_logger()


class InvalidOperationError(BifrostError):
    """A document that the schema does not allow, or variables that do not fit."""

    code = "query_invalid"
    default_remedy = "Compare the operation with the schema (docs/reference/graphql.md, or introspection)."


def as_graphql_error(error: BifrostError) -> GraphQLError:
    return GraphQLError(error.message, original_error=error)


def format_error(error: GraphQLError) -> GraphQLFormattedError:
    """As the specification says, with the error shape in the extensions. Unforeseen errors are logged, not shown."""
    cause = error.original_error
    while isinstance(cause, GraphQLError):
        cause = cause.original_error
    shown = dict(error.formatted)
    if cause is None:
        code = QuerySyntaxError.code if error.message.startswith("Syntax Error") else InvalidOperationError.code
        body: dict[str, Any] = {"code": code, "remedy": InvalidOperationError.default_remedy, "retryable": False}
    else:
        body = error_body(cause)
        shown["message"] = body.pop("message")
        if not isinstance(cause, BifrostError):
            _log.error("graphql_field_failed", path=error.path, exc_info=cause)
    shown["extensions"] = {**body, **(error.extensions or {})}
    return shown  # type: ignore[return-value]
