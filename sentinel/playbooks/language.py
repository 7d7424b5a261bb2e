"""The playbook language: what may stand in a playbook file, as models that let nothing unknown through."""

import hashlib
import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta
from typing import Annotated, Any, Literal, Union

from pydantic import BaseModel, BeforeValidator, ConfigDict, Discriminator, Field, Tag, ValidationError, model_validator

from sentinel.errors import InputError
from sentinel.model.match import Level
from sentinel.model.principal import Role
from sentinel.playbooks import expression, kinds, reference, source

DEFAULT_TIMEOUT = timedelta(minutes=10)
DEFAULT_EXPIRY = timedelta(minutes=30)
MAX_STEPS = 200
_UNITS = {"s": "seconds", "m": "minutes", "h": "hours", "d": "days"}
_DURATION = re.compile(r"([1-9]\d{0,5})([smhd])")
_ALIASES = {"if_": "if", "with_": "with", "else_": "else", "from_": "from"}


def _alias(field: str) -> str:
    return _ALIASES.get(field, field.replace("_", "-"))


def _duration(value: object) -> timedelta:
    """Read `90s`, `30m`, `4h` or `7d`."""
    found = _DURATION.fullmatch(value) if isinstance(value, str) else None
    if found is None:
        raise ValueError(f"{value!r} is no duration; write for example 90s, 30m, 4h or 7d")
    return timedelta(**{_UNITS[found[2]]: int(found[1])})


def _filled(value: object) -> object:
    """Let a text through whose references are well formed."""
    if isinstance(value, str):
        try:
            reference.parse(value)
        except InputError as error:
            raise ValueError(str(error)) from error
    return value


def _condition(value: object) -> object:
    if not isinstance(value, str):
        raise ValueError("a condition is a text, for example: decide.approved and inputs.ip != null")  # noqa: TRY004
    try:
        expression.parse(value)
    except InputError as error:
        raise ValueError(str(error)) from error
    return value


Duration = Annotated[timedelta, BeforeValidator(_duration)]
Identifier = Annotated[str, Field(pattern=r"^[a-z][a-z0-9_-]{0,63}$")]
Words = Annotated[str, Field(min_length=1, max_length=kinds.MAX_TEXT), BeforeValidator(_filled)]
Plain = Annotated[str | int | float | bool | None, BeforeValidator(_filled)]


class Model(BaseModel):
    """Names are written with hyphens in the file; an unknown one is an error."""

    model_config = ConfigDict(extra="forbid", frozen=True, alias_generator=_alias, strict=False)


class Input(Model):
    """A value that a run needs."""

    type: Literal["string", "integer", "boolean", "ip", "path", "sha256", "time", "host", "user", "collector"]
    from_: Annotated[str, Field(pattern=r"^alert\.[A-Za-z_@][A-Za-z0-9_.-]{0,100}$")] | None = None
    """ECS field of the alert that starts the run: `alert.process.pid`."""
    required: bool = False
    default: str | int | float | bool | None = None
    title: str = ""
    title_vi: str = ""


class AlertTrigger(Model):
    """Starts a run by itself: the rule is listed or has one of the tags, and the level is reached."""

    rules: tuple[str, ...] = ()
    tags: tuple[str, ...] = ()
    min_level: Level = Level.INFORMATIONAL

    @model_validator(mode="after")
    def _some(self) -> "AlertTrigger":
        if not self.rules and not self.tags:
            raise ValueError("name the rules or tags that start this playbook")
        return self


class ManualTrigger(Model):
    """Lets people with one of the roles start a run."""

    roles: Annotated[tuple[Role, ...], Field(min_length=1)] = (Role.OPERATOR,)


class Trigger(Model):
    """One of the ways to start."""

    alert: AlertTrigger | None = None
    manual: ManualTrigger | None = None

    @model_validator(mode="after")
    def _one(self) -> "Trigger":
        if (self.alert is None) == (self.manual is None):
            raise ValueError("write either 'alert: {...}' or 'manual: {...}'")
        return self


class ActionStep(Model):
    """Does something on a machine."""

    id: Identifier | None = None
    do: str
    with_: dict[str, Plain] = Field(default_factory=dict)
    ttl: Duration | None = None
    """Undo it after this time."""
    timeout: Duration = DEFAULT_TIMEOUT
    """The collector must begin within this time; later it refuses."""
    ask: Words | None = None
    """Ask first; a refusal skips this step only."""
    ask_vi: Words | None = None
    on_failure: Literal["stop", "continue"] = "stop"


class Question(Model):
    """What is asked, of whom, and what silence means."""

    ask: Words
    ask_vi: Words
    from_: Role = Role.RESPONDER
    expires: Duration = DEFAULT_EXPIRY
    on_expiry: Literal["deny"] = "deny"
    on_refusal: Literal["stop", "continue"] = "stop"
    """`stop`: a refusal ends the run; `continue`: the next step runs, with `<id>.approved` false."""


class ApproveStep(Model):
    """Asks people."""

    id: Identifier
    approve: Question


class IfStep(Model):
    """Takes one of two ways."""

    id: Identifier | None = None
    if_: Annotated[str, BeforeValidator(_condition)]
    then: tuple["Step", ...] = Field(min_length=1)
    else_: tuple["Step", ...] = ()


