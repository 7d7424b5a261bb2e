"""Rows of a CSV file that a spreadsheet may open: no cell in them is taken for a formula."""

import csv
import io
from collections.abc import Iterable

_SIGNS = frozenset("=+-@＝＋－＠")
"""With these a spreadsheet takes a cell for a formula (OWASP, CSV injection); the wide forms count in East Asia."""
MAX_CELL_CHARACTERS = 32_000
"""Excel cuts cells at 32,767 characters."""


def row(cells: Iterable[object]) -> bytes:
    """Return one row as RFC 4180 has it, in UTF-8."""
    line = io.StringIO()
    csv.writer(line, lineterminator="\r\n").writerow([harmless(str(cell)) for cell in cells])
    return line.getvalue().encode("utf-8", "replace")


def harmless(text: str) -> str:
    """Return `text` as a cell that is only read: an apostrophe before what would be a formula, no control characters.

    Spaces and controls before the sign do not hide it: some spreadsheets trim them.
    """
    shown = text[:MAX_CELL_CHARACTERS]
    begin = next((each for each in shown if each.isprintable() and not each.isspace()), "")
    is_formula = begin in _SIGNS or shown.startswith(("\t", "\r"))
    clean = "".join(each if each.isprintable() or each == "\n" else " " for each in shown)
    return f"'{clean}" if is_formula else clean
