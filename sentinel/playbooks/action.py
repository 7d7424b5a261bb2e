"""What an action is: typed arguments, how much it can hurt, whether it has a way back, and a sentence about it."""

from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import ClassVar, Generic, TypeVar, get_args

from pydantic import BaseModel, ConfigDict, ValidationError

from sentinel.errors import InputError
from sentinel.playbooks.kinds import CollectorId, Kind, Value


class Arguments(BaseModel):
    """Arguments of an action; every action is done by one collector."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    collector: CollectorId

    @classmethod
    def kind_of(cls, argument: str) -> str | None:
        """Return the kind of an argument, or None where there is no such argument."""
        field = cls.model_fields.get(argument)
        if field is None:
            return None
        marks = [*field.metadata, *(mark for part in get_args(field.annotation) for mark in _marks(part))]
        return next((mark.name for mark in marks if isinstance(mark, Kind)), "string")


def _marks(annotation: object) -> tuple[object, ...]:
    """Return what is said beside a type, as in the first part of `Path | None`."""
    return getattr(annotation, "__metadata__", ())


A = TypeVar("A", bound=Arguments)


@dataclass(frozen=True, slots=True)
class Sentence:
    """One sentence in both languages."""

    en: str
    vi: str


class Action(ABC, Generic[A]):
    """One thing a collector can be asked to do."""

    name: ClassVar[str]
    danger: ClassVar[int]
    """Class 0 reads, 1 is narrow and reversible, 2 disruptive, 3 destructive or hard to undo."""
    max_ttl: ClassVar[timedelta | None] = None
    """Longest time until it is undone; None where there is nothing to undo."""
    results: ClassVar[Mapping[str, str]] = {}
    """Names a playbook may refer to in `step.result`, with their kinds."""
    arguments: type[A]

    @property
    def is_reversible(self) -> bool:
        """Whether it can, and therefore must, be undone after a time."""
        return self.max_ttl is not None

    @abstractmethod
    def sentence(self, arguments: A) -> Sentence:
        """Return what it does, for the audit log and the timeline."""

    def read(self, values: Mapping[str, Value]) -> A:
        """Return checked arguments; raise `InputError` naming the argument at fault."""
        try:
            return self.arguments.model_validate(dict(values))
        except ValidationError as error:
            first = error.errors()[0]
            message = str(first["msg"]).removeprefix("Value error, ")
            raise InputError(f"{self.name}: argument {'.'.join(map(str, first['loc']))}: {message}") from error

    def faults(self, values: Mapping[str, Value]) -> dict[str, str]:
        """Return what is wrong with each of some plain values; arguments that are not there are passed over."""
        try:
            self.arguments.model_validate(dict(values))
        except ValidationError as error:
            found = [item for item in error.errors() if item["type"] not in ("missing", "extra_forbidden")]
            return {str(item["loc"][0]): str(item["msg"]).removeprefix("Value error, ") for item in found}
        return {}

    def command(self, arguments: A) -> dict[str, object]:
        """Return what the collector is told: all arguments but its own id."""
        return arguments.model_dump(mode="json", exclude={"collector"}, exclude_none=True)
