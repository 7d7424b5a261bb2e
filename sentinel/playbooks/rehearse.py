"""Rehearses a playbook on the cases beside it: the real planner, made-up answers and decisions, no consequences."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from sentinel.errors import InputError
from sentinel.model.alert import Alert, AlertState
from sentinel.model.match import Level
from sentinel.model.run import RunState, StepState
from sentinel.playbooks import inputs, source
from sentinel.playbooks.action import Action, Arguments
from sentinel.playbooks.kinds import Value
from sentinel.playbooks.language import Loaded
from sentinel.playbooks.library import SUFFIX, TEST_SUFFIX, is_started_by, read, read_text
from sentinel.playbooks.never_touch import NeverTouch
from sentinel.playbooks.plan import Ask, Await, End, Perform, Seen, Settle, Take, Write, plan

MAX_MOVES = 1_000
_TIME = "2026-01-01T00:00:00.000000Z"


class _Model(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class CaseAlert(_Model):
    """The alert that may start the run."""

    rule: str = "rehearsal"
    level: Level = Level.HIGH
    tags: tuple[str, ...] = ()
    fields: dict[str, Any] = Field(default_factory=dict)


class Answer(_Model):
    """What the collector says in the end."""

    state: Literal["verified", "failed", "refused"] = "verified"
    detail: str = ""
    result: dict[str, Any] = Field(default_factory=dict)


class ExpectedEffect(_Model):
    """What a collector is asked to do; only what is given is compared."""

    action: str
    collector: str | None = None
    arguments: dict[str, Any] | None = None


class Expect(_Model):
    """What must come out."""

    starts: bool = True
    path: tuple[Annotated[str, Field(max_length=200)], ...] | None = None
    """Ids of the steps in the order they begin; the place where a step has no id."""
    effects: dict[str, ExpectedEffect] | None = None
    state: Literal["done", "failed"] | None = None


class Case(_Model):
    """One rehearsal."""

    name: str
    alert: CaseAlert
    decisions: dict[str, Literal["approved", "refused", "expired"]] = Field(default_factory=dict)
    answers: dict[str, Answer] = Field(default_factory=dict)
    expect: Expect


class Fixture(_Model):
    """All cases of one playbook."""

    playbook: str
    cases: Annotated[tuple[Case, ...], Field(min_length=1)]


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a rehearsal came to."""

    starts: bool
    path: tuple[str, ...] = ()
    effects: Mapping[str, tuple[str, Arguments]] | None = None
    state: RunState | None = None
    error: str = ""


@dataclass(frozen=True, slots=True)
class Verdict:
    """One case judged."""

    playbook: Path
    case: str
    faults: tuple[str, ...]


def fixture_of(playbook: Path) -> Path:
    """Return where the cases of a playbook lie."""
    return playbook.with_name(playbook.name.removesuffix(SUFFIX) + TEST_SUFFIX)


def rehearse(path: Path, actions: Mapping[str, Action[Any]], never_touch: NeverTouch) -> Iterator[Verdict]:
    """Yield a verdict for each case beside the playbook; raise `InputError` where playbook or cases are broken."""
    loaded = read(path)
    fixture_path = fixture_of(path)
    if not fixture_path.is_file():
        raise InputError(f"{path}:1: no cases beside it; write {fixture_path.name}")
    document = source.read(read_text(fixture_path), str(fixture_path))
    try:
        fixture = Fixture.model_validate(document.value)
    except ValidationError as error:
        first = error.errors()[0]
        raise InputError(
            f"{document.where(first['loc'])}: {'.'.join(map(str, first['loc']))}: {first['msg']}"
        ) from error
    if fixture.playbook != path.name:
        raise InputError(
            f"{document.where(('playbook',))}: these are cases of '{fixture.playbook}', not of '{path.name}'"
        )
    for case in fixture.cases:
        outcome = play(loaded, case, actions, never_touch)
        yield Verdict(path, case.name, tuple(_faults(case.expect, outcome)))


def play(loaded: Loaded, case: Case, actions: Mapping[str, Action[Any]], never_touch: NeverTouch) -> Outcome:
    """Return what becomes of one case."""
    alert = _alert(case.alert)
    filled = inputs.from_alert(loaded.playbook, alert)
    if not is_started_by(loaded, alert) or filled.missing:
        return Outcome(starts=False, error="; ".join(filled.missing))
    return _Rehearsal(loaded, case, filled.values, actions, never_touch).run()


