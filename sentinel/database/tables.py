"""Every table of Sentinel's state. Times are fixed-width UTC texts (`model.moment`), JSON columns hold plain values."""

from sqlalchemy import (
    JSON,
    BigInteger,
    Boolean,
    Column,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    String,
    Table,
    Text,
)

metadata = MetaData(
    naming_convention={
        "ix": "ix_%(column_0_label)s",
        "uq": "uq_%(table_name)s_%(column_0_name)s",
        "fk": "fk_%(table_name)s_%(column_0_name)s",
        "pk": "pk_%(table_name)s",
    }
)


def moment_column(name: str, *, nullable: bool = False) -> Column[str]:
    """Return a column for a time as `model.moment` writes it."""
    return Column(name, String(32), nullable=nullable)


agencies = Table(
    "agencies",
    metadata,
    Column("id", String(64), primary_key=True),
    Column("kind", String(16), nullable=False),
    Column("name", Text, nullable=False),
    Column("name_en", Text, nullable=False),
    Column("parent", ForeignKey("agencies.id")),
    Column("valid_from", String(10), nullable=False),
    Column("valid_to", String(10)),
    Column("successor", String(64)),
)

users = Table(
    "users",
    metadata,
    Column("id", String(32), primary_key=True),
    Column("name", String(100), nullable=False, unique=True),
    Column("password_hash", Text),
    Column("role", String(16), nullable=False),
    Column("agency", ForeignKey("agencies.id"), nullable=False),
    Column("language", String(2), nullable=False),
    Column("disabled", Boolean, nullable=False, default=False),
    moment_column("created_at"),
)

sign_in_links = Table(
    "sign_in_links",
    metadata,
    Column("token_hash", String(64), primary_key=True),
    Column("user_id", ForeignKey("users.id"), nullable=False),
    moment_column("expires_at"),
    moment_column("used_at", nullable=True),
)

sessions = Table(
    "sessions",
    metadata,
    Column("token_hash", String(64), primary_key=True),
    Column("user_id", ForeignKey("users.id"), nullable=False),
    Column("csrf", String(64), nullable=False),
    moment_column("created_at"),
    moment_column("seen_at"),
    moment_column("expires_at"),
)

sign_in_failures = Table(
    "sign_in_failures",
    metadata,
    Column("id", Integer, primary_key=True, autoincrement=True),
    Column("name", String(100), nullable=False, index=True),
    Column("address", String(64), nullable=False, index=True),
    moment_column("at"),
)

enrolment_tokens = Table(
    "enrolment_tokens",
    metadata,
    Column("token_hash", String(64), primary_key=True),
    Column("agency", ForeignKey("agencies.id"), nullable=False),
    Column("name", String(100), nullable=False),
    moment_column("created_at"),
    moment_column("expires_at"),
    Column("used_by", String(32)),
    moment_column("used_at", nullable=True),
)

collectors = Table(
    "collectors",
    metadata,
    Column("id", String(32), primary_key=True),
    Column("name", String(100), nullable=False),
    Column("agency", ForeignKey("agencies.id"), nullable=False, index=True),
    Column("secret_hash", String(64), nullable=False, unique=True),
    Column("host", Text, nullable=False),
    Column("version", String(32), nullable=False),
    Column("can_respond", Boolean, nullable=False),
    Column("revoked", Boolean, nullable=False, default=False),
    moment_column("enrolled_at"),
    moment_column("last_seen_at", nullable=True),
    Column("status", JSON, nullable=False),
)

intake_counters = Table(
    "intake_counters",
    metadata,
    Column("collector", String(32), primary_key=True),
    Column("reason", String(64), primary_key=True),
    Column("count", Integer, nullable=False),
    moment_column("last_at"),
    Column("last_detail", Text, nullable=False),
)

