"""One message of the wire becomes a line for the journal."""

import hashlib
import itertools
import secrets

from sentinel.event import Hint
from sentinel.intake.lines import Line, Tally
from sentinel.intake.syslog.content import dataset_of, is_dated, machine_of
from sentinel.model.hints import IS_UNPROVEN, SENDER_ADDRESS
from sentinel.model.sender import Sender

_LIFE = secrets.token_hex(12)
_NUMBERS = itertools.count()


class Names:
    """Names the messages of one connection, so that one sent again over another connection is known. One thread.

    A message that tells its time is named by its content, where it came from, and how many of the same came before it
    in this connection. One that does not is always its own: its like comes again by chance.
    """

    def __init__(self) -> None:
        self._tally = Tally()

    def name(self, data: bytes, address: str, *, is_dated: bool) -> str:
        """Return the name of the next message."""
        if not is_dated:
            return unique()
        content = hashlib.sha256(address.encode() + b"\0" + data).digest()
        return f"{content.hex()}:{self._tally.ordinal(content)}"


def unique() -> str:
    """Return a name that no message had before, in this process or another."""
    return f"{_LIFE}:{next(_NUMBERS)}"


def line_of(
    data: bytes, sender: Sender, *, address: str, zone: str, names: Names | None = None, is_cut: bool = False
) -> Line:
    """Return the line of a message: its bytes unchanged, those that are no UTF-8 as lone surrogates (PEP 383).

    `address` is where it came from, `zone` that of times without one, `names` is None for a datagram, which is always
    its own. The machine is the one in the header, which a relay keeps, else the address.
    """
    raw = data.decode("utf-8", "surrogateescape")
    hints: dict[str, Hint] = {"event.timezone": zone, SENDER_ADDRESS: address}
    if not sender.certificate:
        hints[IS_UNPROVEN] = True
    if is_cut:
        hints["log.truncated"] = True
    return Line(
        raw=raw,
        dataset=dataset_of(raw, sender.dataset),
        host=machine_of(raw) or address,
        hints=hints,
        given_id=unique() if names is None else names.name(data, address, is_dated=is_dated(raw)),
    )
