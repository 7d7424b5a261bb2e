"""Filters that do the opposite of what is meant: a filter's condition must hold, so an exclusion says `not`."""

import re
from collections.abc import Iterator
from pathlib import Path

from sentinel.cli.lint.issue import Issue
from sentinel.cli.lint.lines import line_of
from sentinel.detect.documents import read_documents
from sentinel.errors import InputError

_NOT = re.compile(r"\bnot\b", re.IGNORECASE)


def issues(path: Path) -> Iterator[Issue]:
    """Yield a hint for each filter of a file whose condition negates nothing."""
    try:
        documents = read_documents(path)
    except InputError:
        return
    for document in documents:
        body = document.get("filter")
        condition = body.get("condition") if isinstance(body, dict) else None
        if isinstance(condition, str) and not _NOT.search(condition):
            title = str(document.get("title", ""))
            yield Issue(
                path=path,
                check="filter-polarity",
                message=f"the filter keeps only what fits '{condition}', and excludes nothing",
                remedy=f"to exclude it write 'not ({condition})'",
                line=line_of(path, title, "condition"),
                rule=title,
                is_grave=False,
            )
