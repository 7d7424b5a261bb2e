"""What su, cron, logind and the account tools say."""

import re
from collections.abc import Callable

from sentinel.model.record import Fields

_SU = re.compile(
    r"(?:(?P<failed>FAILED SU|FAILED su|-) ?|(?P<good>Successful su|\+) ?)?"
    r"(?:for (?P<to1>\S{1,255}) by (?P<by1>\S{1,255})"
    r"|\(to (?P<to2>\S{1,255})\) (?P<by2>\S{1,255}) on \S{1,100}"
    r"|\S{1,100} (?P<by3>[^\s:]{1,255}):(?P<to3>[^\s:]{1,255}))"
)
_CRON = re.compile(r"\((?P<user>[^()\s]{1,255})\) CMD \((?P<command>.*)\)", re.DOTALL)
_NEW_SESSION = re.compile(r"New session (?P<id>\S{1,20}) of user (?P<user>[^\s']{1,255}?)\.?(?: with .*)?")
_OLD_SESSION = re.compile(r"(?:Removed s|S)ession (?P<id>\S{1,20}?)(?:\.| logged out.*)")
_NEW_USER = re.compile(r"new user: name=(?P<user>[^,]{1,255}), UID=(?P<id>\d{1,10}).*")
_DELETED_USER = re.compile(r"delete user '(?P<user>[^']{1,255})'")
_ADDED = re.compile(r"add '(?P<user>[^']{1,255})' to (?:shadow )?group '(?P<group>[^']{1,255})'")


def su(message: str) -> Fields | None:
    """Return who became whom."""
    found = _SU.fullmatch(message.strip())
    if found is None:
        return None
    return {
        "event.category": ["authentication"],
        "event.type": ["start"],
        "event.action": "su",
        "event.outcome": "failure" if found["failed"] else "success",
        "user.name": found["by1"] or found["by2"] or found["by3"],
        "user.effective.name": found["to1"] or found["to2"] or found["to3"],
    }


def cron(message: str) -> Fields | None:
    """Return what cron started."""
    found = _CRON.fullmatch(message.strip())
    if found is None:
        return None
    return {
        "event.category": ["process"],
        "event.type": ["start"],
        "event.action": "cron_command",
        "user.name": found["user"],
        "process.command_line": found["command"].strip(),
    }


def logind(message: str) -> Fields | None:
    """Return the session that began or ended."""
    if found := _NEW_SESSION.fullmatch(message):
        return {
            "event.category": ["session"],
            "event.type": ["start"],
            "event.action": "session_started",
            "user.name": found["user"],
            "sentinel.session.id": found["id"],
        }
    if found := _OLD_SESSION.fullmatch(message):
        return {
            "event.category": ["session"],
            "event.type": ["end"],
            "event.action": "session_ended",
            "sentinel.session.id": found["id"],
        }
    return None


def _change(action: str, kinds: list[str], found: re.Match[str]) -> Fields:
    fields: Fields = {
        "event.category": ["iam"],
        "event.type": kinds,
        "event.action": action,
        "event.outcome": "success",
        "user.target.name": found["user"],
    }
    names = found.groupdict()
    if names.get("id"):
        fields["user.target.id"] = names["id"]
    if names.get("group"):
        fields["group.name"] = names["group"]
    return fields


def account(message: str) -> Fields | None:
    """Return which account was made, removed or put into a group."""
    if found := _NEW_USER.fullmatch(message):
        return _change("user_created", ["user", "creation"], found)
    if found := _DELETED_USER.fullmatch(message):
        return _change("user_deleted", ["user", "deletion"], found)
    if found := _ADDED.fullmatch(message):
        return _change("group_member_added", ["group", "change"], found)
    return None


BY_PROGRAM: dict[str, Callable[[str], Fields | None]] = {
    "su": su,
    "cron": cron,
    "crond": cron,
    "systemd-logind": logind,
    "useradd": account,
    "userdel": account,
    "usermod": account,
    "gpasswd": account,
}
