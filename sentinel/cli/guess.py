"""What wrote a file, told from its content and its name."""

import re

_TEXT: tuple[tuple[str, re.Pattern[str]], ...] = (
    ("nginx.access", re.compile(r'^\S{1,255} \S{1,255} .{0,80}?\[\d{2}/\w{3}/\d{4}:[^\]]{0,40}\] "', re.MULTILINE)),
    (
        "linux.auth",
        re.compile(
            r"^(?:\w{3} [ \d]\d [\d:]{8}|\d{4}-\d\d-\d\dT\S{8,40}) \S+ (?:sshd|sudo|su|login|CRON|systemd-logind)\b",
            re.MULTILINE,
        ),
    ),
)
_NAMES: tuple[tuple[str, re.Pattern[str]], ...] = (
    ("linux.auth", re.compile(r"^(?:auth\.log|secure)\b")),
    ("nginx.access", re.compile(r"access[._-]?log")),
)


def guess_text(name: str, head: str) -> str | None:
    """Return the dataset of a text log by its first lines, or by its name; None where neither tells."""
    for dataset, pattern in _TEXT:
        if pattern.search(head):
            return dataset
    return next((dataset for dataset, pattern in _NAMES if pattern.search(name)), None)


def guess_json(found: object) -> str | None:
    """Return the dataset of one JSON object; None where nothing tells."""
    if not isinstance(found, dict):
        return None
    said = found.get("event.dataset")
    if said is None and isinstance(found.get("event"), dict):
        said = found["event"].get("dataset")
    if isinstance(said, str) and said:
        return said
    if isinstance(found.get("Event"), dict) or isinstance(found.get("winlog"), dict):
        return "windows.evtx"
    if "EventID" in found or ("event_id" in found and "log_name" in found):
        return "windows.evtx"
    return "egov.onestop" if {"action", "user", "office", "outcome"} <= found.keys() else None
