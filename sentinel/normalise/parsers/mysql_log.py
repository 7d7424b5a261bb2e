"""mysql.log: MySQL's and MariaDB's error log and general query log."""

import re

from sentinel.errors import InputError
from sentinel.event import Event
from sentinel.model.record import Fields
from sentinel.normalise import stamps
from sentinel.normalise.values import address

_ERROR = re.compile(
    r"\s*(?P<thread>\d{1,12}) \[(?P<level>\w{1,10})\](?: \[(?P<code>[\w-]{1,20})\])?(?: \[(?P<part>\w{1,30})\])?"
    r" (?P<message>.*)",
    re.DOTALL,
)
_GENERAL = re.compile(
    r"\s*(?P<thread>\d{1,12}) (?P<command>Query|Connect|Quit|Execute|Prepare|Init DB|Field List|Close stmt)"
    r"(?:\s+(?P<text>.*))?",
    re.DOTALL,
)
_DENIED = re.compile(r"Access denied for user '(?P<user>[^']{0,80})'@'(?P<host>[^']{1,255})'")


def parse(event: Event) -> Fields | None:
    """Return the fields of one line; raise `InputError` where it is of neither log."""
    moment, rest = stamps.leading(event)
    found, asked = _ERROR.fullmatch(rest), _GENERAL.fullmatch(rest)
    if moment is None or (found is None and asked is None):
        raise InputError("not a MySQL log: expected a time, a thread, and '[Note] message' or 'Query<tab>text'")
    fields: Fields = {"@timestamp": moment, "event.category": ["database"], "event.type": ["info"]}
    fields["event.provider"] = "mysql"
    if found is not None:
        fields |= {"log.level": found["level"], "message": found["message"]}
        if found["code"]:
            fields["event.code"] = found["code"]
        _add_refusal(fields, found["message"])
    elif asked is not None:
        fields["message"] = asked["text"] or ""
        fields["event.action"] = "query" if asked["command"] in ("Query", "Execute", "Prepare") else "session"
    return fields


def _add_refusal(fields: Fields, message: str) -> None:
    denied = _DENIED.match(message)
    if denied is None:
        return
    fields |= {"event.category": ["database", "authentication"], "event.type": ["start"]}
    fields |= {"event.action": "login", "event.outcome": "failure"}
    if denied["user"]:
        fields["user.name"] = denied["user"]
    ip = address(denied["host"])
    fields["source.domain" if ip is None else "source.ip"] = denied["host"] if ip is None else ip
