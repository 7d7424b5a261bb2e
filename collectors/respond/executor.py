"""What an executor is: it does one thing on this machine, proves it, and takes it back."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Protocol

from sentinel.errors import InputError

MAX_ARGUMENT_CHARACTERS = 4_096


@dataclass(frozen=True, slots=True, kw_only=True)
class Task:
    """One effect to bring about, prove or take back."""

    effect: str
    """Idempotency key: hexadecimal, usable as a file name."""
    action: str
    arguments: Mapping[str, object]
    undo_at: datetime | None
    now: datetime

    def text(self, name: str) -> str:
        """Return a text argument; raise `InputError` where there is none."""
        value = self.arguments.get(name)
        if not isinstance(value, str) or not value or len(value) > MAX_ARGUMENT_CHARACTERS or "\0" in value:
            raise InputError(f"{self.action}: argument {name} must be a text")
        return value

    def whole(self, name: str) -> int:
        """Return a whole-number argument; raise `InputError` where there is none."""
        value = self.arguments.get(name)
        if isinstance(value, bool) or not isinstance(value, int):
            raise InputError(f"{self.action}: argument {name} must be a whole number")
        return value


@dataclass(frozen=True, slots=True)
class Done:
    """What was done."""

    detail: str
    """One sentence."""
    result: Mapping[str, object] = field(default_factory=dict)


class Executor(Protocol):
    """Errors say what became of it: `RefusedError` or `InputError` nothing was done, `UnavailableError` it failed."""

    is_reversible: bool
    is_repeatable: bool
    """Whether doing it again hurts nobody, so that an interrupted one is simply begun again."""

    def perform(self, task: Task) -> Done:
        """Do it; doing it again for the same effect changes nothing more."""
        ...

    def verify(self, task: Task) -> str:
        """Return a sentence that proves it holds now; raise `UnavailableError` where it does not."""
        ...

    def undo(self, task: Task) -> str:
        """Take it back and return a sentence; where nothing was done, do nothing."""
        ...
