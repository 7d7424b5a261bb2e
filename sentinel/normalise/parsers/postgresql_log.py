"""postgresql.log: PostgreSQL's server log, whatever prefix `log_line_prefix` puts before the level."""

import re

from sentinel.errors import InputError
from sentinel.event import Event
from sentinel.model.record import Fields
from sentinel.normalise import stamps
from sentinel.normalise.values import address, whole

_LINE = re.compile(
    r"(?P<prefix>.{0,400}?)\b(?P<level>DEBUG[1-5]|LOG|INFO|NOTICE|WARNING|ERROR|FATAL|PANIC|STATEMENT|DETAIL|HINT|CONTEXT)"
    r": {1,2}(?P<message>.*)",
    re.DOTALL,
)
_STATEMENT = re.compile(r"(?:statement|execute [^:]{1,64}|parse [^:]{1,64}): (?P<sql>.*)", re.DOTALL)
_PID = re.compile(r"\[(?P<pid>\d{1,10})(?:-\d{1,10})?\]")
_WHO = re.compile(r"(?P<user>[^\s@\[\]]{1,63})@(?P<database>[^\s@\[\]]{1,63})")
_TIME = re.compile(r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d")
_FAILED = re.compile(r"(?P<method>\w{1,20}) authentication failed for user \"(?P<user>[^\"]{1,63})\"")


def parse(event: Event) -> Fields | None:
    """Return the fields of one line; raise `InputError` where it names no level."""
    if event.raw.startswith(("\t", "  ")):
        return {"message": event.raw.strip(), "event.provider": "postgresql"}  # goes on from the line before
    found = _LINE.fullmatch(event.raw)
    if found is None:
        raise InputError("not a PostgreSQL log: expected a prefix, then 'LOG:  ' or another level, then a message")
    message, prefix = found["message"], found["prefix"]
    fields: Fields = {"event.category": ["database"], "event.type": ["info"], "event.provider": "postgresql"}
    fields |= {"log.level": found["level"], "message": message}
    _add_prefix(fields, prefix, event)
    if found["level"] in ("ERROR", "FATAL", "PANIC"):
        fields["event.type"] = ["error"]
    statement = _STATEMENT.fullmatch(message)
    if statement is not None or found["level"] == "STATEMENT":
        fields["event.action"] = "query"
        fields["message"] = message if statement is None else statement["sql"]
    if failed := _FAILED.match(message):
        fields |= {
            "event.category": ["database", "authentication"],
            "event.action": "login",
            "event.outcome": "failure",
        }
        fields |= {"user.name": failed["user"], "event.type": ["start"]}
    return fields


def _add_prefix(fields: Fields, prefix: str, event: Event) -> None:
    if (clock := _TIME.search(prefix)) is not None:
        moment, _ = stamps.leading(event, prefix[clock.start() :])
        if moment is not None:
            fields["@timestamp"] = moment
    if (pid := _PID.search(prefix)) is not None and (number := whole(pid["pid"], 2**32)) is not None:
        fields["process.pid"] = number
    if (who := _WHO.search(prefix)) is not None:
        fields["user.name"] = who["user"]
    for word in prefix.split()[:8]:
        if (ip := address(word.partition("(")[0])) is not None:
            fields["source.ip"] = ip
            break
