"""Bodies are unpacked within bounds, whatever they claim to be."""

import contextlib
import gzip
import tracemalloc
import zlib
from collections.abc import Callable

import pytest
import zstandard
from hypothesis import given
from hypothesis import strategies as st

from sentinel.errors import InputError
from sentinel.event import MAX_BATCH_BYTES
from sentinel.intake.unpack import unpack

PACK = {
    "identity": lambda body: body,
    "gzip": gzip.compress,
    "zstd": zstandard.ZstdCompressor().compress,
}


@pytest.mark.parametrize("encoding", PACK)
@given(body=st.binary(min_size=1))
def test_what_was_packed_is_unpacked(encoding: str, body: bytes) -> None:
    assert unpack(PACK[encoding](body), encoding) == body


@pytest.mark.parametrize("encoding", ["gzip", "zstd"])
@given(body=st.binary())
def test_no_bytes_can_break_the_unpacking(encoding: str, body: bytes) -> None:
    with contextlib.suppress(InputError):
        unpack(body, encoding)


@pytest.mark.parametrize("encoding", ["gzip", "zstd"])
@given(cut=st.integers(1, 60))
def test_a_cut_batch_is_refused(encoding: str, cut: int) -> None:
    packed = PACK[encoding](bytes(range(256)) * 20)
    with pytest.raises(InputError):
        unpack(packed[: -min(cut, len(packed))], encoding)


@pytest.mark.parametrize("encoding", ["gzip", "zstd"])
def test_more_after_the_end_is_refused(encoding: str) -> None:
    with pytest.raises(InputError, match="more after"):
        unpack(PACK[encoding](b"a") + PACK[encoding](b"b"), encoding)


def test_an_unknown_encoding_is_refused() -> None:
    with pytest.raises(InputError) as caught:
        unpack(b"", "br")
    assert caught.value.http_status == 415


def zstd_bomb() -> bytes:
    """Return 500 MB of zeros in a few kilobytes, with no word on its size."""
    packer = zstandard.ZstdCompressor(level=3, write_content_size=False).compressobj()
    return b"".join(packer.compress(bytes(1_000_000)) for _ in range(500)) + packer.flush()


def gzip_bomb() -> bytes:
    packer = zlib.compressobj(9, wbits=31)
    return b"".join(packer.compress(bytes(1_000_000)) for _ in range(200)) + packer.flush()


@pytest.mark.parametrize(("encoding", "make"), [("zstd", zstd_bomb), ("gzip", gzip_bomb)], ids=["zstd", "gzip"])
def test_a_bomb_is_refused_before_it_takes_memory(encoding: str, make: Callable[[], bytes]) -> None:
    bomb = make()
    assert len(bomb) < 1_000_000
    tracemalloc.start()
    with pytest.raises(InputError) as caught:
        unpack(bomb, encoding)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert caught.value.http_status == 413
    assert peak < 3 * MAX_BATCH_BYTES


def test_a_frame_that_asks_for_a_huge_window_is_refused() -> None:
    parameters = zstandard.ZstdCompressionParameters(window_log=27, enable_ldm=True)
    packer = zstandard.ZstdCompressor(compression_params=parameters).compressobj()
    packed = packer.compress(b"a" * 1000) + packer.flush()
    with pytest.raises(InputError):
        unpack(packed, "zstd")


def test_a_frame_that_lies_about_its_size_is_refused() -> None:
    packed = bytearray(zstandard.ZstdCompressor().compress(b"a" * 300))
    packed[5:7] = b"\xff\xff"
    with pytest.raises(InputError):
        unpack(bytes(packed), "zstd")
