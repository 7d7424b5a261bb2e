"""Where in a file a rule, or a part of it, is written: YAML forgets that once it is read."""

import re
from functools import lru_cache
from pathlib import Path

_BETWEEN = re.compile(r"^---", re.MULTILINE)
MAX_BYTES = 2_000_000


def line_of(path: Path, *wanted: str) -> int | None:
    """Return the first line, from 1, that holds the last of `wanted`, in the document that holds all before it.

    `line_of(path, rule_id, "Image|endswith")` is the line of that item in the rule of that id; where the last is not
    found, the line of the document's title; None where no document holds the first, or the file cannot be read.
    """
    *owners, needle = wanted
    for start, text in _documents(path):
        if all(owner in text for owner in owners):
            place = _place(text, needle)
            place = place if place >= 0 else text.find("title:") if owners else -1
            if place >= 0:
                return start + text.count("\n", 0, place)
    return None


def _place(text: str, needle: str) -> int:
    """Return where `needle` is a key of the document, or else where it first stands; -1 for nowhere."""
    key = re.search(rf"(?:^|[\s{{,\-])['\"]?({re.escape(needle.rstrip(':'))})['\"]?[ \t]*[|:]", text)
    return text.find(needle) if key is None else key.start(1)


@lru_cache(maxsize=256)
def _documents(path: Path) -> tuple[tuple[int, str], ...]:
    """Return the file's YAML documents, each with the number of its first line."""
    try:
        with path.open("rb") as stream:
            text = stream.read(MAX_BYTES).decode("utf-8", "replace")
    except OSError:
        return ()
    starts = [0, *(found.start() for found in _BETWEEN.finditer(text))]
    ends = [*starts[1:], len(text)]
    return tuple((text.count("\n", 0, start) + 1, text[start:end]) for start, end in zip(starts, ends, strict=True))
