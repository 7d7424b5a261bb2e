"""sentinel.gap: what a collector says where events were lost, in their place in the sequence."""

from sentinel.event import Event
from sentinel.model.record import Fields

MAX_CHARACTERS = 2_000


def parse(event: Event) -> Fields | None:
    """Return the sentence as a message; a gap is a fault of the pipeline, so that nobody takes it for silence."""
    sentence = event.raw[:MAX_CHARACTERS]
    return {
        "event.kind": "pipeline_error",
        "event.action": "events-lost",
        "event.category": ["host"],
        "event.type": ["error"],
        "error.message": sentence,
        "message": sentence,
    }
