"""clamav.log: what clamd and clamscan write about the files they look at."""

from sentinel.event import Event
from sentinel.model.record import Fields
from sentinel.normalise import stamps
from sentinel.normalise.messages import clamav


def parse(event: Event) -> Fields | None:
    """Return what was found in which file; of any other line only its text."""
    moment, rest = stamps.leading(event)
    rest = rest.removeprefix("-> ")
    fields: Fields = {"message": rest, "event.provider": "clamav"}
    if moment is not None:
        fields["@timestamp"] = moment
    return fields | (clamav.read(rest) or {})
