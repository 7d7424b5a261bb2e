"""A frame as it came off the wire or out of a file."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Frame:
    """Captured bytes and what the capture says about them."""

    data: bytes
    at: int
    """Nanoseconds since 1970 UTC."""
    length: int
    """Bytes on the wire, of which `data` may hold fewer."""
    link_type: int
    """LINKTYPE number of libpcap: 1 is Ethernet."""
