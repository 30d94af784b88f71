"""Subscriptions to a query's answer: ``subscription { live { customers { totalCount } } }``.

The part below ``live`` is a query like any other. It is asked again when the change log has moved, and sent when its
answer differs from the one before. Many changes at once are one new answer.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from graphql import DocumentNode, FragmentDefinitionNode, OperationDefinitionNode, OperationType, SelectionSetNode

from api.graphql.limits import root_fields
from api.graphql.typed_types import LIVE

__all__ = ["LiveQuery", "live_query"]


@dataclass(frozen=True, slots=True)
class LiveQuery:
    """``name`` is what the answer stands under; ``operation`` is the query, in a document with its fragments."""

    name: str
    document: DocumentNode
    operation: OperationDefinitionNode

    def payload(self, answer: dict[str, Any]) -> dict[str, Any]:
        """A query's answer as that of the subscription."""
        wrapped: dict[str, Any] = {"data": {self.name: answer["data"]} if answer["data"] is not None else None}
        errors = [{**error, "path": [self.name, *error.get("path", ())]} for error in answer.get("errors", ())]
        return {"errors": errors, **wrapped} if errors else wrapped


def live_query(document: DocumentNode, operation: OperationDefinitionNode) -> LiveQuery | None:
    """The query inside a valid subscription; None for subscriptions of another kind."""
    if operation.operation is not OperationType.SUBSCRIPTION:
        return None
    roots = [node for node in root_fields(document, operation) if node.name.value == LIVE]
    if not roots:
        return None
    selections = tuple(one for node in roots if node.selection_set for one in node.selection_set.selections)
    query = OperationDefinitionNode(
        operation=OperationType.QUERY,
        name=operation.name,
        variable_definitions=operation.variable_definitions,
        directives=(),
        selection_set=SelectionSetNode(selections=selections),
    )
    return LiveQuery(
        (roots[0].alias or roots[0].name).value, DocumentNode(definitions=(query, *_fragments(document))), query
    )


def _fragments(document: DocumentNode) -> Iterator[FragmentDefinitionNode]:
    return (one for one in document.definitions if isinstance(one, FragmentDefinitionNode))
