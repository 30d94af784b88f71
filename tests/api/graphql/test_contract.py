"""The schema is a superset of what the console relies on."""

from pathlib import Path

import pytest
from graphql import (
    GraphQLArgument,
    GraphQLEnumType,
    GraphQLInputField,
    GraphQLInputObjectType,
    GraphQLObjectType,
    GraphQLSchema,
    Undefined,
    build_schema,
    is_non_null_type,
)
from graphql.utilities import print_schema

from api.graphql.schema import generic_schema

CONTRACT = (Path(__file__).parent.parent / "contract.graphql").read_text(encoding="utf-8")


@pytest.fixture(scope="module")
def schema() -> GraphQLSchema:
    return generic_schema()


def accepts(ours: GraphQLArgument | GraphQLInputField, contract: GraphQLArgument | GraphQLInputField) -> bool:
    """Whether everything that the contract allows to send may be sent."""
    return str(ours.type).rstrip("!") == str(contract.type).rstrip("!") and (
        is_non_null_type(contract.type) or not is_non_null_type(ours.type)
    )


def required(argument: GraphQLArgument | GraphQLInputField) -> bool:
    return is_non_null_type(argument.type) and argument.default_value is Undefined


def test_every_type_field_and_argument_of_the_contract_exists(schema: GraphQLSchema) -> None:
    missing = []
    for name, wanted in build_schema(CONTRACT).type_map.items():
        if name.startswith("__"):
            continue
        ours = schema.type_map.get(name)
        if not isinstance(ours, type(wanted)):
            missing.append(name)
        elif isinstance(wanted, GraphQLEnumType) and isinstance(ours, GraphQLEnumType):
            missing += [f"{name}.{value}" for value in wanted.values if value not in ours.values]
        elif isinstance(wanted, GraphQLInputObjectType) and isinstance(ours, GraphQLInputObjectType):
            for field_name, given in wanted.fields.items():
                if field_name not in ours.fields or not accepts(ours.fields[field_name], given):
                    missing.append(f"{name}.{field_name}")
            missing += [
                f"{name}.{one} is required"
                for one in ours.fields
                if one not in wanted.fields and required(ours.fields[one])
            ]
        elif isinstance(wanted, GraphQLObjectType) and isinstance(ours, GraphQLObjectType):
            for field_name, field in wanted.fields.items():
                own = ours.fields.get(field_name)
                if own is None or str(own.type) not in (str(field.type), f"{field.type}!"):
                    missing.append(f"{name}.{field_name}: {field.type} (ours: {own and own.type})")
                    continue
                for argument, given_argument in field.args.items():
                    if argument not in own.args or not accepts(own.args[argument], given_argument):
                        missing.append(f"{name}.{field_name}({argument})")
    assert missing == []


def test_the_schema_can_be_printed_and_read_back(schema: GraphQLSchema) -> None:
    assert build_schema(print_schema(schema)).query_type is not None
