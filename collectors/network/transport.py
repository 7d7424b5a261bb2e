"""What lies above IP: the ports, flags and payload of TCP, UDP, SCTP and ICMP."""

from typing import NamedTuple

TCP, UDP, SCTP, ICMP, ICMPV6 = 6, 17, 132, 1, 58
FIN, SYN, RST, PSH, ACK, URG, ECE, CWR = (1 << bit for bit in range(8))
NAMES = {TCP: "tcp", UDP: "udp", SCTP: "sctp", ICMP: "icmp", ICMPV6: "ipv6-icmp", 2: "igmp", 47: "gre", 50: "esp"}
"""The names of IANA's protocol registry, for those met on a LAN."""
_SMALLEST = {TCP: 4, UDP: 8, SCTP: 4}
"""Bytes without which the ports are not believed; ICMP quotes no more than 8."""


class Upper(NamedTuple):
    """What a transport header says; for ICMP the ports are its type and code."""

    source_port: int | None
    destination_port: int | None
    tcp_flags: int
    payload: bytes


NOTHING = Upper(None, None, 0, b"")


def read(data: bytes, protocol: int) -> Upper:
    """Return what the header at the start of `data` says, `NOTHING` when it is cut off before its ports end."""
    if protocol in (ICMP, ICMPV6):
        return Upper(data[0], data[1], 0, data[8:]) if len(data) >= 2 else NOTHING
    if protocol not in _SMALLEST or len(data) < _SMALLEST[protocol]:
        return NOTHING
    source, destination = int.from_bytes(data[:2], "big"), int.from_bytes(data[2:4], "big")
    if protocol == TCP:
        flags = data[13] if len(data) > 13 else 0
        size = (data[12] >> 4) * 4 if len(data) > 12 else 0
        return Upper(source, destination, flags, data[size:] if size >= 20 else b"")
    return Upper(source, destination, 0, data[8:] if protocol == UDP else data[12:])


def flag_letters(flags: int) -> str:
    """Return the TCP flags as letters in the order of tcpdump: `FSRPAUEC`, those that are set."""
    return "".join(letter for bit, letter in enumerate("FSRPAUEC") if flags >> bit & 1)
