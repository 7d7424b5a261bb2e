"""Whether a capture file (pcap or pcapng) ends where a record ends, told from the records' lengths alone."""

import struct
from pathlib import Path
from typing import BinaryIO

from sentinel.errors import InputError, UnavailableError

_PCAP = {b"\xa1\xb2\xc3\xd4": ">", b"\xd4\xc3\xb2\xa1": "<", b"\xa1\xb2\x3c\x4d": ">", b"\x4d\x3c\xb2\xa1": "<"}
_PCAPNG = b"\x0a\x0d\x0d\x0a"
_GZIP = b"\x1f\x8b"
_SECTION_ORDER = {b"\x1a\x2b\x3c\x4d": ">", b"\x4d\x3c\x2b\x1a": "<"}


def check_kind(path: Path) -> None:
    """Raise `InputError` unless `path` begins like a capture file, `UnavailableError` when it cannot be read."""
    try:
        with path.open("rb") as file:
            magic = file.read(4)
    except OSError as error:
        raise UnavailableError(f"cannot read the capture file {path}: {error.strerror}") from error
    if magic not in _PCAP and magic != _PCAPNG and not magic.startswith(_GZIP):
        raise InputError(f"{path}: not a capture file; pcap and pcapng are read, also gzipped")


def fault(path: Path) -> str | None:
    """Return a sentence about the place where the file breaks off; None when it is whole, or packed."""
    size = path.stat().st_size
    with path.open("rb") as file:
        magic = file.read(4)
        if magic in _PCAP:
            place = _walk_pcap(file, _PCAP[magic], size)
        elif magic == _PCAPNG:
            place = _walk_pcapng(file, size)
        else:
            return None
    return None if place == size else f"the record at byte {place} is cut off or broken"


def _walk_pcap(file: BinaryIO, order: str, size: int) -> int:
    """Return where the last whole record ends."""
    place = 24
    while place + 16 <= size:
        file.seek(place + 8)
        (captured,) = struct.unpack(order + "I", file.read(4))
        if place + 16 + captured > size:
            break
        place += 16 + captured
    return place


def _walk_pcapng(file: BinaryIO, size: int) -> int:
    """Return where the last whole block ends; a section header may change the byte order."""
    place, order = 0, "<"
    while place + 12 <= size:
        file.seek(place)
        head = file.read(12)
        if head[:4] == _PCAPNG:
            order = _SECTION_ORDER.get(head[8:12], order)
        (length,) = struct.unpack(order + "I", head[4:8])
        if length < 12 or length % 4 or place + length > size:
            break
        place += length
    return place
