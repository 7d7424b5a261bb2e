"""Says what a run does next; pure, so that the same history always gives the same answer."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from sentinel.errors import InputError
from sentinel.model.run import RunState, StepState
from sentinel.playbooks import expression, reference
from sentinel.playbooks.action import Action
from sentinel.playbooks.kinds import KINDS, Value
from sentinel.playbooks.language import (
    DEFAULT_EXPIRY,
    ActionStep,
    AnyStep,
    ApproveStep,
    IfStep,
    NoteStep,
    Placed,
    Playbook,
    Question,
    every,
)
from sentinel.playbooks.reference import Resolve

UNFINISHED = (StepState.PENDING, StepState.RUNNING, StepState.WAITING)


@dataclass(frozen=True, slots=True)
class Seen:
    """How far a step has got."""

    state: StepState
    result: Mapping[str, object] = field(default_factory=dict)
    """For an approval `approved`, `decision`, `decided_by`, `note`; for `if` `taken`; for an action `result`."""
    error: str = ""


History = Mapping[str, Seen]
"""Steps by path; a step that has not begun is absent."""


@dataclass(frozen=True, slots=True)
class Perform:
    """Do an action."""

    placed: Placed
    step: ActionStep
    values: Mapping[str, Value]
    """Arguments with references filled in; the action has yet to judge them."""
    is_approved: bool
    """Whether somebody said yes on the way here."""


@dataclass(frozen=True, slots=True)
class Ask:
    """Put a question to people."""

    path: str
    name: str
    question: Question
    ask: str
    ask_vi: str


@dataclass(frozen=True, slots=True)
class Take:
    """Take one way of an `if`."""

    placed: Placed
    branch: str
    """`then` or `else`."""


@dataclass(frozen=True, slots=True)
class Write:
    """Write a note into the timeline."""

    placed: Placed
    note: str
    note_vi: str


@dataclass(frozen=True, slots=True)
class Settle:
    """Close a step without doing anything."""

    placed: Placed
    what: str
    state: StepState
    error: str


@dataclass(frozen=True, slots=True)
class Await:
    """Nothing to do until this step has ended."""

    path: str


@dataclass(frozen=True, slots=True)
class End:
    """The run is over."""

    state: RunState
    error: str = ""


Move = Perform | Ask | Take | Write | Settle | Await | End


def plan(playbook: Playbook, inputs: Mapping[str, Value], history: History, actions: Mapping[str, Action[Any]]) -> Move:
    """Return the next move of a run with this history."""
    return _Planner(playbook, inputs, history, actions).sequence(playbook.steps, "", ("steps",)) or End(RunState.DONE)


def inline_ask(path: str) -> str:
    """Return the path of the question that an action step asks by itself."""
    return f"{path}.ask"


@dataclass(frozen=True)
class _Planner:
    playbook: Playbook
    inputs: Mapping[str, Value]
    history: History
    actions: Mapping[str, Action[Any]]

    def sequence(self, steps: Sequence[AnyStep], path: str, place: tuple[str | int, ...]) -> Move | None:
        """Return the first move that is due in these steps, or None when all of them are over."""
        for index, step in enumerate(steps):
            placed = Placed(f"{path}{index}", (*place, index), step)
            if (move := self._step(placed, step)) is not None:
                return move
        return None

    def _step(self, placed: Placed, step: AnyStep) -> Move | None:
        seen = self.history.get(placed.path)
        if seen is not None and seen.state in UNFINISHED:
            return Await(placed.path)
        match step:
            case ActionStep():
                return self._after_action(placed, step, seen) if seen else self._action(placed, step)
            case ApproveStep():
                return self._after_approval(step, seen) if seen else self._ask(placed.path, placed.name, step.approve)
            case IfStep():
                return self._branch(placed, step, seen) if seen else self._take(placed, step)
            case NoteStep():
                return None if seen else Write(placed, self._text(step.note), self._text(step.note_vi))

    def _action(self, placed: Placed, step: ActionStep) -> Move:
        asked_at = inline_ask(placed.path)
        if step.ask is not None and step.ask_vi is not None:
            answer = self.history.get(asked_at)
            if answer is None:
                question = Question.model_validate({"ask": step.ask, "ask-vi": step.ask_vi, "expires": _EXPIRY_TEXT})
                return self._ask(asked_at, f"{placed.name}.ask", question)
            if answer.state in UNFINISHED:
                return Await(asked_at)
            if answer.state is not StepState.DONE:
                return Settle(placed, step.do, StepState.SKIPPED, f"{answer.state.value} when asked")
        values = reference.fill(step.with_, self._resolve)
        return Perform(placed, step, values, is_approved=self._is_approved())

    def _after_action(self, placed: Placed, step: ActionStep, seen: Seen) -> Move | None:
        if seen.state in (StepState.FAILED, StepState.REFUSED) and step.on_failure == "stop":
            return End(RunState.FAILED, f"step {placed.name}: {seen.error or seen.state.value}")
        return None

    def _ask(self, path: str, name: str, question: Question) -> Move:
        return Ask(path, name, question, self._text(question.ask), self._text(question.ask_vi))

    def _after_approval(self, step: ApproveStep, seen: Seen) -> Move | None:
        if seen.state is not StepState.DONE and step.approve.on_refusal == "stop":
            return End(RunState.DONE)
        return None

    def _take(self, placed: Placed, step: IfStep) -> Move:
        try:
            is_true = expression.holds(expression.parse(step.if_), self._resolve)
        except InputError as error:
            return Settle(placed, "if", StepState.FAILED, str(error))
        return Take(placed, "then" if is_true else "else")

    def _branch(self, placed: Placed, step: IfStep, seen: Seen) -> Move | None:
        if seen.state is not StepState.DONE:
            return End(RunState.FAILED, f"step {placed.name}: {seen.error}")
        # The way once taken is kept, whatever is known later.
        branch = "then" if seen.result.get("taken") == "then" else "else"
        steps = step.then if branch == "then" else step.else_
        return self.sequence(steps, f"{placed.path}.{branch}.", (*placed.place, branch))

    def _is_approved(self) -> bool:
        return any(
            seen.state is StepState.DONE and seen.result.get("approved") is True for seen in self.history.values()
        )

    def _text(self, text: str) -> str:
        return reference.parse(text).text(self._resolve)

    @property
    def _resolve(self) -> Resolve:
        return lambda name: value_of(name, self.playbook, self.inputs, self.history, self.actions)


_EXPIRY_TEXT = f"{int(DEFAULT_EXPIRY.total_seconds()) // 60}m"


def value_of(
    name: str,
    playbook: Playbook,
    inputs: Mapping[str, Value],
    history: History,
    actions: Mapping[str, Action[Any]],
) -> Value:
    """Return the value of a reference; None where it has none yet, or one that is not of its declared kind."""
    first, *rest = name.split(".")
    if first == "inputs":
        return inputs.get(rest[0])
    placed = next((placed for placed in every(playbook.steps) if placed.step.id == first), None)
    seen = history.get(placed.path) if placed is not None else None
    if placed is None or seen is None:
        return None
    if isinstance(placed.step, ActionStep):
        return _of_action(rest, seen, actions.get(placed.step.do))
    value = seen.result.get(rest[0])
    if rest == ["approved"]:
        return seen.state is StepState.DONE and value is True
    return value if isinstance(value, str) else None


def _of_action(rest: list[str], seen: Seen, action: Action[Any] | None) -> Value:
    if rest == ["state"]:
        return seen.state.value
    if rest == ["verified"]:
        return seen.result.get("verified") is True
    found = seen.result.get("result")
    kind = action.results.get(rest[-1]) if action is not None else None
    if len(rest) != 2 or kind is None or not isinstance(found, Mapping):
        return None
    try:
        return KINDS[kind](found.get(rest[1]))
    except ValueError:
        return None  # What an agent says of itself is not to be trusted to be of the kind it should be.
