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
    LargeBinary,
    MetaData,
    SmallInteger,
    Table,
    Text,
    UniqueConstraint,
    text,
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
    Column("uid", Text, nullable=False),
    Column("label", Integer, nullable=False),
    Column("tail", Id, nullable=False, comment="vertex.id"),
    Column("head", Id, nullable=False, comment="vertex.id"),
    Column("properties", Text, nullable=False),
    Column("score", Float, nullable=False, server_default="1"),
    Index(None, "tail", "label", "head"),
    Index(None, "head", "label", "tail"),
    Index(None, "label", "id"),
)
"""An edge is found by its uid through the link of its id, which has the same and an index of it."""

vertex_value = Table(
    "vertex_value",
    metadata,
    Column("key", Integer, primary_key=True, comment="label.id of the property key"),
    Column("hash", BigInteger, primary_key=True, comment="graphstore.values.value_hash of the value"),
    Column("vertex", Id, primary_key=True),
    sqlite_with_rowid=False,
)
"""Finds vertices by the value of a property; candidates are verified against ``vertex.properties``."""

# ---- the catalog -----------------------------------------------------------------------------------------------------

source = Table(
    "source",
    metadata,
    Column("id", Integer, primary_key=True, autoincrement=False),
    Column("name", Text, nullable=False, unique=True),
    Column("kind", Text, nullable=False),
    Column("options", Text, nullable=False),
    Column("rank", Integer, nullable=False),
    Column("removal_limit", Float, nullable=False),
    Column("created", Text, nullable=False),
    Column("secret", LargeBinary, comment="encrypted by the caller"),
)

dataset = Table(
    "dataset",
    metadata,
    Column("id", Integer, primary_key=True, autoincrement=False),
    Column("source", Integer, nullable=False, comment="source.id"),
    Column("name", Text, nullable=False),
    Column("info", Text, nullable=False, comment="bifrost.values.DatasetInfo as JSON"),
    Column("type", Text, nullable=False, comment="vertex type of its records"),
    Column("last_build", Integer),
    UniqueConstraint("source", "name"),
)

build = Table(
    "build",
    metadata,
    Column("id", Integer, primary_key=True, autoincrement=False),
    Column("state", Text, nullable=False),
    Column("sources", Text, nullable=False),
    Column("started", Text),
    Column("finished", Text),
    Column("progress", Text, nullable=False),
    Column("error", Text),
    Column("counts", Text, nullable=False),
)

failure = Table(
    "failure",
    metadata,
    Column("id", Integer, primary_key=True, autoincrement=False),
    Column("source", Text, nullable=False),
    Column("dataset", Text, nullable=False),
    Column("record", Text, nullable=False),
    Column("code", Text, nullable=False),
    Column("message", Text, nullable=False),
    Column("remedy", Text, nullable=False),
    Column("build", Integer, nullable=False),
    Index(None, "build", "source", "dataset"),
    Index(None, "source", "dataset"),
)

# ---- what the sources say --------------------------------------------------------------------------------------------

record = Table(
    "record",
    metadata,
    Column("id", Id, primary_key=True, autoincrement=False),
    Column("dataset", Integer, nullable=False, comment="dataset.id"),
    Column("key", Text, nullable=False),
    Column("digest", LargeBinary, nullable=False),
    Column("build", Integer, nullable=False, comment="the last build that saw it"),
    Column("first_build", Integer, nullable=False),
    Column("changed_build", Integer, nullable=False, comment="the last build in which it changed"),
    Column("changed", Float, nullable=False, comment="when it changed, seconds since 1970"),
    Column("version", Id, nullable=False, comment="counter that grows with each write; scoped views follow it"),
    UniqueConstraint("dataset", "key"),
    Index(None, "version"),
)

removed_record = Table(
    "removed_record",
    metadata,
    Column("version", Id, primary_key=True),
    Column("dataset", Integer, primary_key=True),
    Column("key", Text, primary_key=True),
)
"""Which records vanished in which write: what scoped views follow."""

