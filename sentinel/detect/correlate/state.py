"""The state of the correlations as bytes, all of it or what has changed: frames of MessagePack behind a checksum."""

import struct
import zlib
from collections.abc import Iterator, Sequence
from typing import Any

import msgspec

from sentinel.detect.correlate.contribution import Contribution, Key
from sentinel.detect.correlate.desk import Desk
from sentinel.detect.correlate.hit import Hit
from sentinel.detect.correlate.holdback import Waiting
from sentinel.detect.correlate.window import Group
from sentinel.errors import InputError
from sentinel.model.record import Record

MAGIC = b"SENTINEL-CORRELATIONS-3\n"
_HEAD = struct.Struct(">IQ")
"""Behind `MAGIC`: checksum of the body, length of the body."""


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
    gone: list[Key] = []
    """Groups that are there no more; only in a change."""


class Stored(msgspec.Struct, frozen=True, array_like=True):
    """Everything, or what has changed since the frame before."""

    is_change: bool
    order: int
    clock: int
    desks: list[StoredDesk]


_encoder = msgspec.msgpack.Encoder()
_decoder = msgspec.msgpack.Decoder(Stored)


def encode(order: int, clock: int, desks: Sequence[Desk]) -> bytes:
    """Return the state; that of correlations that hold nothing is left out."""
    return _frame([False, order, clock, [kept for desk in desks if (kept := _kept(desk))]])


def encode_changes(order: int, clock: int, desks: Sequence[Desk]) -> bytes:
    """Return what has changed since the last `encode` or `encode_changes`, to be put behind what they returned.

    None of the correlations may hold anything back.
    """
    return _frame([True, order, clock, [changed for desk in desks if (changed := _changed(desk))]])


def _frame(content: list[object]) -> bytes:
    body = _encoder.encode(content)
    return b"".join((MAGIC, _HEAD.pack(zlib.crc32(body), len(body)), body))


def _kept(desk: Desk) -> list[object]:
    groups = desk.groups
    waiting = [
        StoredWaiting(each.added, each.key, each.hit, dict(each.record.fields)) for each in desk.holdback.items()
    ]
    return [desk.correlation.info.id, desk.digest, groups.encoded(), waiting] if groups or waiting else []


def _changed(desk: Desk) -> list[object]:
    changed, gone = desk.groups.changes()
    return [desk.correlation.info.id, desk.digest, changed, [], gone] if changed or gone else []


def decode(state: bytes) -> list[Stored]:
    """Return what `encode` was given, and each change after it; raise InputError for anything else.

    A single wrong bit is found, anywhere.
    """
    found = list(_frames(memoryview(state)))
    if [each.is_change for each in found] != [False] + [True] * (len(found) - 1):
        raise InputError("detection state is damaged (its parts do not belong together); start without it")
    return found


def _frames(rest: memoryview) -> Iterator[Stored]:
    while rest:
        start = len(MAGIC) + _HEAD.size
        if rest[: len(MAGIC)] != MAGIC or len(rest) < start:
            raise InputError("detection state is damaged, or of another version of Sentinel; start without it")
        checksum, length = _HEAD.unpack(rest[len(MAGIC) : start])
        body, rest = rest[start : start + length], rest[start + length :]
        if zlib.crc32(body) != checksum or len(body) != length:
            raise InputError("detection state is damaged (its checksum is wrong); start without it")
        try:
            yield _decoder.decode(body)
        except (msgspec.DecodeError, RecursionError) as error:
            raise InputError(f"detection state is damaged ({error}); start without it") from error


def put_back(stored: StoredDesk, desk: Desk) -> None:
    """Let a correlation go on with what it had gathered, or with what has changed in that."""
    for key in stored.gone:
        desk.groups.drop(key)
    for each in stored.groups:
        desk.groups.put_back(each.key, Group(each.touched, each.waiting))
    for held in stored.waiting:
        desk.holdback.put(Waiting(held.added, held.key, held.hit, Record(held.hit.record, held.fields)))