class _Rehearsal:
    def __init__(
        self,
        loaded: Loaded,
        case: Case,
        values: Mapping[str, Value],
        actions: Mapping[str, Action[Any]],
        never_touch: NeverTouch,
    ) -> None:
        self._loaded = loaded
        self._case = case
        self._values = values
        self._actions = actions
        self._never_touch = never_touch
        self._history: dict[str, Seen] = {}
        self._path: list[str] = []
        self._effects: dict[str, tuple[str, Arguments]] = {}

    def run(self) -> Outcome:
        for _ in range(MAX_MOVES):
            move = plan(self._loaded.playbook, self._values, self._history, self._actions)
            match move:
                case End(state, error):
                    return Outcome(True, tuple(self._path), self._effects, state, error)
                case Perform():
                    self._note(move.placed.path, move.placed.name, self._perform(move))
                case Ask():
                    self._note(move.path, move.name, self._decide(move))
                case Take():
                    self._note(move.placed.path, move.placed.name, Seen(StepState.DONE, {"taken": move.branch}))
                case Write():
                    self._note(move.placed.path, move.placed.name, Seen(StepState.DONE))
                case Settle():
                    self._note(move.placed.path, move.placed.name, Seen(move.state, {}, move.error))
                case Await():
                    break
        return Outcome(True, tuple(self._path), self._effects, None, "the run never ends")

    def _note(self, path: str, name: str, seen: Seen) -> None:
        self._history[path] = seen
        self._path.append(name)

    def _perform(self, move: Perform) -> Seen:
        try:
            action = self._actions[move.step.do]
            arguments: Arguments = action.read(move.values)
        except InputError as error:
            return Seen(StepState.FAILED, {}, str(error))
        if action.danger and (reason := self._never_touch.refusal(arguments)):
            return Seen(StepState.REFUSED, {}, reason)
        self._effects[move.placed.name] = (action.name, arguments)
        answer = self._case.answers.get(move.placed.name, Answer())
        states = {"verified": StepState.DONE, "failed": StepState.FAILED, "refused": StepState.REFUSED}
        result = {"state": answer.state, "verified": answer.state == "verified", "result": answer.result}
        return Seen(states[answer.state], result, answer.detail)

    def _decide(self, move: Ask) -> Seen:
        decision = self._case.decisions.get(move.name, "expired")
        states = {"approved": StepState.DONE, "refused": StepState.REFUSED, "expired": StepState.EXPIRED}
        decided_by = "" if decision == "expired" else "rehearsal"
        result = {"approved": decision == "approved", "decision": decision, "decided_by": decided_by, "note": ""}
        return Seen(states[decision], result)


def _faults(expect: Expect, outcome: Outcome) -> Iterator[str]:
    if expect.starts != outcome.starts:
        yield f"expected it {'to start' if expect.starts else 'not to start'}; {outcome.error or 'it did'}"
        return
    if expect.path is not None and expect.path != outcome.path:
        yield f"expected the steps {', '.join(expect.path)}; got {', '.join(outcome.path) or 'none'}"
    if expect.state is not None and (outcome.state is None or expect.state != outcome.state.value):
        yield f"expected the run to be {expect.state}; got {outcome.state}: {outcome.error or 'no error'}"
    if expect.effects is not None:
        yield from _effect_faults(expect.effects, outcome.effects or {})


def _effect_faults(
    expected: Mapping[str, ExpectedEffect], effects: Mapping[str, tuple[str, Arguments]]
) -> Iterator[str]:
    if set(expected) != set(effects):
        yield f"expected effects of {', '.join(expected) or 'no step'}; got {', '.join(effects) or 'none'}"
        return
    for name, wanted in expected.items():
        action, arguments = effects[name]
        given = arguments.model_dump(mode="json", exclude={"collector"}, exclude_none=True)
        if wanted.action != action:
            yield f"{name}: expected {wanted.action}, got {action}"
        if wanted.collector not in (None, arguments.collector):
            yield f"{name}: expected collector {wanted.collector}, got {arguments.collector}"
        if wanted.arguments not in (None, given):
            yield f"{name}: expected {wanted.arguments}, got {given}"


def _alert(given: CaseAlert) -> Alert:
    return Alert(
        id="rehearsal",
        fingerprint="rehearsal",
        rule_id=given.rule,
        title="Rehearsal",
        title_vi="Diễn tập",
        level=given.level,
        tags=given.tags,
        agency="rehearsal",
        host=str(given.fields.get("host.name", "")),
        state=AlertState.NEW,
        reason=None,
        note="",
        assignee=None,
        count=1,
        first_at=_TIME,
        last_at=_TIME,
        raised_at=_TIME,
        changed_at=_TIME,
        evidence=(),
        record_id="rehearsal",
        contributing=(),
        fields=given.fields,
        incident=None,
    )