incidents = Table(
    "incidents",
    metadata,
    Column("id", String(32), primary_key=True),
    Column("group_key", String(64), nullable=False, index=True),
    Column("title", Text, nullable=False),
    Column("title_vi", Text, nullable=False),
    Column("agency", ForeignKey("agencies.id"), nullable=False, index=True),
    Column("host", Text, nullable=False),
    Column("priority", String(2), nullable=False),
    Column("state", String(16), nullable=False, index=True),
    Column("note", Text, nullable=False),
    moment_column("opened_at"),
    moment_column("changed_at"),
    moment_column("closed_at", nullable=True),
)

incident_entries = Table(
    "incident_entries",
    metadata,
    Column("id", String(64), primary_key=True),
    Column("incident", ForeignKey("incidents.id"), nullable=False, index=True),
    moment_column("at"),
    Column("kind", String(16), nullable=False),
    Column("actor", String(100), nullable=False),
    Column("code", String(64), nullable=False),
    Column("text", Text, nullable=False),
    Column("facts", JSON, nullable=False),
)

alerts = Table(
    "alerts",
    metadata,
    Column("id", String(32), primary_key=True),
    Column("fingerprint", String(64), nullable=False, index=True),
    Column("rule_id", String(64), nullable=False, index=True),
    Column("title", Text, nullable=False),
    Column("title_vi", Text, nullable=False),
    Column("level", String(16), nullable=False),
    Column("level_rank", Integer, nullable=False),
    Column("tags", JSON, nullable=False),
    Column("agency", ForeignKey("agencies.id"), nullable=False),
    Column("host", Text, nullable=False),
    Column("state", String(16), nullable=False),
    Column("reason", String(32)),
    Column("note", Text, nullable=False),
    Column("assignee", String(100)),
    Column("count", Integer, nullable=False),
    moment_column("first_at"),
    moment_column("last_at"),
    moment_column("raised_at"),
    moment_column("changed_at"),
    Column("evidence", JSON, nullable=False),
    Column("record_id", String(64), nullable=False),
    Column("contributing", JSON, nullable=False),
    Column("fields", JSON, nullable=False),
    Column("incident", ForeignKey("incidents.id"), index=True),
    Index("ix_alerts_queue", "agency", "state", "level_rank", "last_at"),
)

alert_matches = Table(
    "alert_matches",
    metadata,
    Column("id", String(64), primary_key=True),
    Column("alert", ForeignKey("alerts.id"), nullable=False, index=True),
    Column("record_id", String(64), nullable=False),
    moment_column("at"),
)

runs = Table(
    "runs",
    metadata,
    Column("id", String(32), primary_key=True),
    Column("playbook", String(100), nullable=False),
    Column("version", Integer, nullable=False),
    Column("digest", String(64), nullable=False),
    Column("source", Text, nullable=False),
    Column("title", Text, nullable=False),
    Column("title_vi", Text, nullable=False),
    Column("incident", ForeignKey("incidents.id"), nullable=False, index=True),
    Column("agency", ForeignKey("agencies.id"), nullable=False, index=True),
    Column("state", String(16), nullable=False, index=True),
    Column("inputs", JSON, nullable=False),
    Column("error", Text, nullable=False),
    Column("started_by", String(100)),
    moment_column("started_at"),
    moment_column("ended_at", nullable=True),
    moment_column("wake_at", nullable=True),
    Column("lease_owner", String(64)),
    moment_column("lease_until", nullable=True),
)

steps = Table(
    "steps",
    metadata,
    Column("run", ForeignKey("runs.id"), primary_key=True),
    Column("path", String(100), primary_key=True),
    Column("position", Integer, nullable=False),
    Column("id", String(100), nullable=False),
    Column("what", String(100), nullable=False),
    Column("state", String(16), nullable=False),
    moment_column("started_at", nullable=True),
    moment_column("ended_at", nullable=True),
    Column("result", JSON, nullable=False),
    Column("error", Text, nullable=False),
)

