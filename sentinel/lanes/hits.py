"""Hits on their way from who found them to who judges the correlations: one message for a stretch of a part; pure."""

from collections.abc import Iterable, Mapping
from typing import Any

import msgspec
import zstandard

from sentinel.detect.correlate.hit import Hit
from sentinel.errors import InputError
from sentinel.model.record import Value

VERSION = 1
MAX_BYTES = 256_000_000
"""What a message may unpack to."""


class Wanted(msgspec.Struct, frozen=True, array_like=True):
    """A hit and who wants it."""

    place: int
    """Position of its record in its part of the journal."""
    hit: Hit
    families: list[str]


class Stretch(msgspec.Struct, frozen=True, array_like=True):
    """All hits that one part of the journal has for one part of the hits, from one position to another."""

    version: int
    source: int
    """Number of the part of the journal."""
    first: int
    upto: int
    received: int
    """When the server received the last of it, in microseconds: all before is in this stretch or one before it."""
    records: dict[str, dict[str, Any]]
    wanted: list[Wanted]
    log: str = ""
    """What tells this journal from a later one of the same name, whose positions begin anew; empty: not known."""


def encode(stretch: Stretch) -> bytes:
    """Return a stretch as bytes that know when they are damaged."""
    try:
        body = msgspec.msgpack.encode(stretch)
    except (UnicodeEncodeError, OverflowError):
        plain = {name: {key: _plain(value) for key, value in each.items()} for name, each in stretch.records.items()}
        body = msgspec.msgpack.encode(msgspec.structs.replace(stretch, records=plain))
    return zstandard.ZstdCompressor(level=1, write_checksum=True).compress(body)


def decode(body: bytes) -> Stretch:
    """Return the stretch in a message; raise `InputError` for anything else."""
    try:
        plain = zstandard.ZstdDecompressor().decompress(body, max_output_size=MAX_BYTES)
        stretch = msgspec.msgpack.decode(plain, type=Stretch)
    except (zstandard.ZstdError, msgspec.DecodeError, RecursionError) as error:
        raise InputError(f"a message of hits is damaged: {error}") from error
    if stretch.version != VERSION or not 0 <= stretch.first <= stretch.upto:
        raise InputError(f"a message of hits is of version {stretch.version}; this Sentinel knows {VERSION}")
    return stretch


def halves(stretch: Stretch) -> Iterable[Stretch]:
    """Yield two stretches that say the same, the earlier one first; one without evidence where it is a single place."""
    places = sorted({each.place for each in stretch.wanted})
    if len(places) < 2:
        bare = [
            msgspec.structs.replace(each, hit=msgspec.structs.replace(each.hit, evidence=())) for each in stretch.wanted
        ]
        yield msgspec.structs.replace(stretch, wanted=bare)
        return
    middle = places[len(places) // 2]
    early, late = ([each for each in stretch.wanted if (each.place < middle) is side] for side in (True, False))
    # Only with the second half is all there that was received by then.
    yield _part(stretch, early, upto=middle, received=min(each.hit.received for each in stretch.wanted))
    yield _part(stretch, late, first=middle)


def _part(stretch: Stretch, wanted: list[Wanted], **changes: int) -> Stretch:
    ids = {each.hit.record for each in wanted}
    records = {each: stretch.records[each] for each in ids}
    return msgspec.structs.replace(stretch, wanted=wanted, records=records, **changes)


def fields_of(fields: Mapping[str, Value]) -> dict[str, Any]:
    """Return a record's fields as they travel."""
    return dict(fields)


def _plain(value: object) -> object:
    if isinstance(value, str):
        return value.encode("utf-8", "backslashreplace").decode("utf-8")
    if isinstance(value, list | tuple):
        return [_plain(each) for each in value]
    if isinstance(value, int) and not isinstance(value, bool) and not -(2**63) <= value < 2**64:
        return str(value)
    return value
