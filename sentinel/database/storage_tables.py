"""Tables of how events are received, kept and found; the rest of the state is in `tables`."""

from sqlalchemy import JSON, BigInteger, Boolean, Column, ForeignKey, Integer, LargeBinary, String, Table, Text

from sentinel.database.tables import metadata as metadata
from sentinel.database.tables import moment_column

senders = Table(
    "senders",
    metadata,
    Column("id", String(32), primary_key=True),
    Column("door", String(16), nullable=False),
    Column("name", String(100), nullable=False),
    Column("agency", ForeignKey("agencies.id"), nullable=False, index=True),
    Column("dataset", String(100), nullable=False),
    Column("secret_hash", String(64), unique=True),
    Column("certificate", String(64), unique=True),
    Column("networks", JSON, nullable=False),
    Column("limits", JSON, nullable=False),
    Column("revoked", Boolean, nullable=False, default=False),
    moment_column("created_at"),
    moment_column("last_seen_at", nullable=True),
)

sequences = Table(
    "sequences",
    metadata,
    Column("collector", String(32), primary_key=True),
    Column("epoch", String(64), primary_key=True),
    Column("last", BigInteger, nullable=False),
)

marks = Table(
    "marks",
    metadata,
    Column("partition", Integer, primary_key=True, autoincrement=False),
    Column("position", BigInteger, nullable=False),
    Column("detection_state", LargeBinary, nullable=False),
    Column("owner", String(64), nullable=False),
    moment_column("changed_at"),
)

mark_changes = Table(
    "mark_changes",
    metadata,
    Column("partition", Integer, primary_key=True, autoincrement=False),
    Column("number", Integer, primary_key=True, autoincrement=False),
    Column("detection_state", LargeBinary, nullable=False),
)

intents = Table(
    "intents",
    metadata,
    Column("partition", Integer, primary_key=True, autoincrement=False),
    Column("first", BigInteger, nullable=False),
    Column("next", BigInteger, nullable=False),
    Column("streams", JSON, nullable=False),
    Column("owner", String(64), nullable=False),
    moment_column("at"),
)

quarantine = Table(
    "quarantine",
    metadata,
    Column("id", String(64), primary_key=True),
    Column("stage", String(16), nullable=False),
    Column("agency", String(64), nullable=False, index=True),
    Column("collector", String(32), nullable=False),
    Column("dataset", String(100), nullable=False),
    Column("reason", Text, nullable=False),
    Column("body", LargeBinary, nullable=False),
    Column("attempts", Integer, nullable=False),
    Column("state", String(16), nullable=False, index=True),
    moment_column("at"),
    moment_column("changed_at", nullable=True),
)

holds = Table(
    "holds",
    metadata,
    Column("id", String(32), primary_key=True),
    Column("agency", String(64), nullable=False),
    Column("dataset", String(100), nullable=False),
    Column("from_at", String(32), nullable=False),
    Column("to_at", String(32), nullable=False),
    Column("why", Text, nullable=False),
    Column("placed_by", String(100), nullable=False),
    moment_column("placed_at"),
    Column("lifted_by", String(100)),
    moment_column("lifted_at", nullable=True),
)

hunts = Table(
    "hunts",
    metadata,
    Column("id", String(32), primary_key=True),
    Column("agency", String(64), nullable=False, index=True),
    Column("asked_by", String(100), nullable=False),
    Column("question", JSON, nullable=False),
    Column("state", String(16), nullable=False),
    Column("progress", JSON, nullable=False),
    moment_column("created_at"),
    moment_column("changed_at"),
)

hunt_hits = Table(
    "hunt_hits",
    metadata,
    Column("hunt", ForeignKey("hunts.id"), primary_key=True),
    Column("rule_id", String(64), primary_key=True),
    Column("record_id", String(64), primary_key=True),
    Column("found", JSON, nullable=False),
)
