"""m365.audit: the unified audit log of Microsoft 365, one record of the Management Activity API a line."""

from sentinel.errors import InputError
from sentinel.event import Event
from sentinel.model.record import Fields
from sentinel.normalise import times
from sentinel.normalise.decode import json_object
from sentinel.normalise.flat import below, flatten, text_below
from sentinel.normalise.values import address
from sentinel.normalise.web import add_texts

_OUTCOMES = {"succeeded": "success", "success": "success", "true": "success", "failed": "failure", "false": "failure"}


def parse(event: Event) -> Fields | None:
    """Return the fields of one record; raise `InputError` where it is none."""
    body = json_object(event.raw)
    operation = text_below(body, "Operation")
    if operation is None or "Workload" not in body:
        raise InputError("not an audit record of Microsoft 365: it has no 'Operation' or no 'Workload'")
    fields = flatten(body, "o365.audit")
    fields |= {"event.category": ["web"], "event.type": ["info"], "event.action": operation}
    if (moment := text_below(body, "CreationTime")) is not None:
        fields["@timestamp"] = times.iso(moment)
    _add_parameters(fields, below(body, "Parameters"))
    client = text_below(body, "ClientIP") or text_below(body, "ClientIPAddress") or ""
    if (ip := address(client.rpartition(":")[0] if client.count(":") == 1 or "]:" in client else client)) is not None:
        fields["source.ip"] = ip
    if (outcome := _OUTCOMES.get((text_below(body, "ResultStatus") or "").lower())) is not None:
        fields["event.outcome"] = outcome
    add_texts(fields, {"user.name": text_below(body, "UserId") or "", "event.provider": str(body["Workload"])[:255]})
    return fields


def _add_parameters(fields: Fields, parameters: object) -> None:
    """Add a command's parameters as `name: value` texts: in the record name and value stand in objects of their own."""
    if isinstance(parameters, list):
        words = [
            f"{text_below(each, 'Name') or ''}: {text_below(each, 'Value') or ''}"
            for each in parameters[:256]
            if isinstance(each, dict)
        ]
        if words:
            fields["o365.audit.Parameters"] = words
