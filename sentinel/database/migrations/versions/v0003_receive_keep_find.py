"""How events are received, kept and found: senders, marks of the store, quarantine, holds, hunts."""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"


def upgrade() -> None:
    """Make the tables; nothing of the versions before changes."""
    _senders()
    _marks()
    _quarantine()
    _holds()
    _hunts()


def _senders() -> None:
    op.create_table(
        "senders",
        sa.Column("id", sa.String(32), nullable=False),
        sa.Column("door", sa.String(16), nullable=False),
        sa.Column("name", sa.String(100), nullable=False),
        sa.Column("agency", sa.String(64), nullable=False),
        sa.Column("dataset", sa.String(100), nullable=False),
        sa.Column("secret_hash", sa.String(64)),
        sa.Column("certificate", sa.String(64)),
        sa.Column("networks", sa.JSON(), nullable=False),
        sa.Column("limits", sa.JSON(), nullable=False),
        sa.Column("revoked", sa.Boolean(), nullable=False),
        sa.Column("created_at", sa.String(32), nullable=False),
        sa.Column("last_seen_at", sa.String(32)),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_senders")),
        sa.ForeignKeyConstraint(["agency"], ["agencies.id"], name=op.f("fk_senders_agency")),
        sa.UniqueConstraint("secret_hash", name=op.f("uq_senders_secret_hash")),
        sa.UniqueConstraint("certificate", name=op.f("uq_senders_certificate")),
    )
    op.create_index("ix_senders_agency", "senders", ["agency"])


def _marks() -> None:
    op.create_table(
        "sequences",
        sa.Column("collector", sa.String(32), nullable=False),
        sa.Column("epoch", sa.String(64), nullable=False),
        sa.Column("last", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("collector", "epoch", name=op.f("pk_sequences")),
    )
    op.create_table(
        "marks",
        sa.Column("partition", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("position", sa.BigInteger(), nullable=False),
        sa.Column("detection_state", sa.LargeBinary(), nullable=False),
        sa.Column("owner", sa.String(64), nullable=False),
        sa.Column("changed_at", sa.String(32), nullable=False),
        sa.PrimaryKeyConstraint("partition", name=op.f("pk_marks")),
    )
    op.create_table(
        "intents",
        sa.Column("partition", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("first", sa.BigInteger(), nullable=False),
        sa.Column("next", sa.BigInteger(), nullable=False),
        sa.Column("streams", sa.JSON(), nullable=False),
        sa.Column("owner", sa.String(64), nullable=False),
        sa.Column("at", sa.String(32), nullable=False),
        sa.PrimaryKeyConstraint("partition", name=op.f("pk_intents")),
    )


def _quarantine() -> None:
    op.create_table(
        "quarantine",
        sa.Column("id", sa.String(64), nullable=False),
        sa.Column("stage", sa.String(16), nullable=False),
        sa.Column("agency", sa.String(64), nullable=False),
        sa.Column("collector", sa.String(32), nullable=False),
        sa.Column("dataset", sa.String(100), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("body", sa.LargeBinary(), nullable=False),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("state", sa.String(16), nullable=False),
        sa.Column("at", sa.String(32), nullable=False),
        sa.Column("changed_at", sa.String(32)),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_quarantine")),
    )
    op.create_index("ix_quarantine_agency", "quarantine", ["agency"])
    op.create_index("ix_quarantine_state", "quarantine", ["state"])


def _holds() -> None:
    op.create_table(
        "holds",
        sa.Column("id", sa.String(32), nullable=False),
        sa.Column("agency", sa.String(64), nullable=False),
        sa.Column("dataset", sa.String(100), nullable=False),
        sa.Column("from_at", sa.String(32), nullable=False),
        sa.Column("to_at", sa.String(32), nullable=False),
        sa.Column("why", sa.Text(), nullable=False),
        sa.Column("placed_by", sa.String(100), nullable=False),
        sa.Column("placed_at", sa.String(32), nullable=False),
        sa.Column("lifted_by", sa.String(100)),
        sa.Column("lifted_at", sa.String(32)),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_holds")),
    )


def _hunts() -> None:
    op.create_table(
        "hunts",
        sa.Column("id", sa.String(32), nullable=False),
        sa.Column("agency", sa.String(64), nullable=False),
        sa.Column("asked_by", sa.String(100), nullable=False),
        sa.Column("question", sa.JSON(), nullable=False),
        sa.Column("state", sa.String(16), nullable=False),
        sa.Column("progress", sa.JSON(), nullable=False),
        sa.Column("created_at", sa.String(32), nullable=False),
        sa.Column("changed_at", sa.String(32), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_hunts")),
    )
    op.create_index("ix_hunts_agency", "hunts", ["agency"])
    op.create_table(
        "hunt_hits",
        sa.Column("hunt", sa.String(32), nullable=False),
        sa.Column("rule_id", sa.String(64), nullable=False),
        sa.Column("record_id", sa.String(64), nullable=False),
        sa.Column("found", sa.JSON(), nullable=False),
        sa.PrimaryKeyConstraint("hunt", "rule_id", "record_id", name=op.f("pk_hunt_hits")),
        sa.ForeignKeyConstraint(["hunt"], ["hunts.id"], name=op.f("fk_hunt_hits_hunt")),
    )
