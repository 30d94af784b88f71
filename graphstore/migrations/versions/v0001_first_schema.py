"""The first schema."""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "build",
        sa.Column("id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("sources", sa.Text(), nullable=False),
        sa.Column("started", sa.Text(), nullable=True),
        sa.Column("finished", sa.Text(), nullable=True),
        sa.Column("progress", sa.Text(), nullable=False),
        sa.Column("error", sa.Text(), nullable=True),
        sa.Column("counts", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_build")),
    )
    op.create_table(
        "change",
        sa.Column("seq", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=False, nullable=False),
        sa.Column("op", sa.SmallInteger(), nullable=False, comment="0 put, 1 remove"),
        sa.Column("element", sa.SmallInteger(), nullable=False, comment="0 vertex, 1 edge"),
        sa.Column(
            "ref", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False, comment="vertex.id or edge.id"
        ),
        sa.Column("uid", sa.Text(), nullable=True, comment="of a removed element"),
        sa.PrimaryKeyConstraint("seq", name=op.f("pk_change")),
    )
    op.create_table(
        "counter",
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column(
            "value",
            sa.BigInteger().with_variant(sa.Integer(), "sqlite"),
            nullable=False,
            comment="the last id given out; ids are never used again",
        ),
        sa.PrimaryKeyConstraint("name", name=op.f("pk_counter")),
    )
    op.create_table(
        "dangling",
        sa.Column("uid", sa.Text(), nullable=False, comment="the fragment that the link waits for"),
        sa.Column("link", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("end", sa.SmallInteger(), nullable=False, comment="0 tail, 1 head"),
        sa.PrimaryKeyConstraint("uid", "link", "end", name=op.f("pk_dangling")),
    )
    op.create_index(op.f("ix_dangling_link"), "dangling", ["link"], unique=False)
    op.create_table(
        "dataset",
        sa.Column("id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("source", sa.Integer(), nullable=False, comment="source.id"),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("info", sa.Text(), nullable=False, comment="bifrost.values.DatasetInfo as JSON"),
        sa.Column("type", sa.Text(), nullable=False, comment="vertex type of its records"),
        sa.Column("last_build", sa.Integer(), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_dataset")),
        sa.UniqueConstraint("source", "name", name=op.f("uq_dataset_source_name")),
    )
    op.create_table(
        "document",
        sa.Column("record", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=False, nullable=False),
        sa.Column(
            "fragment",
            sa.BigInteger().with_variant(sa.Integer(), "sqlite"),
            nullable=False,
            comment="the fragment that stands for the document",
        ),
        sa.Column("media_type", sa.Text(), nullable=False),
        sa.Column("reader", sa.Text(), nullable=False),
        sa.Column("properties", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("record", name=op.f("pk_document")),
    )
    op.create_index(op.f("ix_document_fragment"), "document", ["fragment"], unique=False)
    op.create_table(
        "edge",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=False, nullable=False),
        sa.Column("uid", sa.Text(), nullable=False),
        sa.Column("label", sa.Integer(), nullable=False),
        sa.Column("tail", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False, comment="vertex.id"),
        sa.Column("head", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False, comment="vertex.id"),
        sa.Column("properties", sa.Text(), nullable=False),
        sa.Column("score", sa.Float(), server_default="1", nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_edge")),
        sa.UniqueConstraint("uid", name=op.f("uq_edge_uid")),
    )
    op.create_index(op.f("ix_edge_head_label_tail"), "edge", ["head", "label", "tail"], unique=False)
    op.create_index(op.f("ix_edge_label_id"), "edge", ["label", "id"], unique=False)
    op.create_index(op.f("ix_edge_tail_label_head"), "edge", ["tail", "label", "head"], unique=False)
    op.create_table(
        "edit",
        sa.Column("id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("element", sa.Text(), nullable=False, comment="vertex or edge"),
        sa.Column("subject", sa.Text(), nullable=False, comment="uid of the vertex or edge"),
        sa.Column("action", sa.Text(), nullable=False, comment="add, update or delete"),
        sa.Column("data", sa.Text(), nullable=False),
        sa.Column("by", sa.Text(), nullable=False),
        sa.Column("at", sa.Text(), nullable=False),
        sa.Column("undone_by", sa.Text(), nullable=True),
        sa.Column("undone_at", sa.Text(), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_edit")),
    )
    op.create_index(op.f("ix_edit_subject"), "edit", ["subject"], unique=False)
    op.create_table(
        "evidence",
        sa.Column("id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("dataset", sa.Integer(), nullable=False),
        sa.Column("data", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_evidence")),
    )
    op.create_index(op.f("ix_evidence_dataset"), "evidence", ["dataset"], unique=False)
    op.create_table(
        "failure",
        sa.Column("id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("source", sa.Text(), nullable=False),
        sa.Column("dataset", sa.Text(), nullable=False),
        sa.Column("record", sa.Text(), nullable=False),
        sa.Column("code", sa.Text(), nullable=False),
        sa.Column("message", sa.Text(), nullable=False),
        sa.Column("remedy", sa.Text(), nullable=False),
        sa.Column("build", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_failure")),
    )
    op.create_index(op.f("ix_failure_build_source_dataset"), "failure", ["build", "source", "dataset"], unique=False)
    op.create_index(op.f("ix_failure_source_dataset"), "failure", ["source", "dataset"], unique=False)
    op.create_table(
        "fragment",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=False, nullable=False),
        sa.Column("uid", sa.Text(), nullable=False),
        sa.Column("record", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False, comment="record.id"),
        sa.Column("dataset", sa.Integer(), nullable=False, comment="dataset.id"),
        sa.Column("type", sa.Integer(), nullable=False, comment="label.id"),
        sa.Column("properties", sa.Text(), nullable=False),
        sa.Column(
            "evidence",
            sa.Text(),
            nullable=True,
            comment="null: bifrost.values.Evidence(); #<id>: the evidence table; else JSON",
        ),
        sa.Column(
            "canonical",
            sa.BigInteger().with_variant(sa.Integer(), "sqlite"),
            nullable=False,
            comment="vertex.id: the fragment that names the merged vertex",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_fragment")),
    )
    op.create_index(op.f("ix_fragment_canonical"), "fragment", ["canonical"], unique=False)
    op.create_index(op.f("ix_fragment_dataset_id"), "fragment", ["dataset", "id"], unique=False)
    op.create_index(op.f("ix_fragment_record"), "fragment", ["record"], unique=False)
    op.create_index(op.f("ix_fragment_uid"), "fragment", ["uid"], unique=False)
    op.create_table(
        "hidden_link",
        sa.Column("uid", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("uid", name=op.f("pk_hidden_link")),
    )
    op.create_table(
        "judgement",
        sa.Column("id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("subject", sa.Text(), nullable=False),
        sa.Column("link_type", sa.Text(), nullable=False, comment="link_type.id of the subject"),
        sa.Column("target", sa.Text(), nullable=True, comment="link_type.id that a correction of kind or columns made"),
        sa.Column("verdict", sa.Text(), nullable=False),
        sa.Column("by", sa.Text(), nullable=False),
        sa.Column("at", sa.Text(), nullable=False),
        sa.Column("correction", sa.Text(), nullable=True),
        sa.Column("note", sa.Text(), nullable=False),
        sa.Column("features", sa.Text(), nullable=False),
        sa.Column("corrected", sa.Text(), nullable=True, comment="the link type that the correction made"),
        sa.Column("undone_by", sa.Text(), nullable=True),
        sa.Column("undone_at", sa.Text(), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_judgement")),
    )
    op.create_index(op.f("ix_judgement_link_type"), "judgement", ["link_type"], unique=False)
    op.create_index(op.f("ix_judgement_subject"), "judgement", ["subject"], unique=False)
    op.create_index(op.f("ix_judgement_target"), "judgement", ["target"], unique=False)
    op.create_table(
        "label",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("element", sa.SmallInteger(), nullable=False, comment="0 vertex, 1 edge, 2 property key"),
        sa.Column("name", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_label")),
        sa.UniqueConstraint("element", "name", name=op.f("uq_label_element_name")),
    )
    op.create_table(
        "link",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=False, nullable=False),
        sa.Column("uid", sa.Text(), nullable=False),
        sa.Column(
            "record",
            sa.BigInteger().with_variant(sa.Integer(), "sqlite"),
            nullable=True,
            comment="record.id; of a link type's links only where a third record says so",
        ),
        sa.Column(
            "link_type", sa.Integer(), nullable=True, comment="link_type.number, null for links that a record states"
        ),
        sa.Column("type", sa.Integer(), nullable=False, comment="label.id"),
        sa.Column(
            "tail",
            sa.BigInteger().with_variant(sa.Integer(), "sqlite"),
            nullable=True,
            comment="fragment.id, null while no such fragment exists",
        ),
        sa.Column(
            "head",
            sa.BigInteger().with_variant(sa.Integer(), "sqlite"),
            nullable=True,
            comment="fragment.id, null while no such fragment exists",
        ),
        sa.Column("properties", sa.Text(), nullable=False),
        sa.Column("evidence", sa.Text(), nullable=True),
        sa.Column("score", sa.Float(), nullable=False),
        sa.Column(
            "pin", sa.SmallInteger(), nullable=False, comment="1 confirmed, -1 rejected by a person, 0 nobody said"
        ),
        sa.Column("given", sa.SmallInteger(), nullable=False, comment="0: only a person's answer speaks for it"),
        sa.Column("active", sa.SmallInteger(), nullable=False, comment="1: served while both ends exist"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_link")),
        sa.UniqueConstraint("uid", name=op.f("uq_link_uid")),
    )
    op.create_index(op.f("ix_link_head"), "link", ["head"], unique=False)
    op.create_index(
        "ix_link_link_type",
        "link",
        ["link_type"],
        unique=False,
        sqlite_where=sa.text("link_type IS NOT NULL"),
        postgresql_where=sa.text("link_type IS NOT NULL"),
    )
    op.create_index(op.f("ix_link_record"), "link", ["record"], unique=False)
    op.create_index(op.f("ix_link_tail"), "link", ["tail"], unique=False)
    op.create_table(
        "link_type",
        sa.Column("number", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("probability", sa.Float(), nullable=False),
        sa.Column("tail_source", sa.Text(), nullable=False),
        sa.Column("head_source", sa.Text(), nullable=False),
        sa.Column(
            "proposed", sa.Text(), nullable=True, comment="as a model proposed it, null where only an answer made it"
        ),
        sa.Column("data", sa.Text(), nullable=False, comment="with all answers applied"),
        sa.Column("version", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.PrimaryKeyConstraint("number", name=op.f("pk_link_type")),
        sa.UniqueConstraint("id", name=op.f("uq_link_type_id")),
    )
    op.create_index(op.f("ix_link_type_version"), "link_type", ["version"], unique=False)
    op.create_table(
        "mention",
        sa.Column("record", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("page", sa.Integer(), nullable=False),
        sa.Column("begin", sa.Integer(), nullable=False),
        sa.Column("end", sa.Integer(), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("type", sa.Text(), nullable=False),
        sa.Column("normal", sa.Text(), nullable=False),
        sa.Column("confidence", sa.Float(), nullable=False),
        sa.Column("extractor", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("record", "position", name=op.f("pk_mention")),
    )
    op.create_table(
        "page",
        sa.Column("record", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("width", sa.Float(), nullable=False),
        sa.Column("height", sa.Float(), nullable=False),
        sa.Column("from_ocr", sa.SmallInteger(), nullable=False),
        sa.Column("tables", sa.Text(), nullable=False),
        sa.Column("words", sa.LargeBinary(), nullable=True, comment="graphstore.documents.pack_words"),
        sa.PrimaryKeyConstraint("record", "number", name=op.f("pk_page")),
    )
    op.create_table(
        "projection",
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("position", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.PrimaryKeyConstraint("name", name=op.f("pk_projection")),
    )
    op.create_table(
        "record",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=False, nullable=False),
        sa.Column("dataset", sa.Integer(), nullable=False, comment="dataset.id"),
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column("digest", sa.LargeBinary(), nullable=False),
        sa.Column("build", sa.Integer(), nullable=False, comment="the last build that saw it"),
        sa.Column("first_build", sa.Integer(), nullable=False),
        sa.Column("changed_build", sa.Integer(), nullable=False, comment="the last build in which it changed"),
        sa.Column("changed", sa.Float(), nullable=False, comment="when it changed, seconds since 1970"),
        sa.Column(
            "version",
            sa.BigInteger().with_variant(sa.Integer(), "sqlite"),
            nullable=False,
            comment="counter that grows with each write; scoped views follow it",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_record")),
        sa.UniqueConstraint("dataset", "key", name=op.f("uq_record_dataset_key")),
    )
    op.create_index(op.f("ix_record_version"), "record", ["version"], unique=False)
    op.create_table(
        "removed_record",
        sa.Column("version", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("dataset", sa.Integer(), nullable=False),
        sa.Column("key", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("version", "dataset", "key", name=op.f("pk_removed_record")),
    )
    op.create_table(
        "same_pair",
        sa.Column("link_type", sa.Integer(), nullable=False, comment="link_type.number"),
        sa.Column("left", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False, comment="fragment.id"),
        sa.Column("right", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False, comment="fragment.id"),
        sa.Column("score", sa.Float(), nullable=False),
        sa.Column("evidence", sa.Text(), nullable=False),
        sa.Column("pin", sa.SmallInteger(), nullable=False),
        sa.Column("given", sa.SmallInteger(), nullable=False),
        sa.Column("active", sa.SmallInteger(), nullable=False, comment="1: merges its two fragments"),
        sa.PrimaryKeyConstraint("link_type", "left", "right", name=op.f("pk_same_pair")),
    )
    op.create_index(op.f("ix_same_pair_left"), "same_pair", ["left"], unique=False)
    op.create_index(op.f("ix_same_pair_right"), "same_pair", ["right"], unique=False)
    op.create_table(
        "source",
        sa.Column("id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("options", sa.Text(), nullable=False),
        sa.Column("rank", sa.Integer(), nullable=False),
        sa.Column("removal_limit", sa.Float(), nullable=False),
        sa.Column("created", sa.Text(), nullable=False),
        sa.Column("secret", sa.LargeBinary(), nullable=True, comment="encrypted by the caller"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_source")),
        sa.UniqueConstraint("name", name=op.f("uq_source_name")),
    )
    op.create_table(
        "vertex",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=False, nullable=False),
        sa.Column("uid", sa.Text(), nullable=False),
        sa.Column("label", sa.Integer(), nullable=False),
        sa.Column("properties", sa.Text(), nullable=False),
        sa.Column("meta", sa.Text(), nullable=True, comment="JSON, null where nobody set a meta-property"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_vertex")),
        sa.UniqueConstraint("uid", name=op.f("uq_vertex_uid")),
    )
    op.create_index(op.f("ix_vertex_label_id"), "vertex", ["label", "id"], unique=False)
    op.create_table(
        "vertex_value",
        sa.Column("key", sa.Integer(), nullable=False, comment="label.id of the property key"),
        sa.Column("hash", sa.BigInteger(), nullable=False, comment="graphstore.values.value_hash of the value"),
        sa.Column("vertex", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.PrimaryKeyConstraint("key", "hash", "vertex", name=op.f("pk_vertex_value")),
        sqlite_with_rowid=False,
    )
