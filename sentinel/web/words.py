"""What people read for the codes that values carry; the English texts are message ids of the catalogues."""

from sentinel.model.agency import AgencyKind
from sentinel.model.alert import AlertState, CloseReason
from sentinel.model.incident import IncidentState
from sentinel.model.match import Level
from sentinel.model.principal import Role
from sentinel.model.rule_state import RuleState
from sentinel.model.run import EffectState, RunState, StepState


def mark(text: str) -> str:
    """Return `text`; the catalogues' extraction finds it by this call."""
    return text


LEVELS = {
    Level.CRITICAL: mark("Critical"),
    Level.HIGH: mark("High"),
    Level.MEDIUM: mark("Medium"),
    Level.LOW: mark("Low"),
    Level.INFORMATIONAL: mark("Informational"),
}
ALERT_STATES = {
    AlertState.NEW: mark("New"),
    AlertState.ACKNOWLEDGED: mark("Acknowledged"),
    AlertState.CLOSED: mark("Closed"),
}
CLOSE_REASONS = {
    CloseReason.RESOLVED: mark("Resolved"),
    CloseReason.FALSE_POSITIVE: mark("False positive"),
    CloseReason.EXPECTED: mark("Expected activity (test, maintenance)"),
    CloseReason.DUPLICATE: mark("Duplicate"),
}
INCIDENT_STATES = {IncidentState.OPEN: mark("Open"), IncidentState.CLOSED: mark("Closed")}
RULE_STATES = {
    RuleState.ENABLED: mark("Enabled"),
    RuleState.SHADOW: mark("In shadow"),
    RuleState.DISABLED: mark("Disabled"),
    "inherited": mark("As above the agency"),
}
ROLES = {
    Role.AUDITOR: mark("Auditor"),
    Role.OPERATOR: mark("Operator"),
    Role.RESPONDER: mark("Responder"),
    Role.ADMINISTRATOR: mark("Administrator"),
}
RUN_STATES = {
    RunState.RUNNING: mark("Running"),
    RunState.WAITING: mark("Waiting"),
    RunState.DONE: mark("Done"),
    RunState.FAILED: mark("Failed"),
    RunState.CANCELLED: mark("Cancelled"),
}
STEP_STATES = {
    StepState.PENDING: mark("Not started"),
    StepState.RUNNING: mark("Running"),
    StepState.WAITING: mark("Waiting for approval"),
    StepState.DONE: mark("Done"),
    StepState.SKIPPED: mark("Skipped"),
    StepState.FAILED: mark("Failed"),
    StepState.REFUSED: mark("Refused"),
    StepState.EXPIRED: mark("Expired"),
}
EFFECT_STATES = {
    EffectState.INTENDED: mark("Command sent"),
    EffectState.ACKNOWLEDGED: mark("Received by the machine"),
    EffectState.EXECUTED: mark("Executed, not verified yet"),
    EffectState.VERIFIED: mark("Verified"),
    EffectState.FAILED: mark("Failed"),
    EffectState.REFUSED: mark("Refused by the machine"),
    EffectState.UNDONE: mark("Undone"),
    EffectState.UNDO_FAILED: mark("Undo failed"),
}
ACTIONS = {
    "approve": mark("Ask for approval"),
    "if": mark("Decide by condition"),
    "collect_triage": mark("Collect triage data"),
    "kill_process": mark("End the process"),
    "quarantine_file": mark("Quarantine the file"),
    "block_ip": mark("Block the address"),
    "note": mark("Write a note"),
    "notify": mark("Notify"),
}
DECISIONS = {"approved": mark("Approved"), "refused": mark("Refused"), "expired": mark("Expired")}
KINDS = {
    AgencyKind.CITY: mark("City"),
    AgencyKind.DEPARTMENT: mark("Department"),
    AgencyKind.DISTRICT: mark("District"),
    AgencyKind.COMMUNE: mark("Commune"),
}
ENTRY_KINDS = {
    "event": mark("Alert"),
    "action": mark("Action"),
    "note": mark("Note"),
    "state": mark("State"),
}
DONE = {
    "acknowledged": mark("The alert is acknowledged."),
    "closed": mark("The alert is closed."),
    "new": mark("The alert is open again."),
    "noted": mark("The note is in the timeline."),
    "incident-closed": mark("The incident is closed."),
    "approved": mark("Approved; the playbook goes on."),
    "refused": mark("Refused; the step will not be done."),
    "undoing": mark("The undo was ordered."),
    "started": mark("The playbook has started."),
    "cancelled": mark("The run is cancelled."),
    "revoked": mark("The collector is revoked."),
    "rule-state": mark("The state of the rule is changed."),
    "reloading": mark("The rules are being read again."),
}
FAULTS = (
    mark("name or password is wrong"),
    mark("this sign-in link was used before or is too old; ask for a new one"),
    mark("the form has expired or was not made here; reload the page and try again"),
    mark("this request was sent by another site; open the page here and try again"),
    mark("there is no such alert among those you may see"),
    mark("there is no such incident among those you may see"),
    mark("there is no such run among those you may see"),
    mark("there is no such approval among those you may see"),
    mark("there is no such effect among those you may see"),
    mark("there is no such collector among those you may see"),
    mark("there is no such event among those you may see"),
    mark("there is no such rule"),
    mark("there is no such agency among those you may see"),
    mark("only an administrator of the city may reload the rules"),
    mark("say why the state of the rule is changed"),
    mark("the city decided about this rule here; only an administrator of the city may change that"),
    mark("the rule is in shadow above this agency; only an administrator of the city may loosen it"),
    mark("the rule is disabled above this agency; only an administrator of the city may loosen it"),
    mark("Sentinel failed to answer; the fault was logged"),
    mark("Not Found"),
    mark("Method Not Allowed"),
    mark("somebody else decided this just now"),
    mark("you started this run, so somebody else must approve its steps"),
    mark("a note needs a text"),
)
"""Sentences of errors that people meet on pages; others are shown as they are, in English."""
