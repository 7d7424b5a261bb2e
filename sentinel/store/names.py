"""How the files of a segment are called: its number with one of these endings."""

PARQUET = ".parquet"
"""The records."""
IDS = ".ids"
"""Hashes of their ids, sorted."""
PROJECTION = ".projection"
"""Some of their columns once more, where the segment is large."""
TEMPORARY = ".tmp"
"""Added to any of these while it is written."""


def whole(path: str) -> str:
    """Return the file of the segment whose file or projection is at `path`."""
    return f"{path.removesuffix(PROJECTION)}{PARQUET}" if path.endswith(PROJECTION) else path
