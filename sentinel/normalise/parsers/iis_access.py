"""iis.access: the W3C log of Internet Information Services."""

from sentinel.errors import InputError
from sentinel.event import Event
from sentinel.model.record import Fields
from sentinel.normalise import times, w3c
from sentinel.normalise.values import address, port, whole
from sentinel.normalise.web import add_client, add_status, add_target, add_texts

_COMMON = "date time s-ip cs-method cs-uri-stem cs-uri-query s-port cs-username c-ip cs(User-Agent)"
CUSTOMARY = {
    14: f"{_COMMON} sc-status sc-substatus sc-win32-status time-taken",
    15: f"{_COMMON} cs(Referer) sc-status sc-substatus sc-win32-status time-taken",
}
"""What IIS 7 and IIS 8 to 10 write unless told otherwise."""


def parse(event: Event) -> Fields | None:
    """Return the fields of one line, None for a header line; raise `InputError` where its columns are unknown."""
    if event.raw.startswith("#"):
        return None
    said = w3c.columns(event, CUSTOMARY)
    if "date" not in said or "time" not in said:
        raise InputError("not an IIS log: no column 'date' or 'time'")
    fields: Fields = {
        "@timestamp": times.iso(f"{said['date']}T{said['time']}"),
        "event.category": ["web"],
        "event.type": ["access"],
    }
    add_client(fields, said.get("c-ip", ""))
    if (server := address(said.get("s-ip", ""))) is not None:
        fields["destination.ip"] = server
    if (number := port(said.get("s-port", ""))) is not None:
        fields["destination.port"] = number
    stem, query = said.get("cs-uri-stem", ""), said.get("cs-uri-query", "")
    if stem:
        add_target(fields, f"{stem}?{query}" if query else stem)
    add_status(fields, said.get("sc-status", ""))
    for name, column in (("http.response.body.bytes", "sc-bytes"), ("http.request.bytes", "cs-bytes")):
        if (size := whole(said.get(column, ""))) is not None:
            fields[name] = size
    add_texts(
        fields,
        {
            "http.request.method": said.get("cs-method", ""),
            "user.name": said.get("cs-username", ""),
            # IIS writes a plus for a blank, because blanks part the columns.
            "user_agent.original": said.get("cs(user-agent)", "").replace("+", " "),
            "http.request.referrer": said.get("cs(referer)", ""),
            "url.domain": said.get("cs-host", ""),
        },
    )
    return fields
