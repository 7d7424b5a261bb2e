"""Prints rows on standard output: aligned columns for people, one JSON object a line for programs."""

import json
import unicodedata
from collections.abc import Mapping, Sequence

import typer


def show(rows: Sequence[Mapping[str, object]], *, as_json: bool) -> None:
    """Print `rows`, which all have the same keys, the first row's keys as heads."""
    if as_json:
        for row in rows:
            typer.echo(json.dumps(row, ensure_ascii=False))
        return
    if not rows:
        return
    table = [list(rows[0])] + [[_text(value) for value in row.values()] for row in rows]
    widths = [max(_width(line[column]) for line in table) for column in range(len(table[0]))]
    for line in table:
        cells = [text + " " * (width - _width(text)) for text, width in zip(line, widths, strict=True)]
        typer.echo("  ".join(cells).rstrip())


def _text(value: object) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    return printable("-" if value is None or value == "" else str(value))


def printable(text: str) -> str:
    """Return `text` without what could steer the terminal, because names come from outside too."""
    return "".join(character if character.isprintable() else "\N{REPLACEMENT CHARACTER}" for character in text)


def _width(text: str) -> int:
    """Return how many columns of a terminal a text takes: none for marks above letters, two for wide letters."""
    return sum(
        0 if unicodedata.combining(character) else 2 if unicodedata.east_asian_width(character) in "WF" else 1
        for character in text
    )
