"""fortinet.firewall: FortiGate's logs, `name=value` words, with or without a syslog header."""

import re

from sentinel.errors import InputError
from sentinel.event import Event
from sentinel.model.record import Fields
from sentinel.normalise import stamps, times
from sentinel.normalise.pairs import first_pairs
from sentinel.normalise.values import address, port, whole
from sentinel.normalise.web import add_texts

_NANOSECONDS = 1_000_000_000
_PRIORITY = re.compile(r"<\d{1,3}>")
_ACTIONS = {"accept": "allowed", "close": "allowed", "deny": "denied", "blocked": "denied", "dropped": "denied"}


def parse(event: Event) -> Fields | None:
    """Return the fields of one line; raise `InputError` where it is not of a FortiGate."""
    said = first_pairs(_PRIORITY.sub("", event.raw, count=1) if event.raw.startswith("<") else event.raw)
    if "type" not in said or not ("logid" in said or "subtype" in said):
        raise InputError("not a FortiGate log: expected words such as 'logid=... type=... subtype=...'")
    fields: Fields = {f"fortinet.firewall.{name}": value for name, value in said.items()}
    fields |= {"event.category": ["network"], "event.type": ["info"], "service.type": said["type"]}
    if (moment := _time(said, event)) is not None:
        fields["@timestamp"] = moment
    if (kind := _ACTIONS.get(said.get("action", "").lower())) is not None:
        fields["event.type"] = ["connection", kind]
    for side, prefix in (("source", "src"), ("destination", "dst")):
        if (ip := address(said.get(f"{prefix}ip", ""))) is not None:
            fields[f"{side}.ip"] = ip
        if (number := port(said.get(f"{prefix}port", ""))) is not None:
            fields[f"{side}.port"] = number
    if (ip := address(said.get("remip", ""))) is not None:
        fields.setdefault("source.ip", ip)
    add_texts(
        fields,
        {
            "event.action": said.get("action", ""),
            "event.code": said.get("logid", ""),
            "log.level": said.get("level", ""),
            "message": said.get("msg", "") or said.get("logdesc", ""),
            "observer.name": said.get("devname", ""),
            "url.domain": said.get("hostname", ""),
            "user.name": said.get("user", "").replace("N/A", ""),
        },
    )
    return fields


def _time(said: dict[str, str], event: Event) -> str | None:
    number = whole(said.get("eventtime", ""))
    if number is not None:
        return stamps.epoch(str(number / _NANOSECONDS if number > _NANOSECONDS * 10 else number))
    if "date" in said and "time" in said:
        return times.iso(f"{said['date']}T{said['time']}", stamps.zone_of(event))
    return None
