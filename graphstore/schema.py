"""The SQL schema, one MetaData for SQLite and PostgreSQL. Alembic migrations in graphstore/migrations follow it.

Served graph: ``vertex.id`` is the id of the fragment that gives the vertex its canonical id, ``edge.id`` the id of
the link statement behind it, so assembling needs no id mapping. ``properties`` is JSON as :mod:`bifrost.codec` writes
it (name -> list of values, the first is the one to show). ``meta`` holds meta-properties that people set, as name ->
list (one object or null per value); source, record, confidence, extractor and time are derived from the fragments.
"""

from sqlalchemy import (
    BigInteger,
    Column,
    Float,
    Index,
    Integer,
    MetaData,
    SmallInteger,
    Table,
    Text,
    UniqueConstraint,
)

metadata = MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "ck": "ck_%(table_name)s_%(constraint_name)s",
        "fk": "fk_%(table_name)s_%(column_0_N_name)s",
        "pk": "pk_%(table_name)s",
    }
)

Id = BigInteger().with_variant(Integer, "sqlite")
"""A 64-bit id; SQLite autonumbers only columns declared INTEGER."""

# ---- the served graph ------------------------------------------------------------------------------------------------

label = Table(
    "label",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("element", SmallInteger, nullable=False, comment="0 vertex, 1 edge, 2 property key"),
    Column("name", Text, nullable=False),
    UniqueConstraint("element", "name"),
)

vertex = Table(
    "vertex",
    metadata,
    Column("id", Id, primary_key=True, autoincrement=False),
    Column("uid", Text, nullable=False, unique=True),
    Column("label", Integer, nullable=False),
    Column("properties", Text, nullable=False),
    Column("meta", Text, comment="JSON, null where nobody set a meta-property"),
    Index(None, "label", "id"),
)

edge = Table(
    "edge",
    metadata,
    Column("id", Id, primary_key=True, autoincrement=False),
    Column("uid", Text, nullable=False, unique=True),
    Column("label", Integer, nullable=False),
    Column("tail", Id, nullable=False, comment="vertex.id"),
    Column("head", Id, nullable=False, comment="vertex.id"),
    Column("properties", Text, nullable=False),
    Column("score", Float, nullable=False, server_default="1"),
    Index(None, "tail", "label", "head"),
    Index(None, "head", "label", "tail"),
    Index(None, "label", "id"),
)

vertex_value = Table(
    "vertex_value",
    metadata,
    Column("key", Integer, primary_key=True, comment="label.id of the property key"),
    Column("hash", BigInteger, primary_key=True, comment="graphstore.values.value_hash of the value"),
    Column("vertex", Id, primary_key=True),
    sqlite_with_rowid=False,
)
"""Finds vertices by the value of a property; candidates are verified against ``vertex.properties``."""
