"""Makes events of which no two share a text, so that nothing remembered about a value is of use again."""

from collections.abc import Iterable, Iterator
from itertools import count
from typing import Any

import orjson

KEPT = {
    *("channel", "log_name", "sourcename", "source_name", "provider_name", "eventtype", "eventid", "event_id"),
    *("level", "severity", "severityvalue", "opcode", "opcodevalue", "task", "keywords", "version", "@version"),
}
"""Names, in small letters, of what says which kind of event it is; names that end in time or timestamp are kept too."""


def unique(lines: Iterable[bytes], *, is_in_front: bool = False) -> Iterator[bytes]:
    """Yield events with something of its own put behind every text, or in front of it."""
    numbers = count(1)

    def changed(value: Any, name: str) -> Any:
        if isinstance(value, dict):
            return {key: changed(part, key) for key, part in value.items()}
        if isinstance(value, list):
            return [changed(part, name) for part in value]
        if not isinstance(value, str) or name.lower() in KEPT or name.lower().endswith(("time", "timestamp")):
            return value
        return f"{next(numbers):x}~{value}" if is_in_front else f"{value}~{next(numbers):x}"

    for line in lines:
        yield orjson.dumps(changed(orjson.loads(line), "")) + b"\n"
