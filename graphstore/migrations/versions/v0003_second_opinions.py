"""Answers know whether they were asked as second opinions."""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    with op.batch_alter_table("judgement") as batch:
        batch.add_column(
            sa.Column(
                "second_opinion",
                sa.SmallInteger(),
                nullable=False,
                server_default="0",
                comment="1: asked as if nobody had answered",
            )
        )
