"""What people decide about rules, what rules do, and when each source was heard last."""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    """Make the tables; nothing of the first release changes."""
    _states()
    _counters()
    op.create_table(
        "positions",
        sa.Column("name", sa.String(32), nullable=False),
        sa.Column("position", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("name", name=op.f("pk_positions")),
    )
    op.create_table(
        "sources",
        sa.Column("collector", sa.String(32), nullable=False),
        sa.Column("dataset", sa.String(100), nullable=False),
        sa.Column("agency", sa.String(64), nullable=False),
        sa.Column("last_at", sa.String(32), nullable=False),
        sa.Column("usual_seconds", sa.Integer(), nullable=False),
        sa.Column("arrivals", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("collector", "dataset", name=op.f("pk_sources")),
    )


def _states() -> None:
    op.create_table(
        "rule_states",
        sa.Column("rule_id", sa.String(64), nullable=False),
        sa.Column("agency", sa.String(64), nullable=False),
        sa.Column("state", sa.String(16), nullable=False),
        sa.Column("by_city", sa.Boolean(), nullable=False),
        sa.Column("changed_by", sa.String(100), nullable=False),
        sa.Column("why", sa.Text(), nullable=False),
        sa.Column("changed_at", sa.String(32), nullable=False),
        sa.PrimaryKeyConstraint("rule_id", "agency", name=op.f("pk_rule_states")),
        sa.ForeignKeyConstraint(["agency"], ["agencies.id"], name=op.f("fk_rule_states_agency")),
    )


def _counters() -> None:
    op.create_table(
        "rule_counters",
        sa.Column("rule_id", sa.String(64), nullable=False),
        sa.Column("agency", sa.String(64), nullable=False),
        sa.Column("matches", sa.BigInteger(), nullable=False),
        sa.Column("hidden", sa.BigInteger(), nullable=False),
        sa.Column("last_at", sa.String(32), nullable=False),
        sa.PrimaryKeyConstraint("rule_id", "agency", name=op.f("pk_rule_counters")),
    )
    op.create_table(
        "rule_hours",
        sa.Column("rule_id", sa.String(64), nullable=False),
        sa.Column("agency", sa.String(64), nullable=False),
        sa.Column("hour", sa.String(13), nullable=False),
        sa.Column("matches", sa.BigInteger(), nullable=False),
        sa.Column("hidden", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("rule_id", "agency", "hour", name=op.f("pk_rule_hours")),
    )
    op.create_index("ix_rule_hours_hour", "rule_hours", ["hour"])
    op.create_table(
        "rule_costs",
        sa.Column("rule_id", sa.String(64), nullable=False),
        sa.Column("evaluations", sa.BigInteger(), nullable=False),
        sa.Column("nanoseconds", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("rule_id", name=op.f("pk_rule_costs")),
    )
