"""ecs.*: JSON documents that bear ECS names already, as Beats and Logstash write them, one a line."""

from sentinel.event import Event
from sentinel.model.record import Fields
from sentinel.normalise.wrapped import interpret
from sentinel.normalise.wrappings import ecs


def parse(event: Event) -> Fields | None:
    """Return the fields of one document; raise `InputError` where it is none."""
    return interpret(event, ecs.unwrap(event.raw), None)
