"""The typed part of the schema, made from the vertex and link types that the graph has at the moment."""

from api.graphql.execute import SchemaSource
from api.graphql.schema import generic_schema
from bifrost.ports import Store

__all__ = ["TypedSchema"]


class TypedSchema(SchemaSource):
    def __init__(self, store: Store) -> None:
        super().__init__(generic_schema())
        self._store = store
