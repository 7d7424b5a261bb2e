"""aws.cloudtrail: calls of an AWS account's interface, one record of CloudTrail a line."""

from sentinel.errors import InputError
from sentinel.event import Event
from sentinel.model.record import Fields
from sentinel.normalise import times
from sentinel.normalise.decode import json_object
from sentinel.normalise.flat import flatten, text_below
from sentinel.normalise.values import address
from sentinel.normalise.web import add_texts


def parse(event: Event) -> Fields | None:
    """Return the fields of one record; raise `InputError` where it is none."""
    body = json_object(event.raw)
    name = text_below(body, "eventName")
    if name is None or "eventSource" not in body:
        raise InputError("not a record of CloudTrail: it has no 'eventName' or no 'eventSource'")
    fields = flatten(body, "aws.cloudtrail")
    fields |= {"event.category": ["configuration"], "event.type": ["info"], "event.action": name}
    if (moment := text_below(body, "eventTime")) is not None:
        fields["@timestamp"] = times.iso(moment)
    if (ip := address(text_below(body, "sourceIPAddress") or "")) is not None:
        fields["source.ip"] = ip
    fields["event.outcome"] = "failure" if text_below(body, "errorCode") else "success"
    add_texts(
        fields,
        {
            "event.provider": str(body["eventSource"])[:255],
            "user.name": text_below(body, "userIdentity", "userName") or "",
            "user_agent.original": text_below(body, "userAgent") or "",
        },
    )
    return fields
