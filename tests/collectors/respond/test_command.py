"""No bytes from anywhere break the reader of commands, and none but the signed ones pass it."""

import base64
import json
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from collectors.respond.command import read
from sentinel.errors import InputError, RefusedError
from tests.collectors.respond.server import COLLECTOR, PUBLIC, sealed, signed

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=10), inner, max_size=4),
    max_leaves=15,
)


def test_a_right_command_is_read() -> None:
    command = read(signed(arguments={"x": 1}, now=datetime(2026, 1, 1, tzinfo=UTC)), PUBLIC, COLLECTOR)
    assert command.arguments == {"x": 1}
    assert command.undo_at == datetime(2026, 1, 1, 0, 10, tzinfo=UTC)


@given(JSON)
def test_no_message_breaks_the_reader(message: object) -> None:
    with pytest.raises((InputError, RefusedError)):
        read(message, PUBLIC, COLLECTOR)


@given(st.binary(max_size=200))
def test_no_signed_nonsense_breaks_the_reader(payload: bytes) -> None:
    with pytest.raises((InputError, RefusedError)):
        read(sealed(payload), PUBLIC, COLLECTOR)


@given(
    st.dictionaries(st.sampled_from(["id", "effect", "arguments", "not_after", "undo_at", "verb"]), JSON, min_size=1)
)
def test_no_signed_but_malformed_part_breaks_the_reader(parts: dict[str, object]) -> None:
    body = json.loads(base64.b64decode(signed()["payload"])) | parts
    try:
        read(sealed(json.dumps(body).encode()), PUBLIC, COLLECTOR)
    except (InputError, RefusedError):
        return


@given(st.integers(min_value=0), st.integers(min_value=0, max_value=7))
def test_a_single_changed_bit_is_seen(place: int, bit: int) -> None:
    message = signed(now=datetime(2026, 1, 1, tzinfo=UTC))
    payload = bytearray(base64.b64decode(message["payload"]))
    payload[place % len(payload)] ^= 1 << bit
    changed = message | {"payload": base64.b64encode(bytes(payload)).decode()}
    with pytest.raises(RefusedError, match="signature"):
        read(changed, PUBLIC, COLLECTOR)
