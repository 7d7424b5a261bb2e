"""What connections and datagrams share: the way of messages from a known sender into the outbox."""

import logging
from collections.abc import Sequence
from dataclasses import dataclass

from sentinel.intake.syslog.counts import Counts
from sentinel.intake.syslog.framing import Frame
from sentinel.intake.syslog.gate import Gate
from sentinel.intake.syslog.message import Names, line_of
from sentinel.intake.syslog.outbox import Outbox
from sentinel.model.sender import Sender

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class Manners:
    """How senders are treated."""

    message_bytes: int
    """Of a longer message the begin is kept, and marked."""
    idle_seconds: float
    """A connection that says nothing for so long is closed."""
    midway_seconds: float
    """So long a message may take from its first byte to its last."""
    handshake_seconds: float
    """So long a connection with TLS may take until it is one."""
    connections: int
    connections_per_source: int
    zone: str
    """Time zone of times without one."""


@dataclass(frozen=True, slots=True)
class Passage:
    """Everything a reader of messages needs."""

    gate: Gate
    outbox: Outbox
    counts: Counts
    manners: Manners

    def take(self, sender: Sender, address: str, frames: Sequence[Frame], names: Names | None) -> None:
        """Pass messages on; `names` is that of the connection, None for datagrams."""
        if not frames:
            return
        lines = [
            line_of(
                frame.data,
                sender,
                address=address,
                zone=self.manners.zone,
                names=names,
                is_cut=frame.is_cut,
            )
            for frame in frames
        ]
        self.outbox.add(sender, lines, [len(frame.data) for frame in frames])
        if cut := sum(frame.is_cut for frame in frames):
            self.counts.add(sender, "cut", f"{address}: longer than allowed, or without an end; what came is kept", cut)

    def turn_away(self, source: str, number: int = 1) -> None:
        """Count what comes from nobody we know, and say so once for each source."""
        self.counts.add_nobodys("unknown_sender", number)
        if self.gate.is_news(source):
            log.warning(
                "Syslog comes from no known sender and is not taken; `sentinel sender add --door syslog` makes one.",
                extra={"source": source},
            )
