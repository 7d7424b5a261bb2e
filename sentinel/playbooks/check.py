"""Finds what is wrong with a playbook before it ever runs: names, order, kinds, limits and approvals."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from difflib import get_close_matches
from typing import Any

from sentinel.errors import InputError
from sentinel.playbooks import expression, reference
from sentinel.playbooks.action import Action
from sentinel.playbooks.kinds import KINDS, fits
from sentinel.playbooks.language import (
    ActionStep,
    AnyStep,
    ApproveStep,
    IfStep,
    Loaded,
    NoteStep,
    Placed,
    every,
)
from sentinel.playbooks.reference import Filled
from sentinel.playbooks.source import Place, one_line

DANGER_NEEDS_APPROVAL = 2
RESERVED = ("inputs", "alert")
_APPROVAL = {"approved": "boolean", "decision": "string", "decided_by": "string", "note": "string"}
_ACTION = {"state": "string", "verified": "boolean"}


@dataclass(frozen=True, slots=True)
class Finding:
    """Something wrong in a playbook."""

    where: str
    """`file:line`."""
    message: str
    is_error: bool = True

    def __str__(self) -> str:
        return f"{self.where}: {'' if self.is_error else 'warning: '}{self.message}"


def check(loaded: Loaded, actions: Mapping[str, Action[Any]]) -> list[Finding]:
    """Return everything found, in the order of the file; errors make the playbook unusable, warnings do not."""
    return sorted(_Check(loaded, actions).run(), key=lambda finding: int(finding.where.rsplit(":", 1)[1]))


@dataclass(frozen=True, slots=True)
class _Scope:
    """What is sure at a step: references known before it, and approvals given on every way to it."""

    known: Mapping[str, str]
    approved: frozenset[str] = frozenset()
    is_stopped_by_refusal: bool = False
    """An approval that ends the run when refused stands before this step."""

    def knows(self, names: Mapping[str, str]) -> "_Scope":
        return _Scope({**self.known, **names}, self.approved, self.is_stopped_by_refusal)


@dataclass
class _Check:
    loaded: Loaded
    actions: Mapping[str, Action[Any]]
    findings: list[Finding] = field(default_factory=list)
    used: set[str] = field(default_factory=set)

    def run(self) -> list[Finding]:
        playbook = self.loaded.playbook
        self._ids()
        for name, given in playbook.inputs.items():
            self._default(name, given.type, given.default)
        for index, name in enumerate(playbook.once_per):
            if name not in playbook.inputs:
                known_inputs = _nearest(name, playbook.inputs)
                self._say(("once-per", index), f"'once-per' names '{name}', which is no input; {known_inputs}")
            self.used.add(f"inputs.{name}")
        known = {f"inputs.{name}": given.type for name, given in playbook.inputs.items()}
        self._sequence(playbook.steps, "", ("steps",), _Scope(known))
        for name in playbook.inputs:
            if f"inputs.{name}" not in self.used:
                self._say(("inputs", name), f"input '{name}' is never used; remove it", is_error=False)
        return self.findings

    def _say(self, place: Place, message: str, *, is_error: bool = True) -> None:
        self.findings.append(Finding(self.loaded.document.where(place), one_line(message), is_error))

    def _ids(self) -> None:
        seen: dict[str, Placed] = {}
        for placed in every(self.loaded.playbook.steps):
            if placed.step.id in RESERVED:
                self._say((*placed.place, "id"), f"'{placed.step.id}' has a meaning of its own; choose another id")
            elif placed.step.id is not None and placed.step.id in seen:
                first = self.loaded.document.where(seen[placed.step.id].place)
                self._say((*placed.place, "id"), f"id '{placed.step.id}' is used at {first} already; choose another")
            elif placed.step.id is not None:
                seen[placed.step.id] = placed

    def _default(self, name: str, kind: str, default: object) -> None:
        if default is None:
            return
        try:
            KINDS[kind](default)
        except ValueError as error:
            self._say(("inputs", name, "default"), f"the default of '{name}' does not fit its type: {error}")

    def _sequence(self, steps: tuple[AnyStep, ...], path: str, place: Place, scope: _Scope) -> None:
        for index, step in enumerate(steps):
            placed = Placed(f"{path}{index}", (*place, index), step)
            match step:
                case ActionStep():
                    scope = self._action(placed, step, scope)
                case ApproveStep():
                    scope = self._approve(placed, step, scope)
                case IfStep():
                    self._if(placed, step, scope)
                case NoteStep():
                    self._texts(placed.place, scope, note=step.note, note_vi=step.note_vi)

    def _approve(self, placed: Placed, step: ApproveStep, scope: _Scope) -> _Scope:
        question = step.approve
        self._texts((*placed.place, "approve"), scope, ask=question.ask, ask_vi=question.ask_vi)
        if question.from_.value == "auditor":
            self._say((*placed.place, "approve", "from"), "an auditor decides nothing; ask an operator or a responder")
        scope = scope.knows({f"{step.id}.{name}": kind for name, kind in _APPROVAL.items()})
        stops = question.on_refusal == "stop"
        return _Scope(scope.known, scope.approved, is_stopped_by_refusal=scope.is_stopped_by_refusal or stops)

    def _if(self, placed: Placed, step: IfStep, scope: _Scope) -> None:
        condition = expression.parse(step.if_)
        for name in expression.names(condition):
            self._kind(name, scope, (*placed.place, "if"))
        sure = {name.removesuffix(".approved") for name in expression.implied(condition) if name.endswith(".approved")}
        then = _Scope(scope.known, scope.approved | sure, scope.is_stopped_by_refusal)
        self._sequence(step.then, f"{placed.path}.then.", (*placed.place, "then"), then)
        self._sequence(step.else_, f"{placed.path}.else.", (*placed.place, "else"), scope)

    def _action(self, placed: Placed, step: ActionStep, scope: _Scope) -> _Scope:
        action = self.actions.get(step.do)
        if action is None:
            self._say((*placed.place, "do"), f"unknown action '{step.do}'; {_nearest(step.do, self.actions)}")
            return scope
        self._limits(placed, step, action)
        self._gate(placed, step, action, scope)
        self._arguments(placed, step, action, scope)
        self._texts(placed.place, scope, ask=step.ask or "", ask_vi=step.ask_vi or "")
        if step.id is None:
            return scope
        names = {**_ACTION, **{f"result.{name}": kind for name, kind in action.results.items()}}
        return scope.knows({f"{step.id}.{name}": kind for name, kind in names.items()})

    def _limits(self, placed: Placed, step: ActionStep, action: Action[Any]) -> None:
        if action.max_ttl is None and step.ttl is not None:
            self._say((*placed.place, "ttl"), f"'{step.do}' leaves nothing to undo; remove 'ttl'")
        if action.max_ttl is not None and step.ttl is None:
            self._say(placed.place, f"'{step.do}' must be undone some time; add 'ttl', for example 'ttl: 4h'")
        if action.max_ttl is not None and step.ttl is not None and step.ttl > action.max_ttl:
            self._say((*placed.place, "ttl"), f"'{step.do}' may last {action.max_ttl.days} days at most")

    def _gate(self, placed: Placed, step: ActionStep, action: Action[Any], scope: _Scope) -> None:
        if (step.ask is None) != (step.ask_vi is None):
            self._say(placed.place, "write both 'ask' and 'ask-vi', or neither")
        is_asked = step.ask is not None or scope.is_stopped_by_refusal or bool(scope.approved)
        if action.danger >= DANGER_NEEDS_APPROVAL and not is_asked:
            self._say(
                placed.place,
                f"'{step.do}' is disruptive (class {action.danger}) and nobody is asked on the way to it; "
                "add an 'approve' step before it, or 'ask' and 'ask-vi'",
            )

    def _arguments(self, placed: Placed, step: ActionStep, action: Action[Any], scope: _Scope) -> None:
        place = (*placed.place, "with")
        for name, value in step.with_.items():
            kind = action.arguments.kind_of(name)
            if kind is None:
                known = _nearest(name, action.arguments.model_fields)
                self._say((*place, name), f"'{step.do}' has no argument '{name}'; {known}")
            else:
                self._argument((*place, name), name, value, kind, scope)
        needed = [name for name, spec in action.arguments.model_fields.items() if spec.is_required()]
        for name in needed:
            if name not in step.with_:
                self._say(placed.place, f"'{step.do}' needs the argument '{name}'; add it below 'with'")
        self._literals(placed, step, action)

    def _argument(self, place: Place, name: str, value: object, kind: str, scope: _Scope) -> None:
        filled = reference.parse(value) if isinstance(value, str) else Filled(("",))
        kinds = [self._kind(written, scope, place) for written in filled.references]
        if filled.is_whole and kinds[0] is not None and not fits(kinds[0], kind):
            self._say(place, f"argument '{name}' wants {kind}, but '{filled.references[0]}' is {kinds[0]}")
        if filled.references and not filled.is_whole and kind not in ("string", "path"):
            self._say(place, f"argument '{name}' wants {kind}; give one reference or a plain value, not a text of both")

    def _literals(self, placed: Placed, step: ActionStep, action: Action[Any]) -> None:
        """Let the action itself judge plain values, with the referenced ones left out."""
        plain = {name: value for name, value in step.with_.items() if not _refers(value)}
        for name, fault in action.faults(plain).items():
            if name in plain:
                self._say((*placed.place, "with", name), f"argument '{name}': {fault}")

    def _texts(self, place: Place, scope: _Scope, **texts: str) -> None:
        for name, text in texts.items():
            for written in reference.parse(text).references:
                self._kind(written, scope, (*place, name.replace("_", "-")))

    def _kind(self, name: str, scope: _Scope, place: Place) -> str | None:
        """Return the kind of a reference; say so where it is unknown or comes too early."""
        self.used.add(name)
        if name in scope.known:
            return scope.known[name]
        first = name.partition(".")[0]
        if first in {placed.step.id for placed in every(self.loaded.playbook.steps)} and not any(
            known.startswith(f"{first}.") for known in scope.known
        ):
            self._say(place, f"'{name}' is not sure to be known here: '{first}' runs later, or in a branch")
        else:
            self._say(place, f"unknown reference '{name}'; {_nearest(name, scope.known)}")
        return None


def _refers(value: object) -> bool:
    return isinstance(value, str) and bool(reference.parse(value).references)


def _nearest(name: str, known: Mapping[str, object]) -> str:
    near = get_close_matches(name, known, n=1)
    return f"did you mean '{near[0]}'?" if near else f"known: {', '.join(sorted(known)) or 'none'}"


def errors_of(findings: list[Finding]) -> Iterator[str]:
    """Yield the errors among the findings as sentences."""
    yield from (str(finding) for finding in findings if finding.is_error)


def demand(loaded: Loaded, actions: Mapping[str, Action[Any]]) -> None:
    """Raise `InputError` with every error found, one a line."""
    if errors := list(errors_of(check(loaded, actions))):
        raise InputError("\n".join(errors))
