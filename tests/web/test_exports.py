"""Exports at once are bounded, and one that ended makes room for the next."""

import threading
from collections.abc import AsyncIterator

import anyio
import pytest
from starlette.types import Message

from sentinel.errors import UnavailableError
from sentinel.web.exports import Export, Exports


async def pieces() -> AsyncIterator[bytes]:
    yield b"a"
    yield b"b"


def test_of_many_that_ask_at_once_only_so_many_begin() -> None:
    exports, begun, refused = Exports(limit=3), [], []
    together = threading.Barrier(20)

    def ask() -> None:
        together.wait()
        try:
            begun.append(exports.begin())
        except UnavailableError as error:
            refused.append(str(error))

    threads = [threading.Thread(target=ask) for _ in range(20)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(begun) == 3
    assert set(refused) == {"3 exports run already; try again when one has ended"}


@pytest.mark.parametrize("leaves_at", [None, "http.response.start", "http.response.body"])
def test_whoever_reads_all_or_leaves_makes_room(leaves_at: str | None) -> None:
    exports = Exports(limit=1)
    exports.begin()
    sent: list[Message] = []

    async def send(message: Message) -> None:
        if message["type"] == leaves_at:
            raise OSError("the reader has gone")
        sent.append(message)

    async def receive() -> Message:
        await anyio.sleep_forever()
        return {}

    async def answer() -> None:
        with pytest.raises(UnavailableError):
            exports.begin()
        scope = {"type": "http", "asgi": {"spec_version": "2.4"}}
        try:
            await Export(exports, pieces(), "text/plain", {})(scope, receive, send)
        except Exception:  # noqa: BLE001 - however it says that the reader has gone
            assert leaves_at is not None

    anyio.run(answer)
    exports.begin()
    if leaves_at is None:
        assert b"".join(each.get("body", b"") for each in sent) == b"ab"
