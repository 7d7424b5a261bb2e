"""Finds every text of the console that must be translated: in templates, and marked in code."""

import io
from collections.abc import Iterator
from pathlib import Path

from babel.messages.extract import extract

import sentinel.web

WEB = Path(sentinel.web.__file__).parent
KEYWORDS = {"_": None, "ngettext": (1, 2), "mark": None}

Message = str | tuple[str, str]
"""A text, or its singular and plural."""


def messages() -> Iterator[tuple[str, Message]]:
    """Yield file name and message id of each text."""
    for path in sorted([*WEB.rglob("*.html"), *WEB.rglob("*.py")]):
        method = "jinja2.ext:babel_extract" if path.suffix == ".html" else "python"
        source = io.BytesIO(path.read_bytes())
        options = {"trimmed": "true", "silent": "false"} if path.suffix == ".html" else {}
        for _, found, _, _ in extract(method, source, keywords=KEYWORDS, options=options):
            yield path.name, found if isinstance(found, str) else (found[0], found[1])
