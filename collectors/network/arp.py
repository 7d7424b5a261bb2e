"""ARP claims: which hardware address says it has which IP address."""

from dataclasses import dataclass

from collectors.network.observation import Fields, Observation, time_text
from collectors.network.packet import Packet, address_text, mac_text
from collectors.network.recent import Recent

MAX_ADDRESSES = 8_192
"""More addresses than a LAN has; the one that was quiet for longest is forgotten."""
CONFLICT_NANOSECONDS = 300 * 1_000_000_000
"""An address that moves while its holder was heard this recently is fought over; later, it was handed on."""
_OPERATIONS = {1: "request", 2: "reply"}


@dataclass(frozen=True, slots=True)
class Claim:
    """Somebody says: this IP address is mine."""

    at: int
    ip: bytes
    mac: bytes
    is_gratuitous: bool
    """Said without being asked, to all: sender and target are the same address."""


@dataclass(frozen=True, slots=True)
class Holder:
    """Who last claimed an address, and when."""

    mac: bytes
    at: int


def claim(packet: Packet) -> Claim | None:
    """Return what an ARP packet claims; None for other packets, and for probes, which claim nothing (RFC 5227)."""
    arp = packet.arp
    if arp is None or arp.sender_ip == b"\0\0\0\0" or not any(arp.sender_mac) or arp.sender_mac[0] & 1:
        return None
    return Claim(packet.at, arp.sender_ip, arp.sender_mac, arp.sender_ip == arp.target_ip)


def event(packet: Packet, action: str, previous: bytes | None = None) -> Observation:
    """Return the event `action` about an ARP packet; `previous` is who held the address before."""
    arp = packet.arp
    assert arp is not None, "only ARP packets become ARP events"
    fields: Fields = {
        "@timestamp": time_text(packet.at),
        "event.action": action,
        "source.ip": address_text(arp.sender_ip),
        "source.mac": mac_text(arp.sender_mac),
        "sentinel.arp.operation": _OPERATIONS.get(arp.operation, str(arp.operation)),
        "sentinel.arp.sender_ip": address_text(arp.sender_ip),
        "sentinel.arp.sender_mac": mac_text(arp.sender_mac),
        "sentinel.arp.target_ip": address_text(arp.target_ip),
        "sentinel.arp.target_mac": mac_text(arp.target_mac),
        "sentinel.arp.previous_mac": None if previous is None else mac_text(previous),
    }
    return Observation("network.arp", packet.at, fields)


class Holders:
    """Who holds which address, as far as ARP has told."""

    def __init__(self) -> None:
        self._holders: Recent[bytes, Holder] = Recent(MAX_ADDRESSES)

    def hear(self, said: Claim) -> Holder | None:
        """Take note of a claim and return the holder before it, the same one included; None for a new address."""
        before = self._holders.get(said.ip)
        self._holders.put(said.ip, Holder(said.mac, said.at))
        return before


def is_shared(mac: bytes) -> bool:
    """Whether a hardware address is one that routers of a redundant pair take turns at (VRRP, HSRP, CARP)."""
    return mac.startswith((b"\x00\x00\x5e\x00\x01", b"\x00\x00\x5e\x00\x02", b"\x00\x00\x0c\x07\xac"))
