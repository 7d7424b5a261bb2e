"""What collectors say of commands: read as hostile, bounded, and never a step back."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from pydantic import BaseModel, ConfigDict, ValidationError

from sentinel.database.text import fit
from sentinel.errors import ConflictError, InputError
from sentinel.model.run import EffectState
from sentinel.playbooks.kinds import Time

MAX_DETAIL = 1_000
MAX_RESULT_BYTES = 256_000
MAX_RESULT_DEPTH = 6
MAX_RESULT_TEXT = 4_000
MAX_RESULT_ITEMS = 20_000

_ORDER: dict[EffectState, tuple[EffectState, ...]] = {
    EffectState.INTENDED: (
        EffectState.ACKNOWLEDGED,
        EffectState.EXECUTED,
        EffectState.VERIFIED,
        EffectState.FAILED,
        EffectState.REFUSED,
        EffectState.UNDONE,
        EffectState.UNDO_FAILED,
    ),
    EffectState.ACKNOWLEDGED: (
        EffectState.EXECUTED,
        EffectState.VERIFIED,
        EffectState.FAILED,
        EffectState.REFUSED,
        EffectState.UNDONE,
        EffectState.UNDO_FAILED,
    ),
    EffectState.EXECUTED: (
        EffectState.VERIFIED,
        EffectState.FAILED,
        EffectState.UNDONE,
        EffectState.UNDO_FAILED,
    ),
    EffectState.VERIFIED: (EffectState.UNDONE, EffectState.UNDO_FAILED),
    EffectState.FAILED: (EffectState.UNDONE, EffectState.UNDO_FAILED),
    EffectState.UNDO_FAILED: (EffectState.UNDONE,),
    EffectState.REFUSED: (),
    EffectState.UNDONE: (),
}
"""Where an effect can go from where it is."""
_UNDO_STATES = (EffectState.ACKNOWLEDGED, EffectState.UNDONE, EffectState.UNDO_FAILED, EffectState.REFUSED)
FINAL = (EffectState.VERIFIED, EffectState.FAILED, EffectState.REFUSED, EffectState.UNDONE, EffectState.UNDO_FAILED)
"""States in which nothing more is expected of the command that made the effect."""


@dataclass(frozen=True, slots=True)
class Report:
    """One report, checked."""

    state: EffectState
    at: str
    """Time by the collector's clock: shown, never relied on."""
    detail: str
    result: Mapping[str, object]


class _Report(BaseModel):
    model_config = ConfigDict(extra="forbid")

    state: Literal["acknowledged", "executed", "verified", "failed", "refused", "undone", "undo_failed"]
    at: Time
    detail: str = ""
    result: dict[str, object] = {}


def read(body: object, verb: str) -> Report:
    """Return the report in a decoded JSON body; raise `InputError` saying what is wrong with it."""
    try:
        report = _Report.model_validate(body)
    except ValidationError as error:
        first = error.errors()[0]
        raise InputError(f"report: {'.'.join(map(str, first['loc'])) or 'body'}: {first['msg']}") from error
    except RecursionError as error:
        raise InputError("report: nested too deep") from error
    state = EffectState(report.state)
    if verb == "undo" and state not in _UNDO_STATES:
        raise InputError(f"report: '{state}' is no answer to a command to undo")
    return Report(state, report.at, fit(report.detail, MAX_DETAIL), _bounded(report.result))


def advance(present: EffectState, reported: EffectState) -> bool:
    """Return whether the report moves the effect on.

    An old or repeated report changes nothing; one that contradicts what is known raises `ConflictError`.
    """
    if reported in _ORDER[present]:
        return True
    if reported is present or present in _after(reported):
        return False
    raise ConflictError(f"report: the effect is {present}; it cannot become {reported}")


def _after(state: EffectState) -> set[EffectState]:
    found: set[EffectState] = set()
    waiting = list(_ORDER[state])
    while waiting:
        following = waiting.pop()
        if following not in found:
            found.add(following)
            waiting += _ORDER[following]
    return found


def _bounded(result: Mapping[str, object]) -> dict[str, object]:
    counted = [0]
    clean = _clean(result, 0, counted)
    assert isinstance(clean, dict)
    size = len(json.dumps(clean, allow_nan=False).encode())
    if size > MAX_RESULT_BYTES:
        raise InputError(f"report: result is {size} bytes, more than the {MAX_RESULT_BYTES} allowed")
    return clean


def _clean(value: object, depth: int, counted: list[int]) -> object:
    counted[0] += 1
    if depth > MAX_RESULT_DEPTH or counted[0] > MAX_RESULT_ITEMS:
        raise InputError(f"report: result is deeper than {MAX_RESULT_DEPTH} or has over {MAX_RESULT_ITEMS} values")
    if isinstance(value, str):
        return fit(value, MAX_RESULT_TEXT)
    if value is None or isinstance(value, bool):
        return value
    if isinstance(value, int | float):
        if value != value or abs(value) > 2**63:
            raise InputError("report: result has a number that is too large or none")
        return value
    if isinstance(value, list):
        return [_clean(item, depth + 1, counted) for item in value]
    if isinstance(value, dict):
        return {fit(str(key), 200): _clean(item, depth + 1, counted) for key, item in value.items()}
    raise InputError(f"report: result has a value of type {type(value).__name__}")
