"""What a door is: how it reads a request, and how it answers in its protocol's own words. Pure."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

import orjson

from sentinel.errors import InputError, SentinelError
from sentinel.intake.lines import Line
from sentinel.model.sender import Sender

MAX_ITEMS = 50_000
"""Of one request; more would take far more memory apart than together."""


MAX_RAW_BYTES = 1_000_000
"""Of one event in UTF-8: written with escapes it is still short enough for the journal."""


class TooManyError(InputError):
    """The request holds more than agreed."""

    http_status = 413


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """What a request says beside its body."""

    path: str
    query: Mapping[str, str] = field(default_factory=dict)
    headers: Mapping[str, str] = field(default_factory=dict)
    """With names in lower case, without the one that holds the token."""
    has_authorization: bool = False
    has_token: bool = False
    """Whether a token could be read in the authorization."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Reply:
    """An answer."""

    status: int = 200
    body: bytes = b""
    media_type: str = "application/json"


@dataclass(frozen=True, slots=True, kw_only=True)
class Reading:
    """What is in a request."""

    lines: Sequence[Line]
    faults: Mapping[str, tuple[int, str]] = field(default_factory=dict)
    """What cannot be kept: reason to how many and a sentence about the last."""
    reply: Reply
    """What to answer once the lines are in the journal, never before."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Door:
    """One protocol."""

    read: Callable[[Asked, bytes, Sender], Reading]
    """Raises `InputError` for a request of which nothing can be kept."""
    refuse: Callable[[Asked, SentinelError], Reply]
    """Says in the protocol's words why nothing was kept."""


def check_length(text: str) -> None:
    """Raise `InputError` for an event that is too long to be kept."""
    # A body has bounds already, so that its parts may be measured.
    if (size := len(text.encode("utf-8", "surrogatepass"))) > MAX_RAW_BYTES:
        raise InputError(f"an event of {size} bytes, more than the {MAX_RAW_BYTES} allowed")


def json_reply(value: object, status: int = 200) -> Reply:
    """Return a JSON answer; what is no text for UTF-8 is written out."""
    try:
        return Reply(status=status, body=orjson.dumps(value))
    except TypeError:
        return Reply(status=status, body=orjson.dumps(str(value).encode("utf-8", "backslashreplace").decode()))
