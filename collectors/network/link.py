"""What lies below IP: Ethernet, VLAN tags, PPPoE, MPLS, Linux cooked captures, GRE; from a frame to an EtherType."""

from collections.abc import Callable
from typing import NamedTuple

IPV4, IPV6, ARP = 0x0800, 0x86DD, 0x0806
MAX_TAGS = 8
"""VLAN tags and MPLS labels together; no network stacks more."""

_VLAN = frozenset({0x8100, 0x88A8, 0x9100, 0x9200})
_MPLS = frozenset({0x8847, 0x8848})
_PPPOE_SESSION, _ETHERNET_IN_GRE, _ERSPAN = 0x8864, 0x6558, 0x88BE
_PPP = {0x0021: IPV4, 0x0057: IPV6}
_SNAP = b"\xaa\xaa\x03"


class Lower(NamedTuple):
    """What stands before the network header."""

    ethertype: int
    """0 when what follows is not known."""
    offset: int
    """Where the network header begins."""
    source_mac: bytes = b""
    destination_mac: bytes = b""
    vlan: int | None = None


NOTHING = Lower(0, 0)


def read(frame: bytes, link_type: int) -> Lower:
    """Return what stands before the network header; `link_type` is libpcap's LINKTYPE number. Never raises."""
    reader = _READERS.get(link_type)
    return NOTHING if reader is None else reader(frame)


def gre(frame: bytes, offset: int) -> tuple[int, int] | None:
    """Return EtherType and place of the packet in a GRE header at `offset` (RFC 2784, 2890); None for another."""
    flags, carried = _number(frame, offset, 2), _number(frame, offset + 2, 2)
    if flags & 0x0007 or flags & 0x4000:
        return None
    place = offset + 4 + 4 * (bool(flags & 0x8000) + bool(flags & 0x2000) + bool(flags & 0x1000))
    if carried == _ERSPAN:
        # Type II has a sequence number and a header of 8 bytes, type I neither.
        place += 8 if flags & 0x1000 else 0
    if carried in (_ETHERNET_IN_GRE, _ERSPAN):
        inner = _ethernet(frame, place)
        return inner.ethertype, inner.offset
    return carried, place


def known(link_type: int) -> bool:
    """Whether frames of this link type can be read at all."""
    return link_type in _READERS


def _number(frame: bytes, offset: int, size: int) -> int:
    """Return the big-endian number at `offset`; what lies behind the frame's end counts as nothing."""
    return int.from_bytes(frame[offset : offset + size], "big")


def _ethernet(frame: bytes, start: int = 0) -> Lower:
    ethertype, offset = _number(frame, start + 12, 2), start + 14
    if ethertype < 0x0600:
        # IEEE 802.3: a length, then LLC; only SNAP says an EtherType.
        if frame[offset : offset + 3] != _SNAP:
            return Lower(0, offset, frame[start + 6 : start + 12], frame[start : start + 6])
        ethertype, offset = _number(frame, offset + 6, 2), offset + 8
    ethertype, offset, vlan = _tags(frame, ethertype, offset)
    return Lower(ethertype, offset, frame[start + 6 : start + 12], frame[start : start + 6], vlan)


def _tags(frame: bytes, ethertype: int, offset: int) -> tuple[int, int, int | None]:
    """Return EtherType and place behind VLAN tags, MPLS labels and a PPPoE header, and the outermost VLAN."""
    vlan: int | None = None
    for _ in range(MAX_TAGS):
        if ethertype in _VLAN:
            vlan = _number(frame, offset, 2) & 0x0FFF if vlan is None else vlan
            ethertype, offset = _number(frame, offset + 2, 2), offset + 4
        elif ethertype in _MPLS:
            is_last = bool(_number(frame, offset + 2, 1) & 1)
            offset += 4
            ethertype = _by_version(frame, offset) if is_last else ethertype
        elif ethertype == _PPPOE_SESSION:
            ethertype, offset = _ppp_protocol(frame, offset + 6)
        else:
            break
    return ethertype, offset, vlan


def _by_version(frame: bytes, offset: int) -> int:
    return {4: IPV4, 6: IPV6}.get(_number(frame, offset, 1) >> 4, 0)


def _raw(frame: bytes) -> Lower:
    return Lower(_by_version(frame, 0), 0)


def _null(frame: bytes) -> Lower:
    """BSD loopback: an address family of 4 bytes in the writer's byte order, which the packet's version replaces."""
    return Lower(_by_version(frame, 4), 4)


def _ppp(frame: bytes) -> Lower:
    return Lower(*_ppp_protocol(frame, 2 if frame[:2] == b"\xff\x03" else 0))


def _ppp_protocol(frame: bytes, offset: int) -> tuple[int, int]:
    """Return the EtherType that stands for the PPP protocol at `offset`, and what follows it."""
    # RFC 1661 6.5: a protocol may be written in one byte, then its lowest bit is set.
    size = 1 if _number(frame, offset, 1) & 1 else 2
    return _PPP.get(_number(frame, offset, size), 0), offset + size


def _cisco_hdlc(frame: bytes) -> Lower:
    return Lower(_number(frame, 2, 2), 4)


def _cooked(frame: bytes) -> Lower:
    size = _number(frame, 4, 2)
    ethertype, offset, vlan = _tags(frame, _number(frame, 14, 2), 16)
    return Lower(ethertype, offset, frame[6:12] if size == 6 else b"", b"", vlan)


def _cooked_2(frame: bytes) -> Lower:
    ethertype, offset, vlan = _tags(frame, _number(frame, 0, 2), 20)
    return Lower(ethertype, offset, frame[12:18] if _number(frame, 11, 1) == 6 else b"", b"", vlan)


_READERS: dict[int, Callable[[bytes], Lower]] = {
    0: _null,
    1: _ethernet,
    9: _ppp,
    12: _raw,
    14: _raw,
    50: _ppp,
    101: _raw,
    104: _cisco_hdlc,
    108: _null,
    113: _cooked,
    228: _raw,
    229: _raw,
    276: _cooked_2,
}
"""LINKTYPE numbers of libpcap (12 and 14 are what some systems write for raw IP)."""
