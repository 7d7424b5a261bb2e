"""An entry of the audit log becomes one event, as docs/reference/sentinel-events.md says; pure."""

import ipaddress
import re
from collections.abc import Mapping

from sentinel.audit import Entry
from sentinel.selfwatch.door import Own

DATASETS = {
    **dict.fromkeys(("rule", "rules", "filter", "pack"), "sentinel.detection"),
    **dict.fromkeys(("playbook", "playbooks", "run", "step", "action", "approval", "effect"), "sentinel.playbook"),
    **dict.fromkeys(("collector", "source"), "sentinel.collector"),
    "health": "sentinel.health",
}
"""By the first word of an action; every other is `sentinel.audit`."""
KINDS = {
    **dict.fromkeys(("sign_in", "user"), "user"),
    **dict.fromkeys(("run", "step", "action", "approval"), "run"),
    **dict.fromkeys(("event", "events"), "event"),
    "rules": "rule",
    "playbooks": "playbook",
}
"""What an action is about, by its first word, where that is not the word itself."""
FAILURES = frozenset({
    "sign_in.refused", "sign_in.throttled", "collector.refused", "rule.faulty", "rules.reload_refused",
    "playbook.faulty", "run.failed", "step.failed", "step.refused", "step.expired", "approval.expired",
    "effect.failed", "effect.refused", "effect.silent", "effect.undo_failed", "effect.undo_overdue",
    "effect.undo_not_fetched", "audit.chain_broken",
})  # fmt: skip
PLAIN = ("name", "from", "to", "collector", "host", "dataset", "unit")
NUMBERS = ("value", "limit")
_NOT_A_WORD = re.compile(r"[^a-z0-9_.]+")
_ACTION = re.compile(r"[a-z][a-z0-9_]*(?:\.[a-z][a-z0-9_]*){0,2}")
MAX_ACTION_CHARACTERS = 64
OTHER_ACTION = "other"
MAX_NUMBER = 2**62


def told(entry: Entry) -> Own:
    """Return the event of an audit entry."""
    action = _action(entry.action)
    first = action.partition(".")[0]
    detail = entry.detail
    body: dict[str, object] = {
        "time": entry.at,
        "action": action,
        "outcome": "failure" if action in FAILURES else "success",
        "user": entry.actor,
        "object": entry.object,
        "object_kind": KINDS.get(first, first),
        "reason": entry.why or _text(detail.get("reason")),
        "source_ip": _address(detail.get("address")),
        "details": {**detail, "audit_sequence": entry.sequence},
    }
    body |= {name: _text(detail.get(name)) for name in PLAIN}
    body |= {name: detail[name] for name in NUMBERS if _is_number(detail.get(name))}
    if first == "user" and "role" in detail:
        body["to"] = _text(detail["role"])
    if "playbook" in detail:
        body["name"] = _text(detail["playbook"])
    if first == "collector" and action != "collector.token_made":
        body["collector"] = entry.object
    return Own(DATASETS.get(first, "sentinel.audit"), entry.agency, {key: each for key, each in body.items() if each})


def _action(action: str) -> str:
    plain = _NOT_A_WORD.sub("_", action.lower())[:MAX_ACTION_CHARACTERS].strip("._")
    return plain if _ACTION.fullmatch(plain) else OTHER_ACTION


def _text(value: object) -> str:
    return "" if value is None or isinstance(value, Mapping | list) else str(value)


def _is_number(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and abs(value) < MAX_NUMBER


def _address(value: object) -> str:
    try:
        return str(ipaddress.ip_address(str(value)))
    except ValueError:
        return ""
