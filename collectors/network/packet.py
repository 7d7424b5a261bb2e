"""What a frame's headers say: Ethernet, VLAN, IPv4, IPv6, TCP, UDP, SCTP, ICMP and ARP, safe on any bytes.

A header that is cut off or wrong ends the reading: what stood before it is still returned. Tunnels without a
protocol of their own above (IP in IP, GRE, MPLS, PPPoE) are opened, so the facts are those of the innermost packet.
"""

import socket
from dataclasses import dataclass
from typing import NamedTuple

from collectors.network import link, transport
from collectors.network.link import ARP, IPV4, IPV6

MAX_TUNNELS = 4
MAX_EXTENSION_HEADERS = 8

_IP_IN_IP, _IPV6_IN_IP, _GRE, _FRAGMENT, _AUTHENTICATION = 4, 41, 47, 44, 51
_EXTENSIONS = frozenset({0, 43, 60, 135, 139, 140})
"""IPv6 extension headers of the common form: next header, length in 8 bytes less one."""


@dataclass(frozen=True, slots=True)
class Arp:
    """An ARP message for IPv4 over Ethernet (RFC 826)."""

    operation: int
    """1 asks, 2 answers."""
    sender_mac: bytes
    sender_ip: bytes
    target_mac: bytes
    target_ip: bytes


@dataclass(frozen=True, slots=True)
class Fragment:
    """Where a piece of an IP packet lies in the whole."""

    identification: int
    offset: int
    """Bytes before it; the piece at 0 carries the ports."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Packet:
    """The facts of one packet; what its headers do not say is empty or None."""

    at: int
    """When it was captured, nanoseconds since 1970 UTC."""
    length: int
    """Bytes on the wire, even when fewer were captured."""
    source_mac: bytes = b""
    destination_mac: bytes = b""
    vlan: int | None = None
    """The outermost VLAN."""
    arp: Arp | None = None
    source: bytes = b""
    """Address of 4 or 16 bytes; empty when it is not an IP packet."""
    destination: bytes = b""
    protocol: int = -1
    """IP protocol number of what the packet carries; -1 when it is not an IP packet."""
    fragment: Fragment | None = None
    source_port: int | None = None
    """For ICMP its type."""
    destination_port: int | None = None
    """For ICMP its code."""
    tcp_flags: int = 0
    payload: bytes = b""
    """What follows the TCP, UDP or ICMP header, as far as it was captured."""


class _Network(NamedTuple):
    source: bytes
    destination: bytes
    protocol: int
    offset: int
    """Where what it carries begins in the frame."""
    end: int
    fragment: Fragment | None


_NO_NETWORK = _Network(b"", b"", -1, 0, 0, None)


def parse(frame: bytes, *, at: int, length: int, link_type: int) -> Packet:
    """Return what the headers of `frame` say; `link_type` is libpcap's number. Never raises."""
    lower = link.read(frame, link_type)
    network = _innermost(frame, lower.ethertype, lower.offset) or _NO_NETWORK
    upper = _upper(frame, network)
    return Packet(
        at=at,
        length=length,
        source_mac=lower.source_mac,
        destination_mac=lower.destination_mac,
        vlan=lower.vlan,
        arp=_arp(frame, lower.offset) if lower.ethertype == ARP else None,
        source=network.source,
        destination=network.destination,
        protocol=network.protocol,
        fragment=network.fragment,
        source_port=upper.source_port,
        destination_port=upper.destination_port,
        tcp_flags=upper.tcp_flags,
        payload=upper.payload,
    )


def mac_text(mac: bytes) -> str | None:
    """Return a hardware address in the form ECS asks for, `00-1A-...`; None for one that is not known."""
    return mac.hex("-").upper() if len(mac) == 6 else None


def address_text(address: bytes) -> str:
    """Return an IPv4 or IPv6 address as text."""
    return socket.inet_ntop(socket.AF_INET if len(address) == 4 else socket.AF_INET6, address)


