"""Who may send syslog: a copy of the senders that is asked for every packet, and renewed every few seconds."""

import logging
from collections.abc import Callable, Sequence
from dataclasses import replace

from sentinel.errors import UnavailableError
from sentinel.intake.senders import of_address
from sentinel.model.sender import Sender

log = logging.getLogger(__name__)

MAX_REMEMBERED = 10_000
"""Addresses, known or not; an attacker invents as many as he likes."""


class Gate:
    """Knows senders by address or certificate. One thread reads it; `renew` may run in another."""

    def __init__(self, active: Callable[[], Sequence[Sender]]) -> None:
        self._active = active
        self._senders: Sequence[Sender] = ()
        self._by_id: dict[str, Sender] = {}
        self._by_address: dict[str, Sender | None] = {}
        self._told: set[str] = set()

    def renew(self) -> None:
        """Read the senders anew; while the database does not answer, those known before stay."""
        try:
            # When a sender was last seen changes all the time, and nothing here depends on it.
            found = [replace(sender, last_seen_at=None) for sender in self._active()]
        except UnavailableError as error:
            log.warning("Cannot read the senders now; those known before may go on.", extra={"reason": str(error)})
            return
        if found != self._senders:
            self._by_id = {sender.id: sender for sender in found}
            self._senders, self._by_address = found, {}
            self._told.clear()

    def by_address(self, address: str) -> Sender | None:
        """Return the sender whose network the address is in, None for nobody's."""
        known = self._by_address
        if address not in known:
            if len(known) >= MAX_REMEMBERED:
                known.clear()
            known[address] = of_address(self._senders, address)
        return known[address]

    def by_certificate(self, fingerprint: str) -> Sender | None:
        """Return the sender with the client certificate of this SHA-256 in hex, None for nobody's."""
        return next(
            (sender for sender in self._senders if sender.certificate and sender.certificate == fingerprint), None
        )

    def current(self, sender: Sender) -> Sender | None:
        """Return the sender as it is now, None where it was revoked."""
        return self._by_id.get(sender.id)

    def is_news(self, source: str) -> bool:
        """Return whether this unknown source was not told of before: each is, once, until the senders change."""
        if source in self._told or len(self._told) >= MAX_REMEMBERED:
            return False
        self._told.add(source)
        return True
