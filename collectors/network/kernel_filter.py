"""The kernel's packet filter for a live capture: it hands on headers, and whole packets only where DNS or ARP is.

A classic BPF program (Linux: Documentation/networking/filter.rst) for Ethernet. It returns how many bytes to keep.
"""

import ctypes
import socket
import struct

from collectors.network.dns import PORTS

HEADER_BYTES = 256
"""Ethernet, VLAN, IPv6 with extensions, a tunnel and TCP with all its options fit in."""
WHOLE = 0x40000

_SO_ATTACH_FILTER = 26
_LOAD_HALF, _LOAD_BYTE, _LOAD_HALF_AT_X, _LOAD_X_HEADER = 0x28, 0x30, 0x48, 0xB1
_JUMP_EQUAL, _JUMP_ANY_BIT, _RETURN = 0x15, 0x45, 0x06
_WHOLE, _HEADERS = "whole", "headers"

Step = tuple[int, str | None, str | None, int]
"""Operation, label when true, label when false (None: the next step), operand."""


def program() -> bytes:
    """Return the filter's instructions, 8 bytes each."""
    steps: list[tuple[str, Step]] = [
        ("", (_LOAD_HALF, None, None, 12)),
        ("", (_JUMP_EQUAL, _WHOLE, None, 0x0806)),
        ("", (_JUMP_EQUAL, "ipv4", None, 0x0800)),
        ("", (_JUMP_EQUAL, None, _HEADERS, 0x86DD)),
        ("", (_LOAD_BYTE, None, None, 20)),
        ("", (_JUMP_EQUAL, "ipv6 ports", None, 17)),
        ("", (_JUMP_EQUAL, None, _HEADERS, 6)),
        ("ipv6 ports", (_LOAD_HALF, None, None, 54)),
        *_one_of_ports(),
        ("", (_LOAD_HALF, None, None, 56)),
        *_one_of_ports(last=_HEADERS),
        ("ipv4", (_LOAD_BYTE, None, None, 23)),
        ("", (_JUMP_EQUAL, "ipv4 ports", None, 17)),
        ("", (_JUMP_EQUAL, None, _HEADERS, 6)),
        ("ipv4 ports", (_LOAD_HALF, None, None, 20)),
        # Later fragments of a packet have no ports.
        ("", (_JUMP_ANY_BIT, _HEADERS, None, 0x1FFF)),
        ("", (_LOAD_X_HEADER, None, None, 14)),
        ("", (_LOAD_HALF_AT_X, None, None, 14)),
        *_one_of_ports(),
        ("", (_LOAD_HALF_AT_X, None, None, 16)),
        *_one_of_ports(last=_HEADERS),
        (_WHOLE, (_RETURN, None, None, WHOLE)),
        (_HEADERS, (_RETURN, None, None, HEADER_BYTES)),
    ]
    labels = {label: place for place, (label, _) in enumerate(steps) if label}
    code = b""
    for place, (_, (operation, when, unless, operand)) in enumerate(steps):
        jumps = [0 if label is None else labels[label] - place - 1 for label in (when, unless)]
        code += struct.pack("=HBBI", operation, *jumps, operand)
    return code


def attach(listener: socket.socket) -> None:
    """Let the kernel filter what `listener` receives from now on; raises `OSError` where it cannot."""
    code = program()
    buffer = ctypes.create_string_buffer(code, len(code))
    # struct sock_fprog: the number of instructions, and where they are.
    listener.setsockopt(
        socket.SOL_SOCKET, _SO_ATTACH_FILTER, struct.pack("@HP", len(code) // 8, ctypes.addressof(buffer))
    )


def _one_of_ports(last: str | None = None) -> list[tuple[str, Step]]:
    """Return steps that go to the whole packet for a DNS port, else to `last`, or on."""
    ports = sorted(PORTS)
    return [("", (_JUMP_EQUAL, _WHOLE, last if port == ports[-1] else None, port)) for port in ports]
