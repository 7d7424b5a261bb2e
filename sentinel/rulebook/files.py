"""Tells whether rule files are the same as before, without reading them."""

import hashlib
import os
from collections.abc import Iterator, Sequence
from pathlib import Path

from sentinel.errors import InputError


def fingerprint(paths: Sequence[Path]) -> str:
    """Return a hash of names, sizes and times of all rule files; raise `InputError` where a path is gone.

    It is asked for every few seconds, so thousands of files have to cost next to nothing: the system is asked once for
    each, and nothing is made of the answers but the hash. The files are those of `detect.documents.rule_files`.
    """
    digest = hashlib.sha256()
    for path in paths:
        if not path.exists():
            raise InputError(f"{path}: there is no such file or folder of rules")
        whole = str(path.absolute())
        for name in _beneath(whole) if path.is_dir() else [whole]:
            try:
                facts = os.stat(name)  # noqa: PTH116 - a Path for each takes several times as long
            except OSError:
                continue
            known = f"{name}\0{facts.st_size}\0{facts.st_mtime_ns}\0{facts.st_ino}\n"
            digest.update(known.encode("utf-8", "replace"))
    return digest.hexdigest()


def _beneath(folder: str) -> Iterator[str]:
    """Yield the rule files in a folder, and the folders that may not be looked into: that may change."""
    closed: list[str] = []
    for place, folders, names in os.walk(folder, onerror=lambda error: closed.append(error.filename)):
        # In order, whatever the disk's: the same files are the same hash.
        folders[:] = sorted(each for each in folders if not each.startswith("."))
        for name in sorted(names):
            if name.endswith((".yml", ".yaml")) and not name.startswith("."):
                yield f"{place}{os.sep}{name}"
    yield from closed
