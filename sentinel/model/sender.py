"""What the server knows of a sender: a program of others that sends through a door other than Sentinel's own."""

from dataclasses import dataclass
from ipaddress import IPv4Network, IPv6Network

MAX_BODY_BYTES = 32_000_000
"""No sender may have more: a journal's batch takes no more."""
HTTP_DOORS = ("bulk", "hec", "otlp")
"""Doors whose senders prove themselves by a token: Elasticsearch's `_bulk`, Splunk's event collector, OpenTelemetry."""
SYSLOG = "syslog"
"""Its senders prove themselves by a client certificate, or are known by the network they are in."""
DOORS = (*HTTP_DOORS, SYSLOG)

Network = IPv4Network | IPv6Network


@dataclass(frozen=True, slots=True, kw_only=True)
class SenderLimits:
    """How much a sender may send; more is refused until later, never dropped."""

    events_per_second: int = 2_000
    """On average over some seconds; a burst may be larger."""
    bytes_per_second: int = 4_000_000
    """Of bodies, unpacked."""
    body_bytes: int = 16_000_000
    """The longest body, packed and unpacked."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Sender:
    """Somebody else's program that may send events of one agency through one door."""

    id: str
    """What its events have as `agent.id`; never that of a collector."""
    door: str
    name: str
    agency: str
    dataset: str
    """Of what does not say which dataset it is."""
    networks: tuple[Network, ...] = ()
    """Where its packets come from, for the syslog door without TLS."""
    certificate: str = ""
    """SHA-256 of its client certificate in hex, for the syslog door with TLS."""
    limits: SenderLimits = SenderLimits()
    revoked: bool = False
    created_at: str = ""
    last_seen_at: str | None = None
