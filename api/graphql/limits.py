"""Bounds on what a GraphQL document may ask, checked before anything is read.

Cost is the number of fields that the answer may have: a list multiplies its children by its ``first`` or ``limit``
argument, by the number of its ``ids``, or by a usual length. Links of the typed part know their usual length.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from graphql import (
    DocumentNode,
    FieldNode,
    FragmentDefinitionNode,
    FragmentSpreadNode,
    GraphQLNamedOutputType,
    GraphQLObjectType,
    GraphQLSchema,
    InlineFragmentNode,
    OperationDefinitionNode,
    OperationType,
    SelectionSetNode,
    get_named_type,
    get_nullable_type,
    is_list_type,
    value_from_ast_untyped,
)

from bifrost.errors import InputError, QueryLimitError

__all__ = ["Limits", "bounded", "check_cost", "check_shape", "root_fields"]


@dataclass(frozen=True, slots=True)
class Limits:
    """``cost`` in fields of the answer; ``depth`` in nested selections; ``repeats`` of one name in one selection."""

    tokens: int = 10_000
    characters: int = 200_000
    depth: int = 20
    fields: int = 2_000
    aliases: int = 100
    repeats: int = 100
    fragments: int = 100
    cost: int = 1_000_000


USUAL_LENGTH = "usualLength"
"""Extension of a list field: how long the list usually is. What it is in fact is limited while it is read."""
_USUAL_LENGTH = 10
_REMEDY = "Ask for less: fewer fields, a smaller 'first', or several requests."


def check_shape(document: DocumentNode, limits: Limits) -> None:
    """Bounds the document itself, in time linear in its size, before it is validated. Raises QueryLimitError."""
    fragments = sum(isinstance(definition, FragmentDefinitionNode) for definition in document.definitions)
    if fragments > limits.fragments:
        raise QueryLimitError(
            f"The document has {fragments} fragments; the limit is {limits.fragments}.", remedy=_REMEDY
        )
    fields = aliases = 0
    # Fields of one name in one place are merged, and so are their selections: validation compares each with each.
    stack = [
        ([definition.selection_set], 1) for definition in document.definitions if hasattr(definition, "selection_set")
    ]
    while stack:
        merged, depth = stack.pop()
        if depth > limits.depth:
            raise QueryLimitError(f"The document is nested deeper than {limits.depth} levels.", remedy=_REMEDY)
        names: dict[str, int] = {}
        inner: dict[str | None, list[SelectionSetNode]] = {}
        for selection in (selection for selection_set in merged for selection in selection_set.selections):
            name = None
            if isinstance(selection, FieldNode):
                fields += 1
                aliases += selection.alias is not None
                name = (selection.alias or selection.name).value
                names[name] = names.get(name, 0) + 1
            below = getattr(selection, "selection_set", None)
            if below is not None:
                inner.setdefault(name, []).append(below)
        stack += [(below, depth + 1) for below in inner.values()]
        if fields > limits.fields or aliases > limits.aliases or max(names.values(), default=0) > limits.repeats:
            raise QueryLimitError(
                f"The document has more than {limits.fields} fields, {limits.aliases} aliases, "
                f"or {limits.repeats} times the same field in one place.",
                remedy=_REMEDY,
            )


def root_fields(document: DocumentNode, operation: OperationDefinitionNode) -> Iterator[FieldNode]:
    """The fields of the operation's root, those inside fragments included. The document must be valid."""
    fragments = _fragments(document)
    stack = [operation.selection_set]
    while stack:
        for selection in stack.pop().selections:
            if isinstance(selection, FieldNode):
                yield selection
            elif isinstance(selection, InlineFragmentNode):
                stack.append(selection.selection_set)
            elif isinstance(selection, FragmentSpreadNode):
                stack.append(fragments[selection.name.value].selection_set)


def _fragments(document: DocumentNode) -> dict[str, FragmentDefinitionNode]:
    return {
        definition.name.value: definition
        for definition in document.definitions
        if isinstance(definition, FragmentDefinitionNode)
    }


def check_cost(
    schema: GraphQLSchema,
    document: DocumentNode,
    operation: OperationDefinitionNode,
    variables: Mapping[str, Any],
    limits: Limits,
) -> int:
    """The cost of a valid operation. Raises QueryLimitError above the limits of cost and depth."""
    root = {
        OperationType.QUERY: schema.query_type,
        OperationType.MUTATION: schema.mutation_type,
        OperationType.SUBSCRIPTION: schema.subscription_type,
    }[operation.operation]
    defaults = {
        definition.variable.name.value: value_from_ast_untyped(definition.default_value)
        for definition in operation.variable_definitions or ()
        if definition.default_value is not None
    }
    meter = _Meter(_fragments(document), {**defaults, **variables}, limits)
    cost = meter.selection(operation.selection_set, root, 1)
    if cost > limits.cost:
        raise QueryLimitError(f"The answer may have {cost} fields; the limit is {limits.cost}.", remedy=_REMEDY)
    return cost


@dataclass(frozen=True, slots=True)
class _Meter:
    fragments: Mapping[str, FragmentDefinitionNode]
    variables: Mapping[str, Any]
    limits: Limits

    def selection(self, node: SelectionSetNode, parent: GraphQLNamedOutputType | None, depth: int) -> int:
        if depth > self.limits.depth:
            raise QueryLimitError(f"The operation is nested deeper than {self.limits.depth} levels.", remedy=_REMEDY)
        total = 0
        for selection in node.selections:
            if isinstance(selection, FieldNode):
                total += self.field(selection, parent, depth)
            elif isinstance(selection, InlineFragmentNode):
                total += self.selection(selection.selection_set, parent, depth)
            elif isinstance(selection, FragmentSpreadNode):
                total += self.selection(self.fragments[selection.name.value].selection_set, parent, depth)
            if total > self.limits.cost:
                break
        return total

    def field(self, node: FieldNode, parent: GraphQLNamedOutputType | None, depth: int) -> int:
        field = parent.fields.get(node.name.value) if isinstance(parent, GraphQLObjectType) else None
        if node.selection_set is None:
            return 1
        if field is None:  # introspection: the schema's size bounds it
            return 1 + self.selection(node.selection_set, None, depth + 1)
        times = self.length(node, field)
        return 1 + times * self.selection(node.selection_set, get_named_type(field.type), depth + 1)

    def length(self, node: FieldNode, field: Any) -> int:
        given = {
            argument.name.value: value_from_ast_untyped(argument.value, dict(self.variables))
            for argument in node.arguments or ()
        }
        ids = given.get("ids")
        if isinstance(ids, list):
            return max(1, len(ids))
        for name in ("first", "limit"):
            if name in field.args:
                value = given.get(name, field.args[name].default_value)
                length = value if isinstance(value, int) and value > 0 else 1
                return min(length, 2 * int(field.extensions.get(USUAL_LENGTH, length)))
        if not is_list_type(get_nullable_type(field.type)):
            return 1
        return int(field.extensions.get(USUAL_LENGTH, _USUAL_LENGTH))


def bounded(value: int | None, most: int, default: int, name: str = "limit") -> int:
    """Raises InputError for a negative number; a larger one than ``most`` gets ``most``."""
    if value is None:
        return default
    if value < 0:
        raise InputError(f"{name} is not negative.")
    return min(value, most)