class NoteStep(Model):
    """Writes into the incident's timeline, for example what people should do next."""

    id: Identifier | None = None
    note: Words
    note_vi: Words


_STEPS = {"do": ActionStep, "approve": ApproveStep, "if": IfStep, "note": NoteStep}


def _which(value: Any) -> str | None:
    if isinstance(value, dict):
        found = [key for key in _STEPS if key in value]
        return found[0] if len(found) == 1 else None
    return next((key for key, model in _STEPS.items() if isinstance(value, model)), None)


Step = Annotated[
    Union[  # noqa: UP007 - a discriminated union needs this form
        Annotated[ActionStep, Tag("do")],
        Annotated[ApproveStep, Tag("approve")],
        Annotated[IfStep, Tag("if")],
        Annotated[NoteStep, Tag("note")],
    ],
    Discriminator(
        _which,
        custom_error_type="step_kind",
        custom_error_message="a step has exactly one of 'do', 'approve', 'if' and 'note'",
    ),
]


class Playbook(Model):
    """A whole playbook."""

    playbook: Identifier
    version: Annotated[int, Field(ge=1, le=1_000_000)]
    title: Annotated[str, Field(min_length=1, max_length=200)]
    title_vi: Annotated[str, Field(min_length=1, max_length=200)]
    summary: Annotated[str, Field(min_length=1, max_length=kinds.MAX_TEXT)]
    summary_vi: Annotated[str, Field(min_length=1, max_length=kinds.MAX_TEXT)]
    impact: Annotated[int, Field(ge=0, le=100)]
    """Harm the playbook itself can do, 0 none to 100 worst."""
    inputs: dict[Identifier, Input] = Field(default_factory=dict)
    triggers: Annotated[tuple[Trigger, ...], Field(min_length=1)]
    once_per: tuple[Identifier, ...] = ()
    """Inputs whose values make a run of its own within one incident; empty: one run per incident."""
    steps: Annotated[tuple[Step, ...], Field(min_length=1)]


@dataclass(frozen=True, slots=True)
class Loaded:
    """A playbook with the text it was read from."""

    playbook: Playbook
    document: source.Document
    text: str
    digest: str
    """SHA-256 of the text."""


AnyStep = ActionStep | ApproveStep | IfStep | NoteStep


@dataclass(frozen=True, slots=True)
class Placed:
    """A step with its place in the playbook."""

    path: str
    """`0`, `2.then.0`."""
    place: source.Place
    """The same place in the file."""
    step: AnyStep

    @property
    def name(self) -> str:
        """Id the playbook gives it, or the path."""
        return self.step.id or self.path


def parse(text: str, name: str) -> Loaded:
    """Return the playbook in `text`; raise `InputError` with file, line and remedy, one line for each fault."""
    document = source.read(text, name)
    try:
        playbook = Playbook.model_validate(document.value)
    except ValidationError as error:
        raise InputError("\n".join(_explanations(document, error))) from error
    if sum(1 for _ in every(playbook.steps)) > MAX_STEPS:
        raise InputError(f"{document.where(('steps',))}: more than {MAX_STEPS} steps; split the playbook")
    return Loaded(playbook, document, text, hashlib.sha256(text.encode()).hexdigest())


def every(steps: tuple[AnyStep, ...], path: str = "", place: source.Place = ("steps",)) -> Iterator[Placed]:
    """Yield every step, branches included, in the order of the file."""
    for index, step in enumerate(steps):
        here = Placed(f"{path}{index}", (*place, index), step)
        yield here
        if isinstance(step, IfStep):
            yield from every(step.then, f"{here.path}.then.", (*here.place, "then"))
            yield from every(step.else_, f"{here.path}.else.", (*here.place, "else"))


def _explanations(document: source.Document, error: ValidationError) -> Iterator[str]:
    items = error.errors()
    for item in items[:20]:
        # A list of steps is also called too short when its steps are faulty; the steps say it better.
        is_echo = item["type"] == "too_short" and any(
            len(other["loc"]) > len(item["loc"]) and other["loc"][: len(item["loc"])] == item["loc"] for other in items
        )
        if not is_echo:
            yield source.one_line(_explain(document, item))


def _explain(document: source.Document, item: Any) -> str:
    loc = _without_tags(item["loc"])
    place = document.where(loc)
    shown = ".".join(str(part) for part in loc)
    if item["type"] == "extra_forbidden":
        return f"{place}: '{loc[-1]}' is not known here; remove it or mend its spelling"
    if item["type"] == "missing":
        return f"{place}: '{loc[-1]}' is missing; add it"
    message = str(item["msg"]).removeprefix("Value error, ")
    return f"{place}: {shown or 'playbook'}: {message}"


def _without_tags(loc: source.Place) -> source.Place:
    """Leave out the kind of step, which the models put behind a step's number but no file does."""
    return tuple(
        part
        for index, part in enumerate(loc)
        if not (
            index >= 2
            and part in _STEPS
            and isinstance(loc[index - 1], int)
            and loc[index - 2] in ("steps", "then", "else")
        )
    )
