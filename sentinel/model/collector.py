"""What the server knows of a collector."""

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Collector:
    """An enrolled collector."""

    id: str
    name: str
    agency: str
    host: str
    version: str
    enrolled_at: str
    last_seen_at: str | None
    revoked: bool
    can_respond: bool
    """False for a monitor-only install: it has no executor and asks for no commands."""
    status: Mapping[str, object]
    """Last report: `spool_events`, `spool_bytes`, `spool_limit_bytes`, `oldest_event_at`, `drops`, `inputs`."""
