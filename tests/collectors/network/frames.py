"""Frames built by hand, byte for byte, so that the parser is not tested against itself."""

import struct

from collectors.network.packet import Packet, parse

SECOND = 1_000_000_000
START = 1_800_000_000 * SECOND
CLIENT_MAC, SERVER_MAC = bytes.fromhex("020000000001"), bytes.fromhex("020000000002")
CLIENT, SERVER = bytes([10, 1, 0, 1]), bytes([10, 1, 0, 2])
FIN, SYN, RST, PSH, ACK = 1, 2, 4, 8, 16


def ethernet(payload: bytes, ethertype: int = 0x0800, *, vlan: int | None = None) -> bytes:
    tag = b"" if vlan is None else struct.pack("!HH", 0x8100, vlan)
    return SERVER_MAC + CLIENT_MAC + tag + struct.pack("!H", ethertype) + payload


def ipv4(
    payload: bytes,
    protocol: int,
    source: bytes = CLIENT,
    destination: bytes = SERVER,
    *,
    number: int = 1,
    fragment: int = 0,
) -> bytes:
    head = struct.pack("!BBHHHBBH", 0x45, 0, 20 + len(payload), number, fragment, 64, protocol, 0)
    return head + source + destination + payload


def ipv6(payload: bytes, following: int, source: bytes = b"\xfd" * 16, destination: bytes = b"\xfe" * 16) -> bytes:
    return struct.pack("!IHBB", 6 << 28, len(payload), following, 64) + source + destination + payload


def tcp(source: int, destination: int, flags: int, data: bytes = b"") -> bytes:
    return struct.pack("!HHIIBBHHH", source, destination, 0, 0, 5 << 4, flags, 1000, 0, 0) + data


def udp(source: int, destination: int, data: bytes = b"") -> bytes:
    return struct.pack("!HHHH", source, destination, 8 + len(data), 0) + data


def icmp(kind: int, code: int, data: bytes = b"") -> bytes:
    return struct.pack("!BBHI", kind, code, 0, 0) + data


def arp(operation: int, mac: bytes, ip: bytes, target: bytes, target_mac: bytes = bytes(6)) -> bytes:
    return ethernet(struct.pack("!HHBBH", 1, 0x0800, 6, 4, operation) + mac + ip + target_mac + target, 0x0806)


def packet(frame: bytes, seconds: float = 0.0, *, link_type: int = 1) -> Packet:
    return parse(frame, at=START + int(seconds * SECOND), length=len(frame), link_type=link_type)


def forth(segment: bytes, seconds: float = 0.0, protocol: int = 6) -> Packet:
    """Return a packet from the client to the server."""
    return packet(ethernet(ipv4(segment, protocol)), seconds)


def back(segment: bytes, seconds: float = 0.0, protocol: int = 6) -> Packet:
    """Return a packet from the server to the client."""
    return packet(ethernet(ipv4(segment, protocol, SERVER, CLIENT)), seconds)


def pcap(*frames: bytes, seconds: float = 0.0) -> bytes:
    """Return a capture file of Ethernet frames, a millisecond apart."""
    records = b""
    for number, frame in enumerate(frames):
        at = START // 1000 + int(seconds * 1_000_000) + number * 1000
        records += struct.pack("<IIII", at // 1_000_000, at % 1_000_000, len(frame), len(frame)) + frame
    return struct.pack("<IHHiIII", 0xA1B2C3D4, 2, 4, 0, 0, 65535, 1) + records