def _arp(frame: bytes, offset: int) -> Arp | None:
    head = frame[offset : offset + 28]
    # Hardware type 1 with 6 bytes, protocol type IPv4 with 4 bytes; nothing else is ARP on our LANs.
    if len(head) < 28 or head[:6] != b"\x00\x01\x08\x00\x06\x04":
        return None
    return Arp(int.from_bytes(head[6:8], "big"), head[8:14], head[14:18], head[18:24], head[24:28])


def _innermost(frame: bytes, ethertype: int, offset: int) -> _Network | None:
    """Return the innermost IP header of the frame; None when there is none that can be read."""
    found: _Network | None = None
    end = len(frame)
    for _ in range(MAX_TUNNELS):
        try:
            inner = _ip(frame, ethertype, offset, end)
        except IndexError:
            inner = None
        if inner is None:
            return found
        found = inner
        if found.fragment is not None and found.fragment.offset:
            return found
        tunnel = _tunnel(frame, found)
        if tunnel is None:
            return found
        ethertype, offset = tunnel
        end = found.end
    return found


def _ip(frame: bytes, ethertype: int, offset: int, end: int) -> _Network | None:
    if ethertype == IPV4 and frame[offset] >> 4 == 4:
        return _ipv4(frame, offset, end)
    if ethertype == IPV6 and frame[offset] >> 4 == 6:
        return _ipv6(frame, offset, end)
    return None


def _ipv4(frame: bytes, offset: int, end: int) -> _Network | None:
    header = (frame[offset] & 15) * 4
    total = int.from_bytes(frame[offset + 2 : offset + 4], "big")
    if header < 20 or offset + 20 > end or 0 < total < header:
        return None
    place = int.from_bytes(frame[offset + 6 : offset + 8], "big")
    fragment = None
    if place & 0x3FFF:
        fragment = Fragment(int.from_bytes(frame[offset + 4 : offset + 6], "big"), (place & 0x1FFF) * 8)
    # A total length of 0 is left by cards that cut segments themselves: then the frame says where it ends.
    return _Network(
        frame[offset + 12 : offset + 16],
        frame[offset + 16 : offset + 20],
        frame[offset + 9],
        offset + header,
        min(end, offset + total) if total else end,
        fragment,
    )


def _ipv6(frame: bytes, offset: int, end: int) -> _Network | None:
    if offset + 40 > end:
        return None
    size = int.from_bytes(frame[offset + 4 : offset + 6], "big")
    source, destination = frame[offset + 8 : offset + 24], frame[offset + 24 : offset + 40]
    following, start = frame[offset + 6], offset + 40
    end = min(end, start + size) if size else end
    fragment = None
    for _ in range(MAX_EXTENSION_HEADERS):
        # An extension header cut off by the capture hides what follows, but the addresses stand.
        if start + 8 > end:
            break
        if following == _FRAGMENT:
            offset_and_flags = int.from_bytes(frame[start + 2 : start + 4], "big")
            fragment = Fragment(int.from_bytes(frame[start + 4 : start + 8], "big"), offset_and_flags & 0xFFF8)
            size = 8
        elif following in _EXTENSIONS:
            size = (frame[start + 1] + 1) * 8
        elif following == _AUTHENTICATION:
            size = (frame[start + 1] + 2) * 4
        else:
            break
        following, start = frame[start], start + size
        if fragment is not None and fragment.offset:
            break
    return _Network(source, destination, following, start, end, fragment)


def _tunnel(frame: bytes, outer: _Network) -> tuple[int, int] | None:
    """Return what `outer` carries and where it begins, if that is a packet again."""
    if outer.protocol == _IP_IN_IP:
        return IPV4, outer.offset
    if outer.protocol == _IPV6_IN_IP:
        return IPV6, outer.offset
    if outer.protocol == _GRE:
        return link.gre(frame, outer.offset)
    return None


def _upper(frame: bytes, network: _Network) -> transport.Upper:
    if network.fragment is not None and network.fragment.offset:
        return transport.NOTHING
    return transport.read(frame[network.offset : network.end], network.protocol)
