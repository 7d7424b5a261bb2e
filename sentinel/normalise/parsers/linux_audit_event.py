"""linux.audit_event: all records of one event of the Linux audit system together, from one call of the kernel.

A record says one thing each: SYSCALL who, EXECVE what with, CWD where, PATH on what. Joined by their serial number they
are a process that started, a file that was made or a connection. The raw text is either the records' lines, or one
object of LAUREL, which joins them on the machine, or one line of Microsoft's auoms, which does the same.
"""

import re
from collections.abc import Iterable

from sentinel.errors import InputError
from sentinel.event import Event
from sentinel.model.record import Fields
from sentinel.normalise.audit import AuditRecord, add_process
from sentinel.normalise.decode import json_object, plain
from sentinel.normalise.flat import below
from sentinel.normalise.stamps import epoch
from sentinel.normalise.values import address

MAX_RECORDS = 256
_LAUREL_ID = re.compile(r"(?P<time>\d{1,11}\.\d{1,6}):\d{1,12}")
_LAUREL_NAME = re.compile(r"[A-Z][A-Z0-9_]{2,40}")
_MADE = frozenset({"CREATE"})
_GONE = frozenset({"DELETE"})
_IPV4, _IPV6 = "0200", "0A00"


def parse(event: Event) -> Fields | None:
    """Return what the event was, None where it is of no use; raise `InputError` where it is no audit event."""
    records = _of_object(event.raw) if event.raw.lstrip().startswith("{") else _of_lines(event.raw)
    fields: Fields = {"@timestamp": records[0].at}
    by_type: dict[str, AuditRecord] = {}
    for record in records:
        by_type.setdefault(record.type, record)
        if record.type in ("SYSCALL", "CWD") or record.type.startswith("AUOMS"):
            add_process(fields, record)
        if parent := record.get("parent_exe"):
            fields["process.parent.executable"] = parent
    if call := records[0].get("SYSCALL"):
        fields["event.action"] = call
    paths = [record for record in records if record.get("name")]
    if not (_add_command(fields, by_type) or _add_connection(fields, by_type) or _add_file(fields, paths)):
        return fields if "process.executable" in fields else None
    return fields


def _of_lines(raw: str) -> list[AuditRecord]:
    lines = [line for line in raw.split("\n") if line.strip()]
    if not 1 <= len(lines) <= MAX_RECORDS:
        raise InputError(f"an audit event of {len(lines)} records; expected 1 to {MAX_RECORDS}")
    records = [AuditRecord(line) for line in lines]
    if len({record.serial for record in records}) > 1:
        raise InputError("records of several audit events in one")
    return records


def _of_object(raw: str) -> list[AuditRecord]:
    """Return the records in an object of LAUREL, or in a syslog line of auoms that Azure Monitor put into one."""
    body = json_object(raw)
    if isinstance(line := body.get("SyslogMessage"), str):
        return _of_lines(line)
    found = _LAUREL_ID.fullmatch(str(body.get("ID", "")))
    if found is None:
        raise InputError("not an audit event: no 'ID' such as 1688052525.815:33152")
    parts = [(name, part) for name, part in body.items() if _LAUREL_NAME.fullmatch(name)]
    records = [
        _record(name, each, found["time"])
        for name, part in parts
        for each in (part if isinstance(part, list) else [part])[:MAX_RECORDS]
        if isinstance(each, dict)
    ]
    if not records:
        raise InputError("an audit event without records")
    return records


def _record(kind: str, part: dict[str, object], time: str) -> AuditRecord:
    record = AuditRecord(f"type={kind} msg=audit({time}:0): ")
    record.at = epoch(time)
    for name, value in part.items():
        if name == "ARGV" and kind != "SYSCALL" and isinstance(value, list):
            words = [text for item in value if (text := plain(item)) is not None]
            record.fields |= {"argc": str(len(words))} | {f"a{index}": word for index, word in enumerate(words[:512])}
        elif name == "PPID" and (parent := plain(below(part, "PPID", "exe"))) is not None:
            record.fields["parent_exe"] = parent
        elif (text := plain(value)) is not None:
            record.fields[name] = text
    return record


def _add_command(fields: Fields, by_type: dict[str, AuditRecord]) -> bool:
    """Add the command that was run; return whether one was."""
    execve, title = by_type.get("EXECVE"), by_type.get("PROCTITLE")
    microsoft = by_type.get("AUOMS_EXECVE")
    if execve is not None:
        count = execve.number("argc") or 0
        words = [execve.get(f"a{index}") for index in range(min(count, 512))]
        fields["process.args"], fields["process.args_count"] = words, len(words)
        fields["process.command_line"] = " ".join(words)
    elif microsoft is not None:
        fields["process.command_line"] = microsoft.get("cmdline") or microsoft.get("proctitle")
        fields["event.action"] = microsoft.get("syscall") or "execve"
    else:
        return False
    if title is not None:
        fields["process.title"] = title.get("proctitle")
    if not fields["process.command_line"]:
        del fields["process.command_line"]
    fields["event.category"], fields["event.type"] = ["process"], ["start"]
    return True


def _add_connection(fields: Fields, by_type: dict[str, AuditRecord]) -> bool:
    """Add where a process connected to; return whether it did."""
    target = by_type.get("SOCKADDR")
    if target is None or fields.get("event.action") != "connect":
        return False
    found = _socket_address(target)
    if found is None:
        return False
    fields["destination.ip"], fields["destination.port"] = found
    fields["event.category"], fields["event.type"] = ["network"], ["connection", "start"]
    fields["network.direction"], fields["sentinel.connection.is_initiated"] = "egress", True
    return True


def _socket_address(record: AuditRecord) -> tuple[str, int] | None:
    """Return address and port of a `struct sockaddr` in hexadecimal, IPv4 or IPv6."""
    try:
        data = bytes.fromhex(record.get("saddr"))
    except ValueError:
        return None
    family, number = data[:2].hex().upper(), int.from_bytes(data[2:4], "big")
    octets = data[4:8] if family == _IPV4 else data[8:24] if family == _IPV6 else b""
    if len(octets) not in (4, 16):
        return None
    text = ".".join(map(str, octets)) if len(octets) == 4 else octets.hex(":", 2)
    ip = address(text)
    return None if ip is None else (ip, number)


def _add_file(fields: Fields, paths: Iterable[AuditRecord]) -> bool:
    """Add the file that was made or removed; return whether one was."""
    for kind, names in (("creation", _MADE), ("deletion", _GONE)):
        for path in paths:
            if path.get("nametype") in names:
                name = path.get("name")
                folder = fields.get("process.working_directory")
                if not name.startswith("/") and isinstance(folder, str):
                    name = f"{folder.rstrip('/')}/{name.removeprefix('./')}"
                fields["file.path"], fields["file.name"] = name, name.rpartition("/")[2]
                fields["event.category"], fields["event.type"] = ["file"], [kind]
                return True
    return False
