"""What PAM says through any program: failed checks, sessions opened and closed, passwords changed."""

import re

from sentinel.model.record import Fields
from sentinel.normalise.values import address

_PAM = re.compile(r"pam_[a-z0-9_]{1,30}\((?P<service>[^:()]{1,60}):(?P<type>[a-z]{1,20})\): (?P<text>.*)", re.DOTALL)
_OPENED = re.compile(
    r"session opened for user (?P<user>[^\s(]{1,255})(?:\(uid=(?P<uid>\d{1,10})\))?"
    r"(?: by (?P<by>[^\s(]{0,255})(?:\(uid=(?P<by_uid>\d{1,10})\))?)?"
)
_CLOSED = re.compile(r"session closed for user (?P<user>\S{1,255})")
_CHANGED = re.compile(r"password changed for (?P<user>\S{1,255})")
_FAILURE = re.compile(r"(?:(?P<count>\d{1,4}) more )?authentication failures?; (?P<pairs>.*)")
_PAIR = re.compile(r"(logname|ruser|rhost|user|tty)=(\S*)")


def _opened(found: re.Match[str]) -> Fields:
    fields: Fields = {
        "event.category": ["authentication", "session"],
        "event.type": ["start"],
        "event.action": "session_opened",
        "event.outcome": "success",
        "user.name": found["user"],
    }
    if found["uid"]:
        fields["user.id"] = found["uid"]
    if found["by"]:
        fields |= {"user.name": found["by"], "user.effective.name": found["user"]}
        fields.pop("user.id", None)
        if found["by_uid"]:
            fields["user.id"] = found["by_uid"]
    return fields


def _failure(found: re.Match[str]) -> Fields:
    pairs = dict(_PAIR.findall(found["pairs"]))
    fields: Fields = {
        "event.category": ["authentication"],
        "event.type": ["start"],
        "event.action": "authentication_failure",
        "event.outcome": "failure",
    }
    if user := pairs.get("user") or pairs.get("ruser") or pairs.get("logname"):
        fields["user.name"] = user
    if host := pairs.get("rhost"):
        ip = address(host)
        fields["source.domain" if ip is None else "source.ip"] = host if ip is None else ip
    if found["count"]:
        fields["sentinel.repeat_count"] = int(found["count"])
    return fields


def read(message: str) -> Fields | None:
    """Return what `message`, which begins with `pam_` or `PAM `, says; None where that is of no use."""
    pam = _PAM.fullmatch(message)
    text = message.removeprefix("PAM ").strip() if pam is None else pam["text"].strip()
    if found := _OPENED.match(text):
        return _opened(found)
    if found := _CLOSED.match(text):
        return {
            "event.category": ["authentication", "session"],
            "event.type": ["end"],
            "event.action": "session_closed",
            "user.name": found["user"],
        }
    if found := _FAILURE.match(text):
        return _failure(found)
    if found := _CHANGED.match(text):
        return {
            "event.category": ["iam"],
            "event.type": ["user", "change"],
            "event.action": "password_changed",
            "event.outcome": "success",
            "user.target.name": found["user"],
        }
    return None
