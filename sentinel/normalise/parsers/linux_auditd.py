"""linux.auditd: single records of the Linux audit log, `/var/log/audit/audit.log`."""

from sentinel.event import Event
from sentinel.model.record import Fields
from sentinel.normalise.audit import AuditRecord, add_process
from sentinel.normalise.values import address

_CATEGORIES = {
    "SYSCALL": ("process", "info"),
    "EXECVE": ("process", "start"),
    "PROCTITLE": ("process", "info"),
    "PATH": ("file", "info"),
    "USER_AUTH": ("authentication", "start"),
    "USER_LOGIN": ("authentication", "start"),
    "USER_CMD": ("process", "start"),
    "ADD_USER": ("iam", "creation"),
    "DEL_USER": ("iam", "deletion"),
    "ADD_GROUP": ("iam", "creation"),
    "CONFIG_CHANGE": ("configuration", "change"),
}


def parse(event: Event) -> Fields | None:
    """Return the fields of one record; raise `InputError` where it is none."""
    record = AuditRecord(event.raw)
    fields: Fields = {"@timestamp": record.at, "event.action": record.type.lower()}
    if (kind := _CATEGORIES.get(record.type)) is not None:
        fields["event.category"], fields["event.type"] = [kind[0]], [kind[1]]
    for name, value in record.fields.items():
        fields[f"auditd.data.{name}"] = value
    add_process(fields, record)
    if record.type == "PATH" and record.get("name"):
        fields["file.path"] = record.get("name")
    if record.type == "PROCTITLE" and record.get("proctitle"):
        fields["process.title"] = record.get("proctitle")
    if record.type == "EXECVE":
        fields["message"] = fields["process.command_line"] = arguments(record)
    if account := record.get("acct"):
        fields["user.name"] = account
    if (ip := address(record.get("addr"))) is not None:
        fields["source.ip"] = ip
    return fields


def arguments(record: AuditRecord) -> str:
    """Return the command of an EXECVE record as one line."""
    count = record.number("argc") or 0
    return " ".join(record.get(f"a{index}") for index in range(min(count, 512)))
