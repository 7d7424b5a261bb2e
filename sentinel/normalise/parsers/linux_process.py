"""linux.process: processes that began, ended or were found running, as the collector sees them."""

from sentinel.event import Event
from sentinel.model.record import Fields
from sentinel.normalise.typed import read

NAMES = frozenset(
    {
        "@timestamp",
        "event.action",
        "event.kind",
        "event.type",
        "process.pid",
        "process.start",
        "process.end",
        "process.name",
        "process.executable",
        "process.command_line",
        "process.args",
        "process.working_directory",
        "process.entity_id",
        "process.hash.sha256",
        "process.parent.pid",
        "process.parent.name",
        "process.parent.executable",
        "process.parent.command_line",
        "process.parent.entity_id",
        "user.name",
        "user.id",
        "user.effective.id",
    }
)
_REQUIRED = frozenset({"process.pid", "event.type"})


def parse(event: Event) -> Fields | None:
    """Return the fields of one process; raise `InputError` where they are not those of a process."""
    fields = read(event.raw, NAMES, _REQUIRED, {"event.category": ["process"]})
    args = fields.get("process.args")
    if isinstance(args, list):
        fields["process.args_count"] = len(args)
        fields.setdefault("process.command_line", " ".join(str(word) for word in args))
    return fields
