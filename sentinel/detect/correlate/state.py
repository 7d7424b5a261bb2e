"""The state of the correlations as bytes: MessagePack behind a checksum; what has not changed is not encoded again."""

import zlib
from collections.abc import Sequence
from typing import Any

import msgspec

from sentinel.detect.correlate.contribution import Contribution, Key
from sentinel.detect.correlate.desk import Desk
from sentinel.detect.correlate.hit import Hit
from sentinel.detect.correlate.holdback import Waiting
from sentinel.detect.correlate.window import Group
from sentinel.errors import InputError
from sentinel.model.record import Record

MAGIC = b"SENTINEL-CORRELATIONS-2\n"
_CHECKSUM_BYTES = 4


class StoredGroup(msgspec.Struct, frozen=True, array_like=True):
    """A group."""

    key: Key
    touched: int
    waiting: list[Contribution]


class StoredWaiting(msgspec.Struct, frozen=True, array_like=True):
    """A match that is held back, with its record: it may be stored by the time the match completes something."""

    added: Contribution
    key: Key
    hit: Hit
    fields: dict[str, Any]
    """Of the record: what `encode` was given, the checksum says so."""


class StoredDesk(msgspec.Struct, frozen=True, array_like=True):
    """What one correlation has gathered."""

    rule: str
    digest: str
    groups: list[StoredGroup]
    waiting: list[StoredWaiting]


class Stored(msgspec.Struct, frozen=True, array_like=True):
    """Everything."""

    order: int
    clock: int
    desks: list[StoredDesk]


_encoder = msgspec.msgpack.Encoder()
_decoder = msgspec.msgpack.Decoder(Stored)


def encode(order: int, clock: int, desks: Sequence[Desk]) -> bytes:
    """Return the state; that of correlations that hold nothing is left out."""
    body = _encoder.encode([order, clock, [kept for desk in desks if (kept := _kept(desk))]])
    return b"".join((MAGIC, zlib.crc32(body).to_bytes(_CHECKSUM_BYTES, "big"), body))


def _kept(desk: Desk) -> list[object]:
    groups = desk.groups
    waiting = [
        StoredWaiting(each.added, each.key, each.hit, dict(each.record.fields)) for each in desk.holdback.items()
    ]
    return [desk.correlation.info.id, desk.digest, groups.encoded(), waiting] if groups or waiting else []


def decode(state: bytes) -> Stored:
    """Return what `encode` was given; raise InputError for anything else, a single wrong bit included."""
    if not state.startswith(MAGIC):
        raise InputError("detection state is damaged, or of another version of Sentinel; start without it")
    start = len(MAGIC) + _CHECKSUM_BYTES
    if zlib.crc32(state[start:]) != int.from_bytes(state[len(MAGIC) : start], "big"):
        raise InputError("detection state is damaged (its checksum is wrong); start without it")
    try:
        return _decoder.decode(memoryview(state)[start:])
    except (msgspec.DecodeError, RecursionError) as error:
        raise InputError(f"detection state is damaged ({error}); start without it") from error


def put_back(stored: StoredDesk, desk: Desk) -> None:
    """Let a correlation go on with what it had gathered."""
    for each in stored.groups:
        desk.groups.put_back(each.key, Group(each.touched, each.waiting))
    for held in stored.waiting:
        desk.holdback.put(Waiting(held.added, held.key, held.hit, Record(held.hit.record, held.fields)))
