"""Taxonomy files say what Sigma calls our datasets and their fields; they are data, one file per dataset family."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

from sentinel.detect.documents import read_documents
from sentinel.detect.facts import fold, text_of
from sentinel.detect.rule import LogSource
from sentinel.errors import InputError
from sentinel.model.record import Value

FOLDER = Path(__file__).parent / "taxonomy"
_FILE_KEYS = {"datasets", "logsources", "fields", "default_prefix", "keywords", "pivot"}
_SOURCE_KEYS = {"product", "category", "service", "when", "fields"}


@dataclass(frozen=True, slots=True)
class Names:
    """What field names in rules mean for one log source."""

    fields: Mapping[str, tuple[str, ...]]
    prefix: str = ""

    def resolve(self, name: str) -> tuple[str, ...]:
        """Return the record fields that `name` stands for, best first."""
        known = self.fields.get(name)
        if known is not None:
            return known
        if not self.prefix:
            return (name,)
        below = f"{self.prefix}.{name}"
        return (below, name) if "." in name or name.startswith("@") else (below,)


@dataclass(frozen=True, slots=True)
class Source:
    """One Sigma log source that records of a dataset may belong to."""

    offered: LogSource
    when: Mapping[str, frozenset[str]]
    """Record field -> texts, without case; a record belongs here where all hold."""
    names: Names
    keywords: tuple[str, ...]

    def takes(self, said: Iterable[tuple[str, str]]) -> bool:
        """Return whether a record that says `said` (pairs of field and folded text) belongs here."""
        known = set(said)
        return all(any((name, text) in known for text in wanted) for name, wanted in self.when.items())


@dataclass(frozen=True, slots=True)
class Family:
    """One taxonomy file."""

    datasets: tuple[str, ...]
    """Exact names, or a family such as `windows.*`."""
    sources: tuple[Source, ...]
    pivot: str = ""
    """Record field whose numbers part the rules further, such as `winlog.event_id`; empty where none does."""
    deciding: Mapping[str, frozenset[str]] = field(default_factory=dict)
    """Every field that some source looks at, with all texts that make a difference."""

    def speaks_for(self, dataset: str) -> bool:
        """Return whether records of `dataset` belong to this family."""
        return any(dataset == each or (each.endswith(".*") and dataset.startswith(each[:-1])) for each in self.datasets)

    def said(self, fields: Mapping[str, Value]) -> tuple[tuple[str, str], ...]:
        """Return what a record says where it makes a difference: few combinations, whatever the records hold."""
        found: list[tuple[str, str]] = []
        for name, texts in self.deciding.items():
            value = fields.get(name)
            if value is None:
                continue
            if isinstance(value, list):
                found.extend((name, text) for text in sorted({fold(text_of(each)) for each in value} & texts))
            elif (text := fold(text_of(value))) in texts:
                found.append((name, text))
        return tuple(found)


@cache
def bundled() -> tuple[Family, ...]:
    """Return the taxonomy that comes with Sentinel."""
    return load_taxonomy(FOLDER)


def load_taxonomy(folder: Path) -> tuple[Family, ...]:
    """Return the families of all `*.yml` in `folder`; raise InputError naming the file and the fault."""
    return tuple(_family(document, path) for path in sorted(folder.glob("*.yml")) for document in read_documents(path))


def _family(document: dict[str, Any], path: Path) -> Family:
    _check_keys(document, _FILE_KEYS, path)
    shared = _fields(document.get("fields", {}), path)
    prefix = str(document.get("default_prefix", ""))
    keywords = tuple(_texts(document.get("keywords", ["message", "event.original"])))
    plain = Names(shared, prefix)
    sources = []
    for each in document.get("logsources", []):
        _check_keys(each, _SOURCE_KEYS, path)
        own = _fields(each.get("fields", {}), path)
        names = Names({**shared, **own}, prefix) if own else plain
        when = {name: frozenset(fold(text) for text in _texts(wanted)) for name, wanted in each.get("when", {}).items()}
        offered = LogSource(each.get("product"), each.get("category"), each.get("service"))
        sources.append(Source(offered, when, names, keywords))
    deciding: dict[str, frozenset[str]] = {}
    for source in sources:
        for name, texts in source.when.items():
            deciding[name] = deciding.get(name, frozenset()) | texts
    pivot = str(document.get("pivot", ""))
    return Family(tuple(_texts(document.get("datasets", []))), tuple(sources), pivot, deciding)


def _check_keys(given: object, known: set[str], path: Path) -> None:
    if not isinstance(given, dict):
        raise InputError(f"{path}: expected a map, got {type(given).__name__}")
    if unknown := set(given) - known:
        raise InputError(f"{path}: unknown key '{min(unknown)}'; known are {', '.join(sorted(known))}")


def _fields(given: object, path: Path) -> dict[str, tuple[str, ...]]:
    if not isinstance(given, dict):
        raise InputError(f"{path}: 'fields' must map Sigma names to record fields")
    return {name: tuple(_texts(value)) for name, value in given.items()}


def _texts(given: object) -> list[str]:
    values = given if isinstance(given, list) else [given]
    return [text_of(value) if isinstance(value, str | int | float | bool) else "" for value in values]