approvals = Table(
    "approvals",
    metadata,
    Column("id", String(32), primary_key=True),
    Column("run", ForeignKey("runs.id"), nullable=False, index=True),
    Column("path", String(100), nullable=False),
    Column("agency", ForeignKey("agencies.id"), nullable=False, index=True),
    Column("role", String(16), nullable=False),
    Column("ask", Text, nullable=False),
    Column("ask_vi", Text, nullable=False),
    moment_column("asked_at"),
    moment_column("expires_at"),
    Column("decision", String(16)),
    Column("decided_by", String(100)),
    moment_column("decided_at", nullable=True),
    Column("note", Text, nullable=False),
)

effects = Table(
    "effects",
    metadata,
    Column("id", String(64), primary_key=True),
    Column("run", ForeignKey("runs.id"), nullable=False, index=True),
    Column("path", String(100), nullable=False),
    Column("collector", ForeignKey("collectors.id"), nullable=False, index=True),
    Column("action", String(64), nullable=False),
    Column("arguments", JSON, nullable=False),
    Column("state", String(16), nullable=False),
    moment_column("undo_at", nullable=True),
    moment_column("verified_at", nullable=True),
    moment_column("undone_at", nullable=True),
    Column("detail", Text, nullable=False),
    Column("result", JSON, nullable=False),
)

commands = Table(
    "commands",
    metadata,
    Column("id", String(64), primary_key=True),
    Column("collector", ForeignKey("collectors.id"), nullable=False, index=True),
    Column("effect", ForeignKey("effects.id"), nullable=False, index=True),
    Column("verb", String(64), nullable=False),
    Column("payload", LargeBinary, nullable=False),
    Column("signature", LargeBinary, nullable=False),
    Column("state", String(16), nullable=False),
    moment_column("created_at"),
    moment_column("not_after"),
    moment_column("answered_at", nullable=True),
)

audit = Table(
    "audit",
    metadata,
    Column("sequence", Integer, primary_key=True, autoincrement=False),
    moment_column("at"),
    Column("actor", String(100), nullable=False),
    Column("agency", String(64), nullable=False),
    Column("action", String(64), nullable=False),
    Column("object", Text, nullable=False),
    Column("why", Text, nullable=False),
    Column("detail", JSON, nullable=False),
    Column("previous", String(64), nullable=False),
    Column("digest", String(64), nullable=False),
)

rule_states = Table(
    "rule_states",
    metadata,
    Column("rule_id", String(64), primary_key=True),
    Column("agency", ForeignKey("agencies.id"), primary_key=True),
    Column("state", String(16), nullable=False),
    Column("by_city", Boolean, nullable=False),
    Column("changed_by", String(100), nullable=False),
    Column("why", Text, nullable=False),
    moment_column("changed_at"),
)

rule_counters = Table(
    "rule_counters",
    metadata,
    Column("rule_id", String(64), primary_key=True),
    Column("agency", String(64), primary_key=True),
    Column("matches", BigInteger, nullable=False),
    Column("hidden", BigInteger, nullable=False),
    moment_column("last_at"),
)

rule_hours = Table(
    "rule_hours",
    metadata,
    Column("rule_id", String(64), primary_key=True),
    Column("agency", String(64), primary_key=True),
    Column("hour", String(13), primary_key=True),
    Column("matches", BigInteger, nullable=False),
    Column("hidden", BigInteger, nullable=False),
    Index("ix_rule_hours_hour", "hour"),
)

rule_costs = Table(
    "rule_costs",
    metadata,
    Column("rule_id", String(64), primary_key=True),
    Column("evaluations", BigInteger, nullable=False),
    Column("nanoseconds", BigInteger, nullable=False),
)

positions = Table(
    "positions",
    metadata,
    Column("name", String(32), primary_key=True),
    Column("position", BigInteger, nullable=False),
)

sources = Table(
    "sources",
    metadata,
    Column("collector", String(32), primary_key=True),
    Column("dataset", String(100), primary_key=True),
    Column("agency", String(64), nullable=False),
    moment_column("last_at"),
    Column("usual_seconds", Integer, nullable=False),
    Column("arrivals", Integer, nullable=False),
)
