"""Exports at once are bounded, and one that ended makes room for the next."""

from collections.abc import AsyncIterator

import anyio
import pytest

from sentinel.errors import UnavailableError
from sentinel.web.exports import Exports


async def pieces() -> AsyncIterator[bytes]:
    yield b"a"
    yield b"b"


def test_too_many_exports_are_refused_until_one_has_ended_or_was_left() -> None:
    async def several() -> None:
        exports = Exports(limit=2)
        first, second = exports.counted(pieces()), exports.counted(pieces())
        exports.check()
        await anext(first)
        exports.check()
        await anext(second)
        with pytest.raises(UnavailableError, match="2 exports run already"):
            exports.check()
        await first.aclose()  # type: ignore[attr-defined]
        exports.check()
        assert [piece async for piece in second] == [b"b"]
        third = exports.counted(pieces())
        await anext(third)
        exports.check()

    anyio.run(several)
