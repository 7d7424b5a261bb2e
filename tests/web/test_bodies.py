"""Bodies in memory: all of them have a limit together, and no sender takes the room of the others."""

from collections.abc import Iterator

import anyio
import pytest
from starlette.requests import Request
from starlette.types import Message

from sentinel.errors import UnavailableError
from sentinel.web.bodies import Bodies, GoneError

ROOM = 4_000


def request(size: int) -> Request:
    messages: Iterator[Message] = iter(({"type": "http.request", "body": b"x" * size},))

    async def receive() -> Message:
        return next(messages)

    return Request({"type": "http", "headers": []}, receive)


def test_one_sender_takes_a_quarter_of_the_room_and_gives_it_back() -> None:
    async def all_of_it() -> None:
        bodies = Bodies(room_bytes=ROOM)
        async with bodies.hold(request(900), ROOM, "greedy"):
            with pytest.raises(UnavailableError, match="this sender"):
                async with bodies.hold(request(200), ROOM, "greedy"):
                    pytest.fail("it has taken more than its share")
            async with bodies.hold(request(900), ROOM, "modest") as body:
                assert len(body) == 900
        async with bodies.hold(request(1_000), ROOM, "greedy") as body:
            assert len(body) == 1_000

    anyio.run(all_of_it)


def test_who_goes_away_within_a_body_is_told_apart_and_leaves_its_room() -> None:
    messages: Iterator[Message] = iter(
        ({"type": "http.request", "body": b"x" * 900, "more_body": True}, {"type": "http.disconnect"})
    )

    async def receive() -> Message:
        return next(messages)

    async def cut() -> None:
        bodies = Bodies(room_bytes=ROOM)
        with pytest.raises(GoneError, match="ended within a request"):
            async with bodies.hold(Request({"type": "http", "headers": []}, receive), ROOM, "a"):
                pytest.fail("it is not whole")
        async with bodies.hold(request(1_000), ROOM, "a") as body:
            assert len(body) == 1_000

    anyio.run(cut)


def test_all_senders_together_take_no_more_than_the_room() -> None:
    async def four_and_one_more() -> None:
        bodies = Bodies(room_bytes=ROOM)
        async with (
            bodies.hold(request(1_000), ROOM, "a"),
            bodies.hold(request(1_000), ROOM, "b"),
            bodies.hold(request(1_000), ROOM, "c"),
            bodies.hold(request(1_000), ROOM, "d"),
        ):
            with pytest.raises(UnavailableError, match="too many bodies at once"):
                async with bodies.hold(request(1), ROOM, "e"):
                    pytest.fail("there is no room")

    anyio.run(four_and_one_more)
