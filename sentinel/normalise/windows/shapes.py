"""Four layouts of a Windows event in JSON become one: a header and flat event data.

The layouts: `{"Event": {"System", "EventData"}}` of the `evtx` library; `{"winlog": ...}` of Winlogbeat since 7;
`{"event_id", "log_name", "event_data"}` of Winlogbeat before; and all names on one level, as NXLog ships.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field

from sentinel.errors import InputError
from sentinel.model.by_names import ByNames
from sentinel.model.record import Fields
from sentinel.normalise.decode import MAX_DEPTH, json_object, leaves, plain, whole

MAX_DATA_FIELDS = 512
MAX_NAME_CHARACTERS = 128
PREFIX = "winlog.event_data."
"""What event data is kept below."""

Data = dict[str, str | list[str]]
Object = Mapping[str, object]

_NAMES: dict[str, str] = {}
_KNOWN_NAMES = 10_000
"""Event data names remembered; attackers choose names in events of their own providers, so there is an end."""


@dataclass(slots=True, kw_only=True)
class WindowsEvent:
    """What every layout says."""

    header: Fields
    """By the names of `winlog.*`: `winlog.channel`, `winlog.event_id`, `winlog.provider_name`, ..."""
    times: list[object]
    """Where the time may be, best first."""
    data: Data = field(default_factory=dict)
    """Event data by name below `PREFIX`; blanks are taken out of names, as Sigma has them. Null is absent."""
    message: object = None


@dataclass(slots=True)
class Parts:
    """A nested layout, taken apart."""

    header: dict[str, object]
    """By the names of `winlog.*`, without that prefix; None where there is no such value."""
    trees: list[object]
    """Where event data may be, best first."""
    time: object
    message: object


def read(body: Object) -> WindowsEvent:
    """Return the event in `body`; raise `InputError` where it is in none of the layouts."""
    nested = parts(body)
    if nested is not None:
        found = WindowsEvent(header=_header(nested.header), times=[nested.time], message=nested.message)
        for tree in nested.trees:
            _add_tree(found.data, tree)
    elif "EventID" in body:
        found = _of_flat(body)
    else:
        raise InputError("not a Windows event: found neither 'Event', 'winlog', 'event_id' nor 'EventID'")
    if len(found.data) > MAX_DATA_FIELDS:
        raise InputError(f"more than {MAX_DATA_FIELDS} event data fields")
    return found


def parts(body: Object) -> Parts | None:
    """Return what a nested layout consists of; None where `body` is in none. Raises `InputError` without a header."""
    if isinstance(event := body.get("Event"), dict):
        return _of_evtx(event)
    if isinstance(winlog := body.get("winlog"), dict):
        return _of_winlogbeat(body, winlog)
    return _of_old_winlogbeat(body) if "event_id" in body else None


def _below(value: object, name: str) -> object:
    return value.get(name) if isinstance(value, dict) else None


def _attribute(value: object, name: str) -> object:
    return _below(_below(value, "#attributes"), name)


def _full_name(name: str) -> str:
    """Return the field of event data called `name`, empty for a name of nothing but blanks."""
    bare = name.replace(" ", "")
    if len(bare) > MAX_NAME_CHARACTERS or not bare.isprintable():
        raise InputError(f"event data: not a field name: {bare[:40]!r}")
    full = PREFIX + bare if bare else ""
    if len(_NAMES) < _KNOWN_NAMES:
        _NAMES[name] = full
    return full


def _add(data: Data, name: str, value: object) -> None:
    """Add one end; the first of a name wins."""
    full = _NAMES.get(name)
    if full is None:
        full = _full_name(name)
    if full in data or not full:
        return
    if isinstance(value, list):
        texts = [text for item in value if (text := plain(item)) is not None]
        if texts:
            data[full] = texts if len(texts) > 1 else texts[0]
    elif (text := plain(value)) is not None:
        data[full] = text


def _add_tree(data: Data, tree: object) -> None:
    """Add what lies at the ends of `EventData` or `UserData`, by the innermost name."""
    if not isinstance(tree, dict) or "#text" in tree:
        for name, value in leaves(tree):
            _add(data, name, value)
        return
    for name, value in tree.items():
        if type(value) is str and (full := _NAMES.get(name)):
            data.setdefault(full, value)
        else:
            for end, child in leaves({name: value}):
                _add(data, end, child)


def _put(header: Fields, name: str, value: object) -> None:
    """Add one value of the header in the type its field has; what has no such type is left out."""
    if name in _NUMBERS:
        number = whole(value)
        if number is not None:
            header[name] = number
    elif name == "winlog.keywords":
        header[name] = [
            text for item in (value if isinstance(value, list) else [value]) if (text := plain(item)) is not None
        ]
    elif (text := plain(value)) is not None:
        header[name] = text


_NUMBERS = frozenset(
    {"winlog.event_id", "winlog.record_id", "winlog.version", "winlog.process.pid", "winlog.process.thread.id"}
)
_TYPED = _NUMBERS | {"winlog.keywords"}
"""Fields of the header that are not simply a text."""


def _header(values: Object) -> Fields:
    header: Fields = {}
    for name, value in values.items():
        if value is not None:
            _put(header, "winlog." + name, value)
    return header


def _of_evtx(event: Object) -> Parts:
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
    message = _below(event.get("RenderingInfo"), "Message")
    trees = [event.get(part) for part in ("EventData", "UserData", "ProcessingErrorData")]
    return Parts(header, trees, time, message)


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


def _of_winlogbeat(body: Object, winlog: Object) -> Parts:
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
    return Parts(
        header, [winlog.get("event_data"), winlog.get("user_data")], body.get("@timestamp"), body.get("message")
    )


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


def _of_old_winlogbeat(body: Object) -> Parts:
    header = {name: body.get(old) for name, old in _OLD_NAMES.items()}
    user = body.get("user")
    header |= {f"user.{name}": _below(user, name) for name in ("identifier", "name", "domain")}
    return Parts(header, [body.get("event_data"), body.get("user_data")], body.get("@timestamp"), body.get("message"))


FLAT_NAMES: dict[str, tuple[str, ...]] = {
    "channel": ("Channel",),
    "event_id": ("EventID",),
    "provider_name": ("SourceName", "ProviderName", "Provider_Name", "Provider"),
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
_FLAT_HEADER = tuple(("winlog." + field, name) for field, names in FLAT_NAMES.items() for name in reversed(names))
"""Field and a name it may have, the best name of a field last, so that it overwrites the others."""
_FLAT_TIMES = ("@timestamp", "TimeCreated", "UtcTime", "EventTime", "TimeGenerated")
FLAT_ENVELOPE = frozenset(
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

_NESTED = ("EventData", "UserData")


@dataclass(slots=True)
class Flat:
    """Where all events with the same names have what, worked out once."""

    header: list[tuple[str, str]]
    """Field and the name in the event, the best name of a field last, so that it overwrites the others."""
    times: list[str]
    trees: list[str]
    """Names of what may be objects of event data, written as text."""
    data: list[tuple[str, str]]
    """Name in the event and field; none where the name has to be looked at first."""


def _name_or_nothing(name: str) -> str:
    try:
        return _NAMES.get(name) or _full_name(name)
    except InputError:
        return ""


def _shape(names: tuple[str, ...]) -> Flat:
    return Flat(
        [(field, said) for field, said in _FLAT_HEADER if said in names],
        [name for name in _FLAT_TIMES if name in names],
        [name for name in _NESTED if name in names],
        [(name, _name_or_nothing(name)) for name in names if name not in FLAT_ENVELOPE],
    )


_shape_of = ByNames(_shape)


def _of_flat(body: Object) -> WindowsEvent:
    shape = _shape_of(tuple(body))
    header: Fields = {}
    for name, said in shape.header:
        value = body[said]
        if type(value) is str and name not in _TYPED:
            header[name] = value
        elif value is not None:
            _put(header, name, value)
    found = WindowsEvent(header=header, times=[body[name] for name in shape.times], message=body.get("Message"))
    data, taken = found.data, set[str]()
    for part in shape.trees:
        if (tree := _object_in(body[part])) is not None:
            _add_tree(data, tree)
            taken.add(part)
    for name, full in shape.data:
        value = body[name]
        if full and type(value) is str and not taken:
            data.setdefault(full, value)
        elif name not in taken:
            _add_below(data, name, value, 0)
    return found


def _add_below(data: Data, name: str, value: object, depth: int) -> None:
    """Add an object that has no place on one level by its dotted names, so that it cannot pose as event data."""
    if depth > MAX_DEPTH:
        raise InputError(f"nested more than {MAX_DEPTH} deep")
    if isinstance(value, dict):
        for key, child in value.items():
            _add_below(data, f"{name}.{key}", child, depth + 1)
    else:
        _add(data, name, value)


def _object_in(value: object) -> Object | None:
    """Return the object that Azure Monitor writes as JSON into a text; None for any other value."""
    if not isinstance(value, str) or not value.startswith("{"):
        return None
    try:
        return json_object(value)
    except InputError:
        return None
