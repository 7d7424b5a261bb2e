"""How the API answers: JSON in plain ASCII, so that even undecodable bytes of a log line arrive."""

import json
from collections.abc import Mapping
from dataclasses import fields, is_dataclass
from enum import Enum

from starlette.responses import Response


class Json(Response):
    """A JSON answer; lone surrogates, which undecodable bytes became, travel as escapes."""

    media_type = "application/json"

    def render(self, content: object) -> bytes:
        """Return `content` as ASCII JSON."""
        return json.dumps(plain(content), allow_nan=False, separators=(",", ":")).encode("ascii")


def plain(value: object) -> object:
    """Return dataclasses, enums, mappings and sequences as what JSON has."""
    if isinstance(value, Enum):
        return value.value
    if is_dataclass(value) and not isinstance(value, type):
        return {f.name: plain(getattr(value, f.name)) for f in fields(value)}
    if isinstance(value, Mapping):
        return {str(k): plain(v) for k, v in value.items()}
    if isinstance(value, (list, tuple)):
        return [plain(v) for v in value]
    if isinstance(value, (set, frozenset)):
        return sorted(str(v) for v in value)
    return value


def error(sentence: str, status: int, headers: dict[str, str] | None = None, **more: object) -> Json:
    """Return the one form every error of the API has."""
    return Json({"error": sentence, **more}, status_code=status, headers=headers)
