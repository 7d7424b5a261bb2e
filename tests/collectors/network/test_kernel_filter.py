"""The kernel's filter keeps what the sensor needs: run here by an interpreter of its few instructions."""

import struct

import pytest

from collectors.network import kernel_filter
from tests.collectors.network import frames

HEADERS, WHOLE = kernel_filter.HEADER_BYTES, kernel_filter.WHOLE


def kept(frame: bytes) -> int:
    """Return how many bytes the filter keeps; a load behind the frame's end drops the packet, as in the kernel."""
    code = kernel_filter.program()
    steps = [struct.unpack_from("=HBBI", code, place) for place in range(0, len(code), 8)]
    value = index = place = 0
    while True:
        operation, when, unless, operand = steps[place]
        place += 1
        if operation == 0x06:
            return operand
        if operation in (0x15, 0x45):
            is_true = value == operand if operation == 0x15 else bool(value & operand)
            place += when if is_true else unless
        elif operation == 0xB1:
            index = (frame[operand] & 15) * 4
        else:
            start = operand + (index if operation == 0x48 else 0)
            size = 1 if operation == 0x30 else 2
            if start + size > len(frame):
                return 0
            value = int.from_bytes(frame[start : start + size], "big")


@pytest.mark.parametrize(
    ("frame", "expected"),
    [
        (frames.arp(1, frames.CLIENT_MAC, frames.CLIENT, frames.SERVER), WHOLE),
        (frames.ethernet(frames.ipv4(frames.udp(4000, 53), 17)), WHOLE),
        (frames.ethernet(frames.ipv4(frames.udp(5353, 4000), 17)), WHOLE),
        (frames.ethernet(frames.ipv4(frames.tcp(53, 4000, 2), 6)), WHOLE),
        (frames.ethernet(frames.ipv6(frames.udp(4000, 5355), 17), 0x86DD), WHOLE),
        (frames.ethernet(frames.ipv6(frames.tcp(53, 4000, 2), 6), 0x86DD), WHOLE),
        (frames.ethernet(frames.ipv4(frames.tcp(4000, 443, 2), 6)), HEADERS),
        (frames.ethernet(frames.ipv6(frames.tcp(4000, 443, 2), 6), 0x86DD), HEADERS),
        (frames.ethernet(frames.ipv6(bytes(8), 58), 0x86DD), HEADERS),
        (frames.ethernet(frames.ipv4(frames.icmp(8, 0), 1)), HEADERS),
        (frames.ethernet(frames.ipv4(frames.udp(4000, 53), 17, fragment=3)), HEADERS),
        (frames.ethernet(bytes(40), 0x88CC), HEADERS),
    ],
)
def test_dns_and_arp_are_kept_whole_and_headers_of_the_rest(frame: bytes, expected: int) -> None:
    assert kept(frame) == expected
