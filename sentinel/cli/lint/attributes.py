"""What a rule says about itself: level, status, ATT&CK tags."""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from sentinel.cli.lint.issue import Issue
from sentinel.cli.lint.lines import line_of
from sentinel.detect.documents import read_documents
from sentinel.errors import InputError

_ATTACK = re.compile(r"attack\.(?:t\d{4}(?:\.\d{3})?|[a-z][a-z-]+|[gsc]\d{4}|ds\d{4}|m\d{4}|ta\d{4})")


def issues(path: Path) -> Iterator[Issue]:
    """Yield what the documents of a file leave unsaid; a file that is broken is named elsewhere."""
    try:
        documents = read_documents(path)
    except InputError:
        return
    for document in documents:
        is_rule = "detection" in document or "correlation" in document
        if is_rule and document.get("status") not in ("deprecated", "unsupported"):
            yield from _rule(document, path)


def _rule(document: dict[str, Any], path: Path) -> Iterator[Issue]:
    title = str(document.get("title", ""))

    def issue(check: str, message: str, remedy: str, place: str, *, is_grave: bool = False) -> Issue:
        line = line_of(path, title, place) if title else None
        return Issue(path=path, check=check, message=message, remedy=remedy, line=line, rule=title, is_grave=is_grave)

    if "level" not in document and "action" not in document:
        yield issue("no-level", "no level, so it counts as medium", "say informational, low ... critical", "title:")
    if "status" not in document and "action" not in document:
        yield issue("no-status", "no status", "say experimental, test or stable", "title:")
    tags = document.get("tags")
    found = [str(tag) for tag in tags] if isinstance(tags, list) else []
    attack = [tag for tag in found if tag.lower().startswith("attack.")]
    if not attack:
        yield issue("no-attack", "no ATT&CK tag", "say one, such as attack.t1110", "tags:")
    for tag in attack:
        if not _ATTACK.fullmatch(tag.lower()):
            message = f"tag '{tag}' is no ATT&CK tactic, technique, group or software"
            yield issue("attack-tag", message, "write attack.t1110.001 or attack.initial-access", tag, is_grave=True)
