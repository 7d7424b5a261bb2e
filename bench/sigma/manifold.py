"""Makes a rule set many times as large: every rule again with other literals, that cost as much and match nothing."""

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any
from uuid import UUID, uuid5

import yaml

MIN_LITERAL = 4
"""Shorter texts stay as they are."""
ROUTING = {"EventID", "Channel", "Provider_Name", "EventType"}
"""Fields whose values say which events a rule is about at all."""
UNTOUCHED = {"cidr", "fieldref", "exists", "expand", "gt", "gte", "lt", "lte"}
"""Modifiers whose values are no literals."""
_LOADER = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
_RUN = re.compile(r"[A-Za-z0-9]{2,}")
_REGEX_PART = re.compile(r"\\.|\[\^?\]?(?:\\.|[^\]\\])*\]|\(\?[^:)]*[:)]|\{[^}]*\}|([A-Za-z]{4,})", re.DOTALL)
"""What a regular expression is made of, as far as letters that stand for themselves have to be told from others."""
_REFUSED = re.compile(r"\bnot\s+\(?\s*(?:(?:1|any|all)\s+of\s+)?([\w*]+)", re.IGNORECASE)
"""Names in a condition of what must not be found."""
_NAMESPACE = UUID("6f1d0f0e-2a53-4b8e-9d5c-3f0b7c1f3a10")


@dataclass(slots=True)
class Multiplied:
    """What became of a rule set."""

    files: int = 0
    rules: int = 0
    """In the larger set."""
    unchanged: int = 0
    """Rules whose copies differ by id alone, and fire together with them."""


def multiply(source: Path, target: Path, times: int) -> Multiplied:
    """Write every rule file of `source` below `target` with each rule `times` over, the first as it was."""
    done = Multiplied()
    for path in sorted(source.rglob("*.yml")):
        originals = [each for each in yaml.load_all(path.read_bytes(), _LOADER) if isinstance(each, dict)]
        documents = [*originals]
        for original in originals:
            copies = list(_copies(original, times - 1))
            done.unchanged += bool(copies) and copies[0].get("detection") == original.get("detection")
            documents += copies
        place = target / path.relative_to(source)
        place.parent.mkdir(parents=True, exist_ok=True)
        # JSON is YAML, and many times as fast to write.
        lines = (json.dumps(each, ensure_ascii=False, default=str) for each in documents)
        place.write_text("---\n" + "\n---\n".join(lines) + "\n", encoding="utf-8")
        done.files += 1
        done.rules += len(documents)
    return done


def _copies(rule: dict[str, Any], count: int) -> Iterator[dict[str, Any]]:
    for number in range(1, count + 1):
        yield {
            **rule,
            "title": f"{rule.get('title', '')} ({number})",
            "id": str(uuid5(_NAMESPACE, f"{rule.get('id')} {number}")),
            "detection": _changed_detection(rule.get("detection", {}), f"q{number}z"),
        }


def _changed_detection(detection: dict[str, Any], mark: str) -> dict[str, Any]:
    """Return a detection with other literals; as it was where only what it must not find would be another.

    Without its exceptions it would fire on nearly everything.
    """
    refused = _REFUSED.findall(str(detection.get("condition", "")))
    parts = {
        name: part if name in ("condition", "timeframe") else changed(part, mark) for name, part in detection.items()
    }
    sought = [name for name in parts if not any(fnmatchcase(name, pattern) for pattern in refused)]
    return parts if any(parts[name] != detection[name] for name in sought) else detection


def changed(part: Any, mark: str, field: str = "") -> Any:
    """Return a part of a detection with `mark` inside every literal that is long enough."""
    if isinstance(part, dict):
        return {name: changed(value, mark, str(name)) for name, value in part.items()}
    if isinstance(part, list):
        return [changed(value, mark, field) for value in part]
    name, *modifiers = field.split("|")
    if not isinstance(part, str) or name in ROUTING or not UNTOUCHED.isdisjoint(modifiers):
        return part
    return _regex(part, mark) if "re" in modifiers else _literal(part, mark)


def _literal(text: str, mark: str) -> str:
    """Return a text with the mark in the middle of its longest run of letters and digits; numbers stay."""
    found = max(_RUN.finditer(text), key=lambda run: len(run[0]), default=None)
    if found is None or len(text) < MIN_LITERAL or text.isdigit():
        return text
    middle = (found.start() + found.end()) // 2
    return text[:middle] + mark + text[middle:]


def _regex(expression: str, mark: str) -> str:
    """Return an expression with the mark inside every run of letters that stands for itself."""

    def marked(found: re.Match[str]) -> str:
        letters = found[1]
        return f"{letters[:2]}{mark}{letters[2:]}" if letters else found[0]

    return _REGEX_PART.sub(marked, expression)
