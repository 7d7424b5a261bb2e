"""clamav.log: what clamd and clamscan say about files: `path: Name FOUND`."""

import re

from sentinel.event import Event
from sentinel.model.record import Fields
from sentinel.normalise import stamps

_FOUND = re.compile(
    r"(?:-> )?(?P<path>.{1,4096}): (?P<name>\S{1,255}?)(?:\([0-9a-f]{32}:\d{1,12}\))? FOUND\s*", re.DOTALL
)


def parse(event: Event) -> Fields | None:
    """Return what was found in which file; of any other line only its text."""
    moment, rest = stamps.leading(event)
    fields: Fields = {"message": rest, "event.provider": "clamav"}
    if moment is not None:
        fields["@timestamp"] = moment
    if found := _FOUND.fullmatch(rest.removeprefix("-> ")):
        fields |= {"event.category": ["malware"], "event.type": ["info"], "event.action": "malware_found"}
        fields |= {"file.path": found["path"], "sentinel.malware.name": found["name"]}
    return fields
