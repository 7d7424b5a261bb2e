"""Reads commands from the server: signed by its key, addressed to this collector, in time, of a known kind."""

import base64
import binascii
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from sentinel.errors import InputError, RefusedError

MAX_PAYLOAD_BYTES = 64_000
CLOCK_DIFFERENCE = timedelta(minutes=2)
"""How far the server's clock may be ahead of ours."""
PERFORM, UNDO = "perform", "undo"
_HEXADECIMAL = re.compile(r"[0-9a-f]{64}")
_KEYS = {
    *("id", "collector", "verb", "action", "arguments", "effect", "run", "step"),
    *("not_before", "not_after", "undo_at"),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Command:
    """A command whose signature is right and which is addressed to us; whether it may be done is not said yet."""

    id: str
    verb: str
    action: str
    arguments: Mapping[str, object]
    effect: str
    not_before: datetime
    not_after: datetime
    undo_at: datetime | None


def read(message: object, key: bytes, collector: str) -> Command:
    """Return the command in one item of the server's answer.

    Raises `RefusedError` where the signature or the address is wrong and `InputError` where it is not understood;
    nothing of such a command can be relied on, not even its id.
    """
    payload, signature = _part(message, "payload"), _part(message, "signature")
    try:
        Ed25519PublicKey.from_public_bytes(key).verify(signature, payload)
    except InvalidSignature as error:
        raise RefusedError("the signature of a command is not the server's") from error
    try:
        body = json.loads(payload)
    except (ValueError, RecursionError) as error:
        raise InputError(f"a signed command is not JSON: {error}") from error
    if not isinstance(body, dict) or set(body) != _KEYS:
        raise InputError("a signed command does not have the parts a command has")
    if body["collector"] != collector:
        raise RefusedError("a command is addressed to another collector")
    return _command(body)


def judge(command: Command, now: datetime, actions: Mapping[str, bool]) -> None:
    """Raise `RefusedError` saying why the command may not be done now; `actions`: name -> whether it can be undone."""
    if command.verb not in (PERFORM, UNDO):
        raise RefusedError(f"'{command.verb}' is no verb this collector knows")
    if command.action not in actions:
        raise RefusedError(f"'{command.action}' is no action this collector knows")
    if now > command.not_after:
        raise RefusedError(f"the command came too late: it was good until {command.not_after.isoformat()}")
    if now < command.not_before - CLOCK_DIFFERENCE:
        raise RefusedError(f"the command is not good before {command.not_before.isoformat()}; compare the clocks")
    if command.verb == PERFORM and actions[command.action] and command.undo_at is None:
        raise RefusedError(f"'{command.action}' must be undone some time, and the command does not say when")
    if command.verb == UNDO and not actions[command.action]:
        raise RefusedError(f"'{command.action}' cannot be undone")


def _command(body: Mapping[str, object]) -> Command:
    arguments = body["arguments"]
    if not isinstance(arguments, dict):
        raise InputError("a signed command has arguments that are no object")
    for name in ("id", "effect"):
        if not _HEXADECIMAL.fullmatch(str(body[name])):
            raise InputError(f"a signed command has a malformed {name}")
    return Command(
        id=str(body["id"]),
        verb=str(body["verb"]),
        action=str(body["action"]),
        arguments=arguments,
        effect=str(body["effect"]),
        not_before=_time(body["not_before"]),
        not_after=_time(body["not_after"]),
        undo_at=_time(body["undo_at"]) if body["undo_at"] is not None else None,
    )


def _part(message: object, name: str) -> bytes:
    text = message.get(name) if isinstance(message, dict) else None
    if not isinstance(text, str) or len(text) > MAX_PAYLOAD_BYTES * 2:
        raise InputError(f"a command has no {name}, or one that is too long")
    try:
        return base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError) as error:
        raise InputError(f"the {name} of a command is not base64") from error


def _time(value: object) -> datetime:
    try:
        moment = datetime.fromisoformat(str(value))
    except ValueError as error:
        raise InputError("a signed command has a malformed time") from error
    if moment.tzinfo is None:
        raise InputError("a signed command has a time without zone")
    return moment.astimezone(UTC)
