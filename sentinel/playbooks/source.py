"""Reads YAML from outside within bounds, and remembers on which line everything stood."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import yaml

from sentinel.errors import InputError

MAX_BYTES = 256_000
MAX_DEPTH = 24
MAX_NODES = 20_000
MAX_ALIASES = 0
"""Aliases make small files large and hide what a reviewer reads, so none are allowed."""

Place = tuple[str | int, ...]
_PLAIN_TAGS = {f"tag:yaml.org,2002:{name}" for name in ("int", "float", "bool", "null")}


@dataclass(frozen=True, slots=True)
class Document:
    """A YAML document as plain values, with the line of every place in it."""

    name: str
    """File name, for messages."""
    value: object
    lines: Mapping[Place, int]
    """Line of each key or item, from 1."""

    def line(self, place: Sequence[str | int]) -> int:
        """Return the line of `place`, or of the nearest known place around it; unknown parts are passed over."""
        known: Place = ()
        for part in place:
            if (*known, part) in self.lines:
                known = (*known, part)
        return self.lines.get(known, 1)

    def where(self, place: Sequence[str | int]) -> str:
        """Return `file:line` of `place`."""
        return f"{self.name}:{self.line(place)}"


def read(text: str, name: str) -> Document:
    """Return the one document in `text`; raise `InputError` with file and line for anything that is not plain YAML."""
    if len(text.encode("utf-8", "surrogatepass")) > MAX_BYTES:
        raise InputError(f"{name}:1: larger than {MAX_BYTES} bytes; split it into several playbooks")
    try:
        _bound(text, name)
        node = yaml.compose(text, Loader=yaml.CSafeLoader)
    except (yaml.YAMLError, UnicodeError, ValueError) as error:
        line = min(_line_of(error), text.count("\n") + 1)
        raise InputError(f"{name}:{line}: not readable as YAML: {_first_line(error)}") from error
    if node is None:
        raise InputError(f"{name}:1: the file is empty")
    lines: dict[Place, int] = {(): node.start_mark.line + 1}
    value = _Builder(name, lines).build(node, ())
    return Document(name, value, lines)


def one_line(text: str) -> str:
    """Return `text` fit for a message: what cannot be seen, line breaks above all, becomes a middle dot."""
    return "".join(character if character.isprintable() else "·" for character in text)


def _bound(text: str, name: str) -> None:
    """Walk the events before anything is built: nothing may be deep, numerous or repeated by alias."""
    depth = aliases = 0
    for nodes, event in enumerate(yaml.parse(text, Loader=yaml.CSafeLoader)):
        line = event.start_mark.line + 1 if event.start_mark is not None else 1
        if isinstance(event, yaml.AliasEvent):
            aliases += 1
        elif isinstance(event, yaml.CollectionStartEvent):
            depth += 1
        elif isinstance(event, yaml.CollectionEndEvent):
            depth -= 1
        if depth > MAX_DEPTH:
            raise InputError(f"{name}:{line}: nested more than {MAX_DEPTH} deep")
        if aliases > MAX_ALIASES:
            raise InputError(f"{name}:{line}: aliases (*name) are not allowed here; write the value out")
        if nodes > MAX_NODES:
            raise InputError(f"{name}:{line}: more than {MAX_NODES} values; split it into several files")


class _Builder:
    def __init__(self, name: str, lines: dict[Place, int]) -> None:
        self._name = name
        self._lines = lines

    def build(self, node: yaml.Node, place: Place) -> object:
        if isinstance(node, yaml.MappingNode):
            return self._mapping(node, place)
        if isinstance(node, yaml.SequenceNode):
            items = []
            for index, item in enumerate(node.value):
                self._lines[*place, index] = item.start_mark.line + 1
                items.append(self.build(item, (*place, index)))
            return items
        return self._scalar(node)

    def _mapping(self, node: yaml.MappingNode, place: Place) -> dict[str, object]:
        result: dict[str, object] = {}
        for key_node, value_node in node.value:
            line = key_node.start_mark.line + 1
            if not isinstance(key_node, yaml.ScalarNode) or key_node.tag == "tag:yaml.org,2002:merge":
                raise InputError(f"{self._name}:{line}: a key must be a plain word")
            key = str(key_node.value)
            if key in result:
                raise InputError(f"{self._name}:{line}: '{one_line(key[:60])}' stands here twice; keep one of them")
            self._lines[*place, key] = line
            result[key] = self.build(value_node, (*place, key))
        return result

    def _scalar(self, node: yaml.Node) -> object:
        # Dates and other implicit types stay the text that was written.
        if node.tag not in _PLAIN_TAGS:
            if node.tag not in ("tag:yaml.org,2002:str", "tag:yaml.org,2002:timestamp", "tag:yaml.org,2002:value"):
                raise InputError(f"{self._name}:{node.start_mark.line + 1}: the tag {node.tag} is not allowed here")
            return str(node.value)
        try:
            value: Any = yaml.safe_load(node.value) if node.tag != "tag:yaml.org,2002:null" else None
        except (yaml.YAMLError, ValueError) as error:
            line = node.start_mark.line + 1
            raise InputError(f"{self._name}:{line}: not a value YAML can hold: {_first_line(error)}") from error
        return value


def _line_of(error: Exception) -> int:
    mark = getattr(error, "problem_mark", None)
    return mark.line + 1 if mark is not None else 1


def _first_line(error: Exception) -> str:
    problem = getattr(error, "problem", None)
    return one_line(str(problem or error)[:200])
