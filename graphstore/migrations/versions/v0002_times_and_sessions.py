"""The log knows when changes were made, search and SPARQL how far they are; what sessions left open is found again."""

import time

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "change_time",
        sa.Column(
            "seq",
            sa.BigInteger().with_variant(sa.Integer(), "sqlite"),
            autoincrement=False,
            nullable=False,
            comment="change.seq",
        ),
        sa.Column("at", sa.Float(), nullable=False, comment="when it was made, seconds since 1970"),
        sa.PrimaryKeyConstraint("seq", name=op.f("pk_change_time")),
    )
    # What was there before is at least as old as this upgrade.
    statement = sa.text("INSERT INTO change_time SELECT value, :now FROM counter WHERE name = 'change'")
    op.execute(statement.bindparams(now=time.time()))
    op.create_table(
        "uncommitted",
        sa.Column("edit", sa.Integer(), autoincrement=False, nullable=False, comment="edit.id"),
        sa.Column("session", sa.Text(), nullable=False, comment="a random name"),
        sa.Column("owner", sa.Text(), nullable=False, comment="the process whose session it is"),
        sa.Column("at", sa.Float(), nullable=False, comment="seconds since 1970"),
        sa.PrimaryKeyConstraint("edit", name=op.f("pk_uncommitted")),
    )
    op.execute("DELETE FROM projection WHERE name IN ('search', 'sparql')")
