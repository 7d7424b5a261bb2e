"""What is put behind the state of a mark, so that the state is not written anew with every batch."""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"


def upgrade() -> None:
    """Make the table; marks stay as they are."""
    op.create_table(
        "mark_changes",
        sa.Column("partition", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("number", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("detection_state", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("partition", "number", name=op.f("pk_mark_changes")),
    )
