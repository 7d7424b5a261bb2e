"""What ClamAV says about files: `path: Name FOUND`."""

import re

from sentinel.model.record import Fields

_FOUND = re.compile(
    r"(?:-> )?(?P<path>.{1,4096}): (?P<name>\S{1,255}?)(?:\([0-9a-f]{32}:\d{1,12}\))? FOUND\s*", re.DOTALL
)


def read(message: str) -> Fields | None:
    """Return what was found in which file, None where nothing was."""
    found = _FOUND.fullmatch(message)
    if found is None:
        return None
    return {
        "event.category": ["malware"],
        "event.type": ["info"],
        "event.action": "malware_found",
        "file.path": found["path"],
        "sentinel.malware.name": found["name"],
    }
