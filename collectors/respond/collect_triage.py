"""Looks at what the machine is doing right now, within bounds, and changes nothing."""

import json
import os
import time
from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, datetime

import psutil

from collectors.respond.executor import Done, Task
from collectors.respond.limits import Limits
from sentinel.errors import InputError, UnavailableError

MAX_PROCESSES = 250
MAX_CONNECTIONS = 250
MAX_USERS = 50
MAX_FILES = 100
MAX_LOOKED_AT = 50_000
MAX_SECONDS = 10.0
MAX_TEXT = 300
SHORTER_TEXTS = (100, 40)
MAX_BYTES = {"processes": 130_000, "connections": 50_000, "users": 10_000, "files": 50_000}
"""As JSON; together they stay below what the server takes in one report."""
DEFAULT_HOURS = 24

Item = dict[str, object]


class CollectTriage:
    """Class 0: it only reads."""

    is_reversible = False
    is_repeatable = True

    def __init__(self, _limits: Limits) -> None:
        """Need no limits: nothing is touched."""

    def perform(self, task: Task) -> Done:
        """Return processes, connections, logged-in users, and recent files of a folder where one is named."""
        processes, connections, users = _listed(_processes), _listed(_connections), _listed(_users)
        files: list[Item] = []
        if "folder" in task.arguments:
            hours = task.whole("hours") if "hours" in task.arguments else DEFAULT_HOURS
            files = _recent(task.text("folder"), hours)
        result = {
            "process_count": len(processes),
            "connection_count": len(connections),
            "user_count": len(users),
            "file_count": len(files),
            "processes": _within(processes[:MAX_PROCESSES], MAX_BYTES["processes"]),
            "connections": _within(connections[:MAX_CONNECTIONS], MAX_BYTES["connections"]),
            "users": _within(users[:MAX_USERS], MAX_BYTES["users"]),
            "files": _within(files[:MAX_FILES], MAX_BYTES["files"]),
        }
        detail = f"{len(processes)} processes, {len(connections)} connections, {len(users)} users, {len(files)} files"
        return Done(detail, result)

    def verify(self, _task: Task) -> str:
        """Return at once: what was read is the proof."""
        return "collected"

    def undo(self, _task: Task) -> str:
        """Return at once: nothing was changed."""
        return "nothing was changed"


def _listed(look: Callable[[], Iterator[Item]]) -> list[Item]:
    try:
        return list(look())
    except (psutil.Error, OSError) as error:
        raise UnavailableError(f"cannot look at this machine: {error}") from error


def _within(items: list[Item], size: int) -> list[Item]:
    """Return items in at most `size` bytes of JSON: texts get shorter before anything is left out at the end.

    Whoever fills the list with long names cannot make the whole of it too large to be reported.
    """
    for length in SHORTER_TEXTS:
        if len(json.dumps(items)) <= size:
            return items
        items = [
            {name: part[:length] if isinstance(part, str) else part for name, part in one.items()} for one in items
        ]
    while len(json.dumps(items)) > size:
        items = items[: len(items) * 3 // 4]
    return items


def _processes() -> Iterator[Item]:
    wanted = ["pid", "ppid", "name", "exe", "username", "create_time", "cmdline"]
    newest_first = sorted(psutil.process_iter(wanted), key=lambda process: -(process.info["create_time"] or 0))
    for process in newest_first:
        facts = process.info
        yield {
            "pid": facts["pid"],
            "parent": facts["ppid"],
            "name": _cut(facts["name"]),
            "executable": _cut(facts["exe"]),
            "user": _cut(facts["username"]),
            "started": _time(facts["create_time"]),
            "command_line": _cut(" ".join(facts["cmdline"] or ())),
        }


def _connections() -> Iterator[Item]:
    for item in psutil.net_connections(kind="inet"):
        yield {
            "local": _address(item.laddr),
            "remote": _address(item.raddr),
            "status": item.status,
            "pid": item.pid,
        }


def _users() -> Iterator[Item]:
    for user in psutil.users():
        yield {
            "name": _cut(user.name),
            "terminal": _cut(user.terminal),
            "from": _cut(user.host),
            "since": _time(user.started),
        }


def _recent(folder: str, hours: int) -> list[Item]:
    """Return files changed within `hours` below `folder`, newest first; links are not followed."""
    if not 1 <= hours <= 24 * 30:
        raise InputError("collect_triage: hours must be from 1 to 720")
    if not os.path.isdir(folder):  # noqa: PTH112 - the path may hold undecodable bytes
        raise UnavailableError(f"there is no folder {folder}")
    after = time.time() - hours * 3600
    deadline = time.monotonic() + MAX_SECONDS
    found: list[tuple[float, Item]] = []
    looked_at = 0
    for parent, _, names in os.walk(folder):
        for name in names:
            looked_at += 1
            if looked_at > MAX_LOOKED_AT or time.monotonic() > deadline:
                return _newest(found)
            item = _file(os.path.join(parent, name), after)  # noqa: PTH118
            if item is not None:
                found.append(item)
    return _newest(found)


def _file(path: str, after: float) -> tuple[float, Item] | None:
    try:
        status = os.lstat(path)
    except OSError:
        return None  # Gone in between.
    changed = max(status.st_mtime, status.st_ctime)
    if changed < after:
        return None
    return changed, {
        "path": _cut(path.encode("utf-8", "replace").decode()),
        "size": status.st_size,
        "owner": status.st_uid,
        "mode": oct(status.st_mode & 0o7777),
        "changed": _time(changed),
    }


def _newest(found: list[tuple[float, Item]]) -> list[Item]:
    return [item for _, item in sorted(found, key=lambda pair: -pair[0])]


def _address(pair: Sequence[object]) -> str:
    return f"{pair[0]}:{pair[1]}" if len(pair) > 1 else ""


def _cut(text: object) -> str:
    return "" if text is None else str(text).encode("utf-8", "replace").decode()[:MAX_TEXT]


def _time(seconds: float | None) -> str:
    return datetime.fromtimestamp(seconds, UTC).isoformat() if seconds else ""
