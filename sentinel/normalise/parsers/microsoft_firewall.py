"""microsoft.firewall: `pfirewall.log` of the Windows firewall."""

from sentinel.errors import InputError
from sentinel.event import Event
from sentinel.model.record import Fields
from sentinel.normalise import stamps, times, w3c
from sentinel.normalise.values import address, port, whole

_ACTIONS = {"drop": ("deny", "denied"), "allow": ("accept", "allowed"), "open": ("accept", "start")}
CUSTOMARY = {
    17: "date time action protocol src-ip dst-ip src-port dst-port size tcpflags tcpsyn tcpack tcpwin icmptype icmpcode"
    " info path"
}


def parse(event: Event) -> Fields | None:
    """Return the fields of one line, None for a header line; raise `InputError` where its columns are unknown."""
    if event.raw.startswith("#"):
        return None
    said = w3c.columns(event, CUSTOMARY)
    if not {"date", "time", "action"} <= said.keys():
        raise InputError("not a log of the Windows firewall: no column 'date', 'time' or 'action'")
    action, kind = _ACTIONS.get(said["action"].lower(), (said["action"].lower(), "info"))
    fields: Fields = {
        "@timestamp": times.iso(f"{said['date']}T{said['time']}", stamps.zone_of(event)),
        "event.category": ["network"],
        "event.type": ["connection", kind],
        "event.action": action,
        "network.transport": said.get("protocol", "").lower() or "unknown",
    }
    for side, prefix in (("source", "src"), ("destination", "dst")):
        if (ip := address(said.get(f"{prefix}-ip", ""))) is not None:
            fields[f"{side}.ip"] = ip
        if (number := port(said.get(f"{prefix}-port", ""))) is not None:
            fields[f"{side}.port"] = number
    if (size := whole(said.get("size", ""))) is not None:
        fields["network.bytes"] = size
    return fields
