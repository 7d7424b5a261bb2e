"""Names of files in an archive that somebody sent, before any of them touches a disk."""

import unicodedata
from collections.abc import Iterable

from sentinel.errors import InputError

MAX_NAME_CHARACTERS = 400
MAX_PART_BYTES = 200
"""File systems allow 255 bytes; some are left for what we append."""
MAX_DEPTH = 20
_FORBIDDEN = frozenset('<>:"|?*\\')
"""Separators, streams and wildcards of other systems: such a name would not mean the same everywhere."""


def checked(name: str, archive: str) -> str:
    """Return the relative name of a member, in Unicode's composed form; raise InputError for one that is a trap."""
    shown = "".join(each if each.isprintable() else "\N{REPLACEMENT CHARACTER}" for each in name[:100])
    parts = name.split("/")
    if name.startswith("/") or any(part == ".." for part in parts):
        raise InputError(f"{archive}: member '{shown}' points outside the archive; nothing was installed")
    if any(not each.isprintable() or each in _FORBIDDEN for each in name):
        raise InputError(f"{archive}: member '{shown}' has a character no file name needs; nothing was installed")
    kept = [part for part in parts if part not in ("", ".")]
    is_long = any(len(part.encode("utf-8", "replace")) > MAX_PART_BYTES for part in kept)
    if not kept or len(name) > MAX_NAME_CHARACTERS or len(kept) > MAX_DEPTH or is_long:
        raise InputError(f"{archive}: member '{shown}' has no usable name, or too long a one; nothing was installed")
    if any(part.endswith((" ", ".")) for part in kept):
        raise InputError(f"{archive}: member '{shown}' ends in a space or a dot; nothing was installed")
    return unicodedata.normalize("NFC", "/".join(kept))


def refuse_collisions(names: Iterable[str], archive: str) -> None:
    """Raise InputError where two members would be one file on some system, or one is the folder of another."""
    seen: dict[str, str] = {}
    everything = list(names)
    for name in everything:
        other = seen.setdefault(_key(name), name)
        if other is not name:
            raise InputError(f"{archive}: members '{other}' and '{name}' are one file where case does not count")
    for name in everything:
        parts = name.split("/")
        for count in range(1, len(parts)):
            if (folder := _key("/".join(parts[:count]))) in seen:
                raise InputError(f"{archive}: member '{seen[folder]}' is also the folder of '{name}'")


def _key(name: str) -> str:
    return unicodedata.normalize("NFKC", name).casefold()
