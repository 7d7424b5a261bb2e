"""Rule files as YAML documents, read with limits, because a rule pack comes from outside."""

import os
import re
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import yaml

from sentinel.errors import InputError

MAX_FILE_BYTES = 2_000_000
MAX_DEPTH = 40
MAX_NODES = 100_000
"""Values of one file with every alias written out."""
MAX_DOCUMENTS = 1_000
MAX_MERGED = 100
"""Maps that one map may merge (`<<`)."""
MAX_KEYS = 50_000
_SAFE_OPENERS = 300
_LONG_INDENT = re.compile(r"^[\s\-?:!&*]{400}", re.MULTILINE)


class _Loader(yaml.CSafeLoader):
    """Refuses a map that says a key twice, where YAML would silently take the last, and merges without measure."""

    def flatten_mapping(self, node: yaml.MappingNode) -> None:
        """Carry out the merges of `node`; maps that merge maps that merge maps grow by powers."""
        for key, value in node.value:
            if _is_merge(key) and isinstance(value, yaml.SequenceNode) and len(value.value) > MAX_MERGED:
                raise yaml.constructor.ConstructorError(
                    None, None, f"a map merges more than {MAX_MERGED} others", key.start_mark
                )
        super().flatten_mapping(node)
        if len(node.value) > MAX_KEYS:
            raise yaml.constructor.ConstructorError(None, None, f"a map of more than {MAX_KEYS} keys", node.start_mark)

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Any, Any]:
        """Return the mapping of `node`."""
        merges = any(_is_merge(key) for key, _ in node.value)
        mapping = super().construct_mapping(node, deep)
        if len(mapping) < len(node.value) and not merges:
            seen: set[str] = set()
            for key, _ in node.value:
                if key.value in seen:
                    raise yaml.constructor.ConstructorError(
                        None, None, f"key {key.value!r} is given twice", key.start_mark
                    )
                seen.add(key.value)
        return mapping


def _is_merge(key: yaml.Node) -> bool:
    return bool(key.tag == "tag:yaml.org,2002:merge")


def rule_files(paths: Iterable[Path]) -> Iterator[Path]:
    """Yield the rule files in `paths` (files, or folders searched in depth), each once, in a stable order.

    Files and folders below them whose names begin with a dot are passed over: `.git`, previous versions of packs. A
    folder that may not be looked into stands for the files in it: whoever reads it is told so.
    Raises InputError for a path that does not exist.
    """
    seen: set[Path] = set()
    for path in paths:
        if not path.exists():
            raise InputError(f"{path}: there is no such file or folder of rules")
        is_open = path.is_dir() and not _is_closed(path)
        for file in sorted(_visible(path)) if is_open else [path]:
            is_rule = file.suffix in (".yml", ".yaml") and file.is_file()
            is_wanted = is_rule or file == path or _is_closed(file)
            if is_wanted and (real := file.resolve()) not in seen:
                seen.add(real)
                yield file


def _is_closed(path: Path) -> bool:
    return path.is_dir() and not os.access(path, os.R_OK | os.X_OK)


def _visible(folder: Path) -> Iterator[Path]:
    start = len(str(folder))
    for path in folder.rglob("*"):
        if "/." not in str(path)[start:]:
            yield path


def read_documents(path: Path) -> list[dict[str, Any]]:
    """Return the YAML documents of a file; raise InputError with what is wrong and where."""
    try:
        if path.stat().st_size > MAX_FILE_BYTES:
            raise InputError(f"{path}: larger than the {MAX_FILE_BYTES} bytes a rule file may have")
        text = path.read_text(encoding="utf-8-sig")
    except UnicodeDecodeError as error:
        raise InputError(f"{path}: not UTF-8 at byte {error.start}; save the file as UTF-8") from error
    except OSError as error:
        raise InputError(f"{path}: cannot be read: {error.strerror}") from error
    return parse_documents(text, str(path))


def parse_documents(text: str, place: str) -> list[dict[str, Any]]:
    """Return the YAML documents in `text`; `place` names it in errors (InputError)."""
    documents: list[dict[str, Any]] = []
    try:
        _check_nesting(text, place)
        for document in yaml.load_all(text, Loader=_Loader):
            if document is None:
                continue
            if not isinstance(document, dict):
                raise InputError(f"{place}: expected a map of rule attributes, got {type(document).__name__}")
            _check_size(document, place)
            documents.append(document)
            if len(documents) > MAX_DOCUMENTS:
                raise InputError(f"{place}: more than {MAX_DOCUMENTS} documents")
    except yaml.YAMLError as error:
        raise InputError(f"{place}: not YAML: {_fault(error)}") from error
    except (ValueError, OverflowError, RecursionError, TypeError, AttributeError) as error:
        raise InputError(f"{place}: not YAML that can be used: {error}") from error
    return documents


def _fault(error: yaml.YAMLError) -> str:
    """Return what the parser stumbled over, and where, in one line."""
    mark = getattr(error, "problem_mark", None)
    if mark is None:
        return " ".join(str(error).split())
    words = [getattr(error, "problem", None), getattr(error, "context", None)]
    text = " ".join(" ".join(filter(None, words)).split())
    return f"line {mark.line + 1}, column {mark.column + 1}: {text}"


def _check_nesting(text: str, place: str) -> None:
    """Refuse deep nesting before the C parser meets it: it builds nodes by recursion and would crash the process."""
    if text.count("[") + text.count("{") <= _SAFE_OPENERS and not _LONG_INDENT.search(text):
        return
    depth = 0
    for event in yaml.parse(text, Loader=yaml.CSafeLoader):
        if isinstance(event, yaml.CollectionStartEvent):
            depth += 1
        elif isinstance(event, yaml.CollectionEndEvent):
            depth -= 1
        if depth > MAX_DEPTH:
            raise InputError(f"{place}: nested deeper than {MAX_DEPTH} levels")


def _check_size(document: object, place: str) -> None:
    """Refuse what aliases blow up, and keys that are not text."""
    waiting: list[tuple[object, int]] = [(document, 0)]
    count = 0
    while waiting:
        value, depth = waiting.pop()
        count += 1
        if count > MAX_NODES:
            raise InputError(f"{place}: more than {MAX_NODES} values")
        if depth > MAX_DEPTH:
            raise InputError(f"{place}: nested deeper than {MAX_DEPTH} levels")
        if isinstance(value, dict):
            waiting.extend((child, depth + 1) for child in value.values())
            if any(not isinstance(key, str) for key in value):
                raise InputError(f"{place}: key {next(k for k in value if not isinstance(k, str))!r} is not text")
        elif isinstance(value, list):
            waiting.extend((child, depth + 1) for child in value)
