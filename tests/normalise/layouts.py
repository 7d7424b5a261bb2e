"""Rewrites an event of the `evtx` library's layout into the layouts of other shippers."""

from collections.abc import Callable, Iterator
from html import escape
from typing import Any

Event = dict[str, Any]
Layout = Callable[[Event], Event | str]

CLASHING = {"Task", "Opcode", "Level", "Keywords", "Version", "Channel", "Message", "ProcessID", "ThreadID"}
"""Names that are event data in some events and the header's in a flat layout, which cannot hold both."""


def _attribute(value: Any, name: str) -> Any:
    return ((value or {}).get("#attributes") or {}).get(name)


def _number(system: Event) -> Any:
    found = system["EventID"]
    return found["#text"] if isinstance(found, dict) else found


def _ends(tree: Any, name: str = "") -> Iterator[tuple[str, Any]]:
    if isinstance(tree, dict) and "#text" in tree:
        tree = tree["#text"]
    if isinstance(tree, dict):
        for key, child in tree.items():
            if key != "#attributes":
                yield from _ends(child, key)
    elif tree is not None:
        yield name, tree


def data_of(event: Event) -> dict[str, Any]:
    """Return event data by its innermost names."""
    body = event["Event"]
    found: dict[str, Any] = {}
    for part in ("EventData", "UserData", "ProcessingErrorData"):
        for name, value in _ends(body.get(part)):
            found.setdefault(name, value)
    return found


def winlogbeat(event: Event) -> Event:
    """Return the layout of Winlogbeat since 7."""
    system = event["Event"]["System"]
    execution = system.get("Execution")
    return {
        "@timestamp": _attribute(system["TimeCreated"], "SystemTime"),
        "event": {"code": _number(system), "provider": _attribute(system["Provider"], "Name")},
        "log": {"level": system.get("Level")},
        "winlog": {
            "channel": system["Channel"],
            "event_id": str(_number(system)),
            "provider_name": _attribute(system["Provider"], "Name"),
            "provider_guid": _attribute(system["Provider"], "Guid"),
            "computer_name": system["Computer"],
            "record_id": str(system["EventRecordID"]),
            "task": system.get("Task"),
            "opcode": system.get("Opcode"),
            "keywords": system.get("Keywords"),
            "version": system.get("Version"),
            "activity_id": _attribute(system.get("Correlation"), "ActivityID"),
            "process": {
                "pid": _attribute(execution, "ProcessID"),
                "thread": {"id": _attribute(execution, "ThreadID")},
            },
            "user": {"identifier": _attribute(system.get("Security"), "UserID")},
            "event_data": data_of(event),
        },
    }


def old_winlogbeat(event: Event) -> Event:
    """Return the layout of Winlogbeat before 7."""
    new = winlogbeat(event)
    winlog = new["winlog"]
    return {
        "@timestamp": new["@timestamp"],
        "log_name": winlog["channel"],
        "event_id": int(winlog["event_id"]),
        "source_name": winlog["provider_name"],
        "provider_guid": winlog["provider_guid"],
        "computer_name": winlog["computer_name"],
        "record_number": winlog["record_id"],
        "level": new["log"]["level"],
        "task": winlog["task"],
        "opcode": winlog["opcode"],
        "keywords": winlog["keywords"],
        "version": winlog["version"],
        "activity_id": winlog["activity_id"],
        "process_id": winlog["process"]["pid"],
        "thread_id": winlog["process"]["thread"]["id"],
        "user": winlog["user"],
        "event_data": winlog["event_data"],
    }


def flat(event: Event) -> Event:
    """Return the layout of NXLog: header and event data on one level."""
    old = old_winlogbeat(event)
    return {
        **old["event_data"],
        "@timestamp": old["@timestamp"],
        "Channel": old["log_name"],
        "EventID": old["event_id"],
        "SourceName": old["source_name"],
        "ProviderGuid": old["provider_guid"],
        "Hostname": old["computer_name"],
        "RecordNumber": int(old["record_number"]),
        "Level": old["level"],
        "Task": old["task"],
        "Opcode": old["opcode"],
        "Keywords": old["keywords"],
        "Version": old["version"],
        "ActivityID": old["activity_id"],
        "ExecutionProcessID": old["process_id"],
        "ThreadID": old["thread_id"],
        "UserID": old["user"]["identifier"],
        "SourceModuleName": "eventlog",
    }


def xml(event: Event) -> str:
    """Return the event as XML."""
    system = event["Event"]["System"]
    plain = ("Version", "Level", "Task", "Opcode", "Keywords", "EventRecordID", "Channel", "Computer")
    inner = "".join(f"<{name}>{escape(str(system[name]))}</{name}>" for name in plain if system.get(name) is not None)
    for name in ("Provider", "TimeCreated", "Correlation", "Execution", "Security"):
        pairs = ((system.get(name) or {}).get("#attributes") or {}).items()
        said = " ".join(f'{key}="{escape(str(value))}"' for key, value in pairs)
        inner += f"<{name} {said}/>"
    data = "".join(f'<Data Name="{escape(k)}">{escape(str(v))}</Data>' for k, v in data_of(event).items())
    return (
        '<Event xmlns="http://schemas.microsoft.com/win/2004/08/events/event"><System>'
        f"<EventID>{_number(system)}</EventID>{inner}</System><EventData>{data}</EventData></Event>"
    )


LAYOUTS: dict[str, Layout] = {
    "evtx": lambda event: event,
    "winlogbeat": winlogbeat,
    "old winlogbeat": old_winlogbeat,
    "flat": flat,
    "xml": xml,
}
