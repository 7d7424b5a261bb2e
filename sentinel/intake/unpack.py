"""Unpacks the body of a request; the size is bounded before anything is allocated."""

import zlib

import zstandard

from sentinel.errors import InputError
from sentinel.event import MAX_BATCH_BYTES

MAX_WINDOW_BYTES = 2**25
"""What a zstd frame may ask us to remember; its own levels up to 19 need a quarter of it."""
_GZIP = 31
"""zlib's way to say: expect a gzip header and check its trailer."""
_PIECE = 1 << 16


class TooLargeError(InputError):
    """The batch is larger than agreed; the collector sends it in smaller ones."""

    http_status = 413


class UnknownEncodingError(InputError):
    """The body is packed in a way this server does not know."""

    http_status = 415


def unpack(body: bytes, encoding: str, limit: int = MAX_BATCH_BYTES) -> bytes:
    """Return the plain body, at most `limit` bytes; raise `InputError` for what is broken, too large or unknown."""
    if len(body) > limit:
        raise _too_large(limit)
    match encoding:
        case "identity" | "":
            return body
        case "gzip":
            return _zlib(body, _GZIP, encoding, limit)
        case "deflate":
            return _zlib(body, zlib.MAX_WBITS, encoding, limit)
        case "zstd":
            return _zstd(body, limit)
    raise UnknownEncodingError(f"unknown encoding '{encoding[:40]}'; use identity, gzip, deflate or zstd")


def _zlib(body: bytes, header: int, encoding: str, limit: int) -> bytes:
    unpacker = zlib.decompressobj(header)
    try:
        plain = unpacker.decompress(body, limit + 1)
    except zlib.error as error:
        raise InputError(f"the batch is not {encoding} as it says: {error}; send it again") from error
    if len(plain) > limit:
        raise _too_large(limit)
    if not unpacker.eof or unpacker.unused_data:
        raise InputError(f"the batch is cut, or has more after its {encoding} end; send it again")
    return plain


def _zstd(body: bytes, limit: int) -> bytes:
    unpacker = zstandard.ZstdDecompressor(max_window_size=MAX_WINDOW_BYTES)
    try:
        # A first pass only measures: a frame's own word on its size is no promise.
        size = 0
        with unpacker.stream_reader(body) as reader:
            while piece := reader.read(_PIECE):
                size += len(piece)
                if size > limit:
                    raise _too_large(limit)
        whole = unpacker.decompressobj()
        plain = whole.decompress(body)
    except zstandard.ZstdError as error:
        raise InputError(f"the batch is not zstd as it says: {error}; send it again") from error
    if not whole.eof or whole.unused_data:
        raise InputError("the batch is cut, or has more after its zstd end; send it again")
    return plain


def _too_large(limit: int) -> TooLargeError:
    return TooLargeError(f"the batch is larger than {limit} bytes; send fewer events at once")
