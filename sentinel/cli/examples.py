"""Examples at the end of a command's help, and on the page of all commands."""

_NOT_REWRAPPED = "\b"
"""Keeps the lines of a paragraph of help as they are (click's documentation, "Preventing Rewrapping")."""


def shown(*commands: str) -> str:
    """Return the text that `--help` ends with: one command to a line."""
    return "\n".join([_NOT_REWRAPPED, "Examples:", *(f"  {command}" for command in commands)])


def commands_in(epilog: str) -> list[str]:
    """Return the commands that `shown` was given."""
    return [line.strip() for line in epilog.split("\n")[2:]]
