"""Replays recordings as if they had happened lately: whole days are added, so that the time of day stays true."""

import re
import struct
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

from sentinel.errors import InputError

RFC3339 = re.compile(rb"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d{1,9})?(?:Z|[+-]\d\d:\d\d)")
CLF = re.compile(rb"\[(\d\d/[A-Z][a-z]{2}/\d{4}:\d\d:\d\d:\d\d [+-]\d{4})\]")
CLF_FORMAT = "%d/%b/%Y:%H:%M:%S %z"
PCAP_MAGIC = {b"\xd4\xc3\xb2\xa1": "<", b"\x4d\x3c\xb2\xa1": "<", b"\xa1\xb2\xc3\xd4": ">", b"\xa1\xb2\x3c\x4d": ">"}
PCAP_HEADER_BYTES = 24
PACKET_HEADER_BYTES = 16


def times(line: bytes) -> Iterator[datetime]:
    """Yield the aware times written in a log line."""
    for match in RFC3339.finditer(line):
        yield datetime.fromisoformat(match[0].decode())
    for match in CLF.finditer(line):
        yield datetime.strptime(match[1].decode(), "%d/%b/%Y:%H:%M:%S %z")


def days_to_add(paths: Iterable[Path], now: datetime) -> int:
    """Return how many whole days bring the newest time in the logs and captures just before `now`."""
    newest = max((moment for path in paths for moment in _all_times(path)), default=now)
    return (now - newest).days


def shift_line(line: bytes, days: int) -> bytes:
    """Return the line with every time in it moved by `days`, in the same notation."""

    def iso(match: re.Match[bytes]) -> bytes:
        text = match[0].decode()
        moved = datetime.fromisoformat(text[:19]) + timedelta(days=days)
        return (moved.isoformat() + text[19:]).encode()

    def clf(match: re.Match[bytes]) -> bytes:
        moved = datetime.strptime(match[1].decode(), "%d/%b/%Y:%H:%M:%S %z") + timedelta(days=days)
        return f"[{moved.strftime(CLF_FORMAT)}]".encode()

    return CLF.sub(clf, RFC3339.sub(iso, line))


def shift_capture(capture: bytes, days: int) -> bytes:
    """Return a pcap file with every packet moved by `days`; raise `InputError` for another format."""
    shifted = bytearray(capture)
    order = _byte_order(capture)
    for place in _packets(capture, order):
        (seconds,) = struct.unpack_from(order + "I", capture, place)
        struct.pack_into(order + "I", shifted, place, seconds + days * 86_400)
    return bytes(shifted)


def _all_times(path: Path) -> Iterator[datetime]:
    content = path.read_bytes()
    if path.suffix != ".pcap":
        for line in content.splitlines():
            yield from times(line)
        return
    order = _byte_order(content)
    for place in _packets(content, order):
        yield datetime.fromtimestamp(struct.unpack_from(order + "I", content, place)[0], UTC)


def _byte_order(capture: bytes) -> str:
    if capture[:4] not in PCAP_MAGIC:
        raise InputError("a recorded capture is not in pcap format")
    return PCAP_MAGIC[capture[:4]]


def _packets(capture: bytes, order: str) -> Iterator[int]:
    place = PCAP_HEADER_BYTES
    while place + PACKET_HEADER_BYTES <= len(capture):
        yield place
        (captured,) = struct.unpack_from(order + "I", capture, place + 8)
        place += PACKET_HEADER_BYTES + captured
