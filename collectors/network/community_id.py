"""Community ID: the same short name for a flow in every tool (specification version 1, seed 0)."""

import base64
import hashlib
import struct

from collectors.network.transport import ICMP, ICMPV6, SCTP, TCP, UDP

_SEED = b"\x00\x00"
_ICMP_ANSWERS = {8: 0, 0: 8, 13: 14, 14: 13, 15: 16, 16: 15, 17: 18, 18: 17, 10: 9, 9: 10}
_ICMPV6_ANSWERS = {128: 129, 129: 128, 133: 134, 134: 133, 135: 136, 136: 135, 139: 140, 140: 139, 144: 145, 145: 144}
_ICMPV6_ANSWERS |= {130: 131, 131: 130}


def equivalent_ports(protocol: int, kind: int | None, code: int | None) -> tuple[int | None, int | None, bool]:
    """Return what stands for the ports, and whether the flow has one direction only.

    For an ICMP message that has an answer these are its type and the answer's, so that both make one flow.
    """
    table = {ICMP: _ICMP_ANSWERS, ICMPV6: _ICMPV6_ANSWERS}.get(protocol)
    if table is None or kind is None:
        return kind, code, False
    if kind in table:
        return kind, table[kind], False
    return kind, code, True


def community_id(protocol: int, source: bytes, destination: bytes, source_port: int | None, port: int | None) -> str:
    """Return the Community ID of a flow between two addresses of 4 or 16 bytes; ports as in a packet."""
    first, second, is_one_way = equivalent_ports(protocol, source_port, port)
    if not is_one_way and (source, first or 0) > (destination, second or 0):
        source, destination, first, second = destination, source, second, first
    data = _SEED + source + destination + struct.pack("!BB", protocol, 0)
    if first is not None and second is not None and protocol in (TCP, UDP, SCTP, ICMP, ICMPV6):
        data += struct.pack("!HH", first, second)
    return "1:" + base64.b64encode(hashlib.sha1(data, usedforsecurity=False).digest()).decode("ascii")
