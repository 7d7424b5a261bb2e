"""Tells whether a file still holds what was read from it: by its first bytes and the last ones read, of any size."""

import hashlib
import os
from dataclasses import dataclass

from sentinel.errors import InputError

HEAD_BYTES = 1024
ANCHOR_BYTES = 64
Key = tuple[int, int]
"""Device and inode. Inodes are used again, so a key alone proves nothing about the content."""


@dataclass(frozen=True, slots=True)
class Fingerprint:
    """What was read of a file, in few bytes; both parts cover read bytes only, so files under 1 kB have one too."""

    offset: int = 0
    """Bytes read."""
    head: str = ""
    """SHA-256 of the first `min(1024, offset)` bytes."""
    anchor: str = ""
    """The last `min(64, offset)` bytes before the offset, as hex."""

    def moved(self, descriptor: int, offset: int) -> "Fingerprint":
        """Return the fingerprint after reading on to `offset`; raises OSError."""
        head = self.head
        if self.offset < HEAD_BYTES:
            head = _digest(os.pread(descriptor, min(HEAD_BYTES, offset), 0))
        start = max(0, offset - ANCHOR_BYTES)
        return Fingerprint(offset, head, os.pread(descriptor, offset - start, start).hex())

    def holds(self, descriptor: int) -> bool:
        """Return whether the open file still begins and goes on as it did; raises OSError."""
        if self.offset == 0:
            return True
        anchor = bytes.fromhex(self.anchor)
        if os.pread(descriptor, len(anchor), self.offset - len(anchor)) != anchor:
            return False
        return _digest(os.pread(descriptor, min(HEAD_BYTES, self.offset), 0)) == self.head


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """How far one file was read; what a cursor keeps of it."""

    path: str
    """Name that the pattern matched."""
    real: str
    """Where that name led, links followed."""
    key: Key
    fingerprint: Fingerprint
    size: int
    """Size when it was last looked at: what lay between offset and size is an unfinished line."""
    is_rotated: bool
    is_skipping: bool
    """Inside a line that was cut; the rest of it is passed over."""
    is_done: bool = False
    """Rotated, read to its end and let go; remembered so that it is not taken for a new one."""

    def to_json(self) -> list[object]:
        """Return plain values for the cursor."""
        print_ = self.fingerprint
        flags = self.is_rotated * 1 + self.is_skipping * 2 + self.is_done * 4
        return [self.path, self.real, *self.key, print_.offset, print_.head, print_.anchor, self.size, flags]


def place_from_json(values: object) -> Place:
    """Return the place that `to_json` wrote; raise `InputError` for anything else."""
    match values:
        case [
            str(path),
            str(real),
            int(device),
            int(inode),
            int(offset),
            str(head),
            str(anchor),
            int(size),
            int(flags),
        ] if offset >= 0 and _is_hex(anchor) and len(anchor) == 2 * min(ANCHOR_BYTES, offset):
            return Place(
                path=path,
                real=real,
                key=(device, inode),
                fingerprint=Fingerprint(offset, head, anchor),
                size=size,
                is_rotated=bool(flags & 1),
                is_skipping=bool(flags & 2),
                is_done=bool(flags & 4),
            )
    raise InputError("the cursor of a file input is not readable")


def _is_hex(text: str) -> bool:
    try:
        bytes.fromhex(text)
    except ValueError:
        return False
    return True


def _digest(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()
