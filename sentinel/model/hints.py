"""Names of hints that an Event carries for its parser and that no field of a record is made of."""

COLUMNS = "sentinel.columns"
"""Columns of the line, parted by blanks, where the log names them once at its top and not in every line."""
TIME = "sentinel.time"
"""When it happened, where the sender says so beside the line (`moment.to_text`); a time in the line wins."""
WRAPPING = "sentinel.wrapping"
"""Names the kind of document in which the line came, for example `ecs`; see `sentinel.normalise.wrappings`."""
