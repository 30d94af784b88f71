"""Edges are found by the uid of their link: a second index of the same texts took a tenth of the disk and of each load."""

from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    with op.batch_alter_table("edge") as batch:
        batch.drop_constraint(op.f("uq_edge_uid"), type_="unique")
