"""kubernetes.audit: the API server's audit log, one `audit.k8s.io/v1` event a line."""

from sentinel.errors import InputError
from sentinel.event import Event
from sentinel.model.record import Fields
from sentinel.normalise import times
from sentinel.normalise.decode import json_object
from sentinel.normalise.flat import below, flatten, text_below
from sentinel.normalise.values import address
from sentinel.normalise.web import add_status, add_target, add_texts


def parse(event: Event) -> Fields | None:
    """Return the fields of one event; raise `InputError` where it is none."""
    body = json_object(event.raw)
    verb = text_below(body, "verb")
    if verb is None or "auditID" not in body:
        raise InputError("not an audit event of Kubernetes: it has no 'verb' or no 'auditID'")
    fields = flatten(body, "kubernetes.audit")
    fields |= {"event.category": ["configuration"], "event.type": ["access"], "event.action": verb}
    if (moment := text_below(body, "requestReceivedTimestamp") or text_below(body, "stageTimestamp")) is not None:
        fields["@timestamp"] = times.iso(moment)
    addresses = below(body, "sourceIPs")
    if isinstance(addresses, list) and addresses and (ip := address(str(addresses[0]))) is not None:
        fields["source.ip"] = ip
    add_status(fields, text_below(body, "responseStatus", "code") or "")
    if uri := text_below(body, "requestURI"):
        add_target(fields, uri)
    add_texts(
        fields,
        {
            "user.name": text_below(body, "user", "username") or "",
            "user_agent.original": text_below(body, "userAgent") or "",
        },
    )
    return fields
