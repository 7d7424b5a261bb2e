"""Names of hints that an Event carries for its parser and that no field of a record is made of."""

COLUMNS = "sentinel.columns"
"""Columns of the line, parted by blanks, where the log names them once at its top and not in every line."""