evidence = Table(
    "evidence",
    metadata,
    Column("id", Integer, primary_key=True, autoincrement=False),
    Column("dataset", Integer, nullable=False),
    Column("data", Text, nullable=False),
    Index(None, "dataset"),
)
"""Evidence that all rows of a dataset share, stored once; a fragment or link names it as ``#<id>``."""

fragment = Table(
    "fragment",
    metadata,
    Column("id", Id, primary_key=True, autoincrement=False),
    Column("uid", Text, nullable=False),
    Column("record", Id, nullable=False, comment="record.id"),
    Column("dataset", Integer, nullable=False, comment="dataset.id"),
    Column("type", Integer, nullable=False, comment="label.id"),
    Column("properties", Text, nullable=False),
    Column("evidence", Text, comment="null: bifrost.values.Evidence(); #<id>: the evidence table; else JSON"),
    Column("canonical", Id, nullable=False, comment="vertex.id: the fragment that names the merged vertex"),
    Index(None, "uid"),
    Index(None, "record"),
    Index(None, "dataset", "id"),
    Index(None, "canonical"),
)

link = Table(
    "link",
    metadata,
    Column("id", Id, primary_key=True, autoincrement=False),
    Column("uid", Text, nullable=False, unique=True),
    Column("record", Id, comment="record.id; of a link type's links only where a third record says so"),
    Column("link_type", Integer, comment="link_type.number, null for links that a record states"),
    Column("type", Integer, nullable=False, comment="label.id"),
    Column("tail", Id, comment="fragment.id, null while no such fragment exists"),
    Column("head", Id, comment="fragment.id, null while no such fragment exists"),
    Column("properties", Text, nullable=False),
    Column("evidence", Text),
    Column("score", Float, nullable=False),
    Column("pin", SmallInteger, nullable=False, comment="1 confirmed, -1 rejected by a person, 0 nobody said"),
    Column("given", SmallInteger, nullable=False, comment="0: only a person's answer speaks for it"),
    Column("active", SmallInteger, nullable=False, comment="1: served while both ends exist"),
    Index(None, "record"),
    Index(
        "ix_link_link_type",
        "link_type",
        sqlite_where=text("link_type IS NOT NULL"),
        postgresql_where=text("link_type IS NOT NULL"),
    ),
    Index(None, "tail"),
    Index(None, "head"),
)

dangling = Table(
    "dangling",
    metadata,
    Column("uid", Text, primary_key=True, comment="the fragment that the link waits for"),
    Column("link", Id, primary_key=True),
    Column("end", SmallInteger, primary_key=True, comment="0 tail, 1 head"),
    Index(None, "link"),
)

document = Table(
    "document",
    metadata,
    Column("record", Id, primary_key=True, autoincrement=False),
    Column("fragment", Id, nullable=False, comment="the fragment that stands for the document"),
    Column("media_type", Text, nullable=False),
    Column("reader", Text, nullable=False),
    Column("properties", Text, nullable=False),
    Index(None, "fragment"),
)

page = Table(
    "page",
    metadata,
    Column("record", Id, primary_key=True),
    Column("number", Integer, primary_key=True),
    Column("text", Text, nullable=False),
    Column("width", Float, nullable=False),
    Column("height", Float, nullable=False),
    Column("from_ocr", SmallInteger, nullable=False),
    Column("tables", Text, nullable=False),
    Column("words", LargeBinary, comment="graphstore.documents.pack_words"),
)

mention = Table(
    "mention",
    metadata,
    Column("record", Id, primary_key=True),
    Column("position", Integer, primary_key=True),
    Column("page", Integer, nullable=False),
    Column("begin", Integer, nullable=False),
    Column("end", Integer, nullable=False),
    Column("text", Text, nullable=False),
    Column("type", Text, nullable=False),
    Column("normal", Text, nullable=False),
    Column("confidence", Float, nullable=False),
    Column("extractor", Text, nullable=False),
)

# ---- what belongs together -------------------------------------------------------------------------------------------

