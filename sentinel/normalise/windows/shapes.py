"""Four layouts of a Windows event in JSON become one: a header and flat event data.

The layouts: `{"Event": {"System", "EventData"}}` of the `evtx` library; `{"winlog": ...}` of Winlogbeat since 7;
`{"event_id", "log_name", "event_data"}` of Winlogbeat before; and all names on one level, as NXLog ships.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field

from sentinel.errors import InputError
from sentinel.normalise.decode import leaves, plain

MAX_DATA_FIELDS = 512
MAX_NAME_CHARACTERS = 128

Data = dict[str, str | list[str]]
Object = Mapping[str, object]


@dataclass(slots=True, kw_only=True)
class WindowsEvent:
    """What every layout says, values still as shipped."""

    header: dict[str, object]
    """By the names of `winlog.*`: `channel`, `event_id`, `provider_name`, `computer_name`, ..."""
    times: list[object]
    """Where the time may be, best first."""
    data: Data = field(default_factory=dict)
    """Event data by name; blanks are taken out of names, as Sigma has them. Null is absent."""
    message: object = None


def read(body: Object) -> WindowsEvent:
    """Return the event in `body`; raise `InputError` where it is in none of the layouts."""
    if isinstance(event := body.get("Event"), dict):
        return _of_evtx(event)
    if isinstance(winlog := body.get("winlog"), dict):
        return _of_winlogbeat(body, winlog)
    if "event_id" in body:
        return _of_old_winlogbeat(body)
    if "EventID" in body:
        return _of_flat(body)
    raise InputError("not a Windows event: found neither 'Event', 'winlog', 'event_id' nor 'EventID'")


def _below(value: object, name: str) -> object:
    return value.get(name) if isinstance(value, dict) else None


def _attribute(value: object, name: str) -> object:
    return _below(_below(value, "#attributes"), name)


def _add(data: Data, name: str, value: object) -> None:
    """Add one value; the first of a name wins."""
    name = name.replace(" ", "")
    if name in data or not name:
        return
    if len(data) >= MAX_DATA_FIELDS:
        raise InputError(f"more than {MAX_DATA_FIELDS} event data fields")
    if len(name) > MAX_NAME_CHARACTERS or not name.isprintable():
        raise InputError(f"event data: not a field name: {name[:40]!r}")
    if isinstance(value, list):
        texts = [text for item in value if (text := plain(item)) is not None]
        if texts:
            data[name] = texts if len(texts) > 1 else texts[0]
    elif (text := plain(value)) is not None:
        data[name] = text


def _add_tree(data: Data, tree: object) -> None:
    """Add what lies at the ends of `EventData` or `UserData`, by the innermost name."""
    for name, value in leaves(tree):
        _add(data, name, value)


def _of_evtx(event: Object) -> WindowsEvent:
    system = event.get("System")
    if not isinstance(system, dict):
        raise InputError("not a Windows event: 'Event' has no 'System'")
    number = system.get("EventID")
    execution, correlation = system.get("Execution"), system.get("Correlation")
    header = {
        "channel": system.get("Channel"),
        "event_id": _below(number, "#text") if isinstance(number, dict) else number,
        "provider_name": _attribute(system.get("Provider"), "Name"),
        "provider_guid": _attribute(system.get("Provider"), "Guid"),
        "computer_name": system.get("Computer"),
        "record_id": system.get("EventRecordID"),
        "level": system.get("Level"),
        "task": system.get("Task"),
        "opcode": system.get("Opcode"),
        "keywords": system.get("Keywords"),
        "version": system.get("Version"),
        "activity_id": _attribute(correlation, "ActivityID"),
        "process.pid": _attribute(execution, "ProcessID"),
        "process.thread.id": _attribute(execution, "ThreadID"),
        "user.identifier": _attribute(system.get("Security"), "UserID"),
    }
    time = _attribute(system.get("TimeCreated"), "SystemTime")
    found = WindowsEvent(header=header, times=[time], message=_below(event.get("RenderingInfo"), "Message"))
    for part in ("EventData", "UserData", "ProcessingErrorData"):
        _add_tree(found.data, event.get(part))
    return found


_WINLOGBEAT_NAMES = [
    "channel",
    "event_id",
    "provider_name",
    "provider_guid",
    "computer_name",
    "record_id",
    "task",
    "opcode",
    "keywords",
    "version",
    "activity_id",
]


def _of_winlogbeat(body: Object, winlog: Object) -> WindowsEvent:
    header = {name: winlog.get(name) for name in _WINLOGBEAT_NAMES}
    if header["event_id"] is None:
        header["event_id"] = _below(body.get("event"), "code")
    process, user = winlog.get("process"), winlog.get("user")
    header |= {
        "level": _below(body.get("log"), "level"),
        "process.pid": _below(process, "pid"),
        "process.thread.id": _below(_below(process, "thread"), "id"),
        "user.identifier": _below(user, "identifier"),
        "user.name": _below(user, "name"),
        "user.domain": _below(user, "domain"),
    }
    found = WindowsEvent(header=header, times=[body.get("@timestamp")], message=body.get("message"))
    _add_tree(found.data, winlog.get("event_data"))
    _add_tree(found.data, winlog.get("user_data"))
    return found


_OLD_NAMES = {
    "channel": "log_name",
    "event_id": "event_id",
    "provider_name": "source_name",
    "provider_guid": "provider_guid",
    "computer_name": "computer_name",
    "record_id": "record_number",
    "level": "level",
    "task": "task",
    "opcode": "opcode",
    "keywords": "keywords",
    "version": "version",
    "activity_id": "activity_id",
    "process.pid": "process_id",
    "process.thread.id": "thread_id",
}


def _of_old_winlogbeat(body: Object) -> WindowsEvent:
    header = {name: body.get(old) for name, old in _OLD_NAMES.items()}
    user = body.get("user")
    header |= {f"user.{name}": _below(user, name) for name in ("identifier", "name", "domain")}
    found = WindowsEvent(header=header, times=[body.get("@timestamp")], message=body.get("message"))
    _add_tree(found.data, body.get("event_data"))
    _add_tree(found.data, body.get("user_data"))
    return found


_FLAT_NAMES = {
    "channel": ("Channel",),
    "event_id": ("EventID",),
    "provider_name": ("SourceName", "ProviderName", "Provider_Name"),
    "provider_guid": ("ProviderGuid",),
    "computer_name": ("Hostname", "Computer"),
    "record_id": ("RecordNumber", "EventRecordID"),
    "level": ("Level",),
    "task": ("Task",),
    "opcode": ("Opcode", "OpcodeValue"),
    "keywords": ("Keywords",),
    "version": ("Version",),
    "activity_id": ("ActivityID",),
    "process.pid": ("ExecutionProcessID", "ProcessID"),
    "process.thread.id": ("ThreadID",),
    "user.identifier": ("UserID",),
    "user.name": ("AccountName",),
    "user.domain": ("Domain",),
}
_FLAT_TIMES = ("@timestamp", "TimeCreated", "UtcTime", "EventTime")
_FLAT_ENVELOPE = frozenset(
    {
        "@timestamp",
        "@version",
        "@metadata",
        "Channel",
        "EventID",
        "SourceName",
        "ProviderGuid",
        "Hostname",
        "Computer",
        "RecordNumber",
        "Task",
        "Opcode",
        "OpcodeValue",
        "Keywords",
        "Level",
        "Version",
        "ActivityID",
        "ExecutionProcessID",
        "ProcessID",
        "ThreadID",
        "TimeCreated",
        "EventTime",
        "Message",
        "EventReceivedTime",
        "SourceModuleName",
        "SourceModuleType",
        "SeverityValue",
        "host",
        "port",
        "type",
        "tags",
        "ERROR_EVT_UNRESOLVED",
    }
)
"""Names the shipper or the event's header brings; all others are event data, which Sigma rules name directly."""


def _first(body: Object, names: tuple[str, ...]) -> object:
    return next((body[name] for name in names if body.get(name) is not None), None)


def _of_flat(body: Object) -> WindowsEvent:
    header = {name: _first(body, names) for name, names in _FLAT_NAMES.items()}
    found = WindowsEvent(header=header, times=[body.get(name) for name in _FLAT_TIMES], message=body.get("Message"))
    for name, value in body.items():
        if name not in _FLAT_ENVELOPE:
            _add_tree(found.data, {name: value})
    return found
