"""A Run is one playbook version at work on one incident; all of it is rows, so it outlives the process."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum


class RunState(StrEnum):
    """Where a run stands."""

    RUNNING = "running"
    WAITING = "waiting"
    """For an approval or an agent."""
    DONE = "done"
    FAILED = "failed"
    CANCELLED = "cancelled"


class StepState(StrEnum):
    """Where a step of a run stands."""

    PENDING = "pending"
    RUNNING = "running"
    """The intent is written; the command may be on its way."""
    WAITING = "waiting"
    """For an approval."""
    DONE = "done"
    SKIPPED = "skipped"
    FAILED = "failed"
    REFUSED = "refused"
    EXPIRED = "expired"


class EffectState(StrEnum):
    """What is known of a change on a machine; delivered is not done, and done is not verified."""

    INTENDED = "intended"
    ACKNOWLEDGED = "acknowledged"
    EXECUTED = "executed"
    VERIFIED = "verified"
    FAILED = "failed"
    REFUSED = "refused"
    """The agent refused it: never-touch list, expired, identity of the process differs."""
    UNDONE = "undone"
    UNDO_FAILED = "undo_failed"


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """One step of a run, as far as it got."""

    path: str
    """Place in the playbook: `0`, `2.then.0`."""
    id: str
    """Name the playbook gives it, or the path."""
    what: str
    """Action name, `approve`, or `if`."""
    state: StepState
    started_at: str | None
    ended_at: str | None
    result: Mapping[str, object]
    error: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Approval:
    """A question to people with a role."""

    id: str
    run: str
    path: str
    role: str
    ask: str
    ask_vi: str
    expires_at: str
    decision: str | None
    """`approved`, `refused`, `expired`, or None while open."""
    decided_by: str | None
    decided_at: str | None
    note: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Effect:
    """A change on a machine, and its way back."""

    id: str
    """Idempotency key: hash of run and step path."""
    run: str
    path: str
    collector: str
    action: str
    arguments: Mapping[str, object]
    state: EffectState
    undo_at: str | None
    """When it must be undone; None where there is no way back, or no need."""
    verified_at: str | None
    undone_at: str | None
    detail: str
    """What the agent said of it last."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Run:
    """One playbook version at work on one incident."""

    id: str
    playbook: str
    version: int
    digest: str
    """SHA-256 of the playbook text this run is pinned to."""
    title: str
    title_vi: str
    incident: str
    agency: str
    state: RunState
    started_by: str | None
    """Who started it by hand, and therefore approves none of its steps; None where an alert did."""
    started_at: str
    ended_at: str | None
    inputs: Mapping[str, object]
    error: str
    steps: tuple[Step, ...]
    approvals: tuple[Approval, ...]
    effects: tuple[Effect, ...]