link_type = Table(
    "link_type",
    metadata,
    Column("number", Integer, primary_key=True, autoincrement=False),
    Column("id", Text, nullable=False, unique=True),
    Column("state", Text, nullable=False),
    Column("probability", Float, nullable=False),
    Column("tail_source", Text, nullable=False),
    Column("head_source", Text, nullable=False),
    Column("proposed", Text, comment="as a model proposed it, null where only an answer made it"),
    Column("data", Text, nullable=False, comment="with all answers applied"),
    Column("version", Id, nullable=False),
    Index(None, "version"),
)

same_pair = Table(
    "same_pair",
    metadata,
    Column("link_type", Integer, primary_key=True, comment="link_type.number"),
    Column("left", Id, primary_key=True, comment="fragment.id"),
    Column("right", Id, primary_key=True, comment="fragment.id"),
    Column("score", Float, nullable=False),
    Column("evidence", Text, nullable=False),
    Column("pin", SmallInteger, nullable=False),
    Column("given", SmallInteger, nullable=False),
    Column("active", SmallInteger, nullable=False, comment="1: merges its two fragments"),
    Index(None, "left"),
    Index(None, "right"),
)

judgement = Table(
    "judgement",
    metadata,
    Column("id", Integer, primary_key=True, autoincrement=False),
    Column("subject", Text, nullable=False),
    Column("link_type", Text, nullable=False, comment="link_type.id of the subject"),
    Column("target", Text, comment="link_type.id that a correction of kind or columns made"),
    Column("verdict", Text, nullable=False),
    Column("by", Text, nullable=False),
    Column("at", Text, nullable=False),
    Column("correction", Text),
    Column("note", Text, nullable=False),
    Column("features", Text, nullable=False),
    Column("corrected", Text, comment="the link type that the correction made"),
    Column(
        "second_opinion", SmallInteger, nullable=False, server_default="0", comment="1: asked as if nobody had answered"
    ),
    Column("undone_by", Text),
    Column("undone_at", Text),
    Index(None, "subject"),
    Index(None, "link_type"),
    Index(None, "target"),
)

# ---- what people changed by hand -------------------------------------------------------------------------------------

edit = Table(
    "edit",
    metadata,
    Column("id", Integer, primary_key=True, autoincrement=False),
    Column("element", Text, nullable=False, comment="vertex or edge"),
    Column("subject", Text, nullable=False, comment="uid of the vertex or edge"),
    Column("action", Text, nullable=False, comment="add, update or delete"),
    Column("data", Text, nullable=False),
    Column("by", Text, nullable=False),
    Column("at", Text, nullable=False),
    Column("undone_by", Text),
    Column("undone_at", Text),
    Index(None, "subject"),
)

uncommitted = Table(
    "uncommitted",
    metadata,
    Column("edit", Integer, primary_key=True, autoincrement=False, comment="edit.id"),
    Column("session", Text, nullable=False, comment="a random name"),
    Column("owner", Text, nullable=False, comment="the process whose session it is"),
    Column("at", Float, nullable=False, comment="seconds since 1970"),
)
"""Edits of sessions that have not committed yet; undone when their process has died."""

hidden_link = Table("hidden_link", metadata, Column("uid", Text, primary_key=True))
"""Links that people deleted: never served, however often a record states them."""

# ---- the log ---------------------------------------------------------------------------------------------------------

change = Table(
    "change",
    metadata,
    Column("seq", Id, primary_key=True, autoincrement=False),
    Column("op", SmallInteger, nullable=False, comment="0 put, 1 remove"),
    Column("element", SmallInteger, nullable=False, comment="0 vertex, 1 edge"),
    Column("ref", Id, nullable=False, comment="vertex.id or edge.id"),
    Column("uid", Text, comment="of a removed element"),
)

change_time = Table(
    "change_time",
    metadata,
    Column("seq", Id, primary_key=True, autoincrement=False, comment="change.seq"),
    Column("at", Float, nullable=False, comment="when it was made, seconds since 1970"),
)
"""Times of some changes; those between two of them are as old as the first."""

projection = Table(
    "projection",
    metadata,
    Column("name", Text, primary_key=True),
    Column("position", Id, nullable=False),
)

counter = Table(
    "counter",
    metadata,
    Column("name", Text, primary_key=True),
    Column("value", Id, nullable=False, comment="the last id given out; ids are never used again"),
)
