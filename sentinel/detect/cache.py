"""Compiled rules kept on disk, so that a start with unchanged rules reads one file and needs no parser.

The key is everything the outcome depends on: the content of the rule files, the pipelines and placeholders, and the
compiler itself. A kept file that is damaged, or of another version, is made anew.
"""

import hashlib
import logging
import os
import re
import stat
import tempfile
import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from functools import cache
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any, overload

import msgspec
from msgspec import Raw, Struct

from sentinel.detect.index.plan import Plan
from sentinel.detect.rule import Correlation, Doubt, Fault, Rule, RuleSet

log = logging.getLogger(__name__)

UNSETTLED_NANOSECONDS = 2_000_000_000
"""A file changed so shortly before it was looked at may change again without its time telling."""
MAX_FILES = 40
"""Every change of a rule or of the compiler leaves a file behind."""
_OURS = re.compile(r"\.?[0-9a-f]{40}\.(?:rules|plans)(?:\.\w+)?")
_PARSERS = ("pysigma", "msgspec")
_DECODE_ERRORS = (msgspec.DecodeError, OSError, ValueError)


class Seen(Struct, frozen=True, array_like=True):
    """One rule file as it was."""

    path: str
    size: int
    changed: int
    """Time of its last change as the kernel keeps it: who sets the time of modification back changes this one."""
    inode: int
    digest: bytes = b""
    """Of its content; empty where its time tells enough."""
    rules: tuple[int, ...] = ()
    """Places of its rules in the set, if it holds nothing but rules that could be used."""


class Kept(Struct, frozen=True, array_like=True):
    """One rule set on disk."""

    files: tuple[Seen, ...]
    written: int
    ids: tuple[str, ...]
    rules: tuple[Raw, ...]
    correlations: tuple[Correlation, ...]
    faults: list[Fault]
    doubts: tuple[Doubt, ...]
    has_filters: bool = False


class PackedRules(Sequence[Rule]):
    """The rules of a kept set; each is unpacked when it is asked for."""

    def __init__(self, ids: tuple[str, ...], packed: tuple[Raw, ...]) -> None:
        self.ids = ids
        self._packed = packed
        self._unpacked: dict[int, Rule] = {}
        self._decoder = msgspec.msgpack.Decoder(Rule, dec_hook=_decoded)

    def __len__(self) -> int:
        return len(self.ids)

    @overload
    def __getitem__(self, place: int) -> Rule: ...
    @overload
    def __getitem__(self, place: slice) -> tuple[Rule, ...]: ...
    def __getitem__(self, place: int | slice) -> Rule | tuple[Rule, ...]:
        if isinstance(place, slice):
            return tuple(self[number] for number in range(*place.indices(len(self))))
        known = self._unpacked.get(place)
        if known is None:
            known = self._unpacked[place] = self._decoder.decode(self._packed[place])
        return known


def ids_of(rules: Sequence[Rule]) -> Sequence[str]:
    """Return the ids of `rules` in order, without unpacking any."""
    return rules.ids if isinstance(rules, PackedRules) else [rule.info.id for rule in rules]


class RuleCache:
    """A folder of kept rule sets and plans."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def load(self, paths: Sequence[Path], parts: Iterable[bytes]) -> RuleSet | None:
        """Return the rule set of `paths` as it was kept, if nothing it depends on has changed since; else None."""
        try:
            content = self._file(paths, parts).read_bytes()
            kept: Kept = _KEPT.decode(content)
            found = list(_look(paths))
        except _DECODE_ERRORS:
            return None
        if len(found) != len(kept.files) or not all(map(_is_same, found, kept.files, [kept.written] * len(found))):
            return None
        return RuleSet(
            PackedRules(kept.ids, kept.rules),
            kept.correlations,
            kept.faults,
            kept.doubts,
            kept.has_filters,
            _digest(kept.files, parts),
        )

    def unchanged(self, paths: Sequence[Path], parts: Iterable[bytes]) -> dict[str, list[Rule]]:
        """Return by path the rules of the files that have not changed since they were kept."""
        try:
            kept: Kept = _KEPT.decode(self._file(paths, parts).read_bytes())
            found = {each.path: each for each in _look(paths)}
            rules = PackedRules(kept.ids, kept.rules)
            return {
                each.path: [rules[place] for place in each.rules]
                for each in kept.files
                if each.rules and each.path in found and not kept.has_filters
                if _is_same(found[each.path], each, kept.written)
            }
        except _DECODE_ERRORS:
            return {}

    def look(self, paths: Sequence[Path]) -> list[Seen]:
        """Return the files as they are before they are read, for `keep`."""
        settled = time.time_ns() - UNSETTLED_NANOSECONDS
        try:
            return [
                each if each.changed < settled else msgspec.structs.replace(each, digest=_content(each.path))
                for each in _look(paths)
            ]
        except OSError:
            return []  # Reading them will say what is wrong.

    def keep(self, paths: Sequence[Path], parts: Iterable[bytes], rule_set: RuleSet, before: Sequence[Seen]) -> RuleSet:
        """Write a rule set that was just loaded, and return it with its digest.

        It is given back without one if it cannot be written, or if files have changed since `before`: then nobody knows
        which of the two contents it was made from.
        """
        parts = list(parts)
        try:
            places = _places(rule_set)
            files = tuple(
                msgspec.structs.replace(each, digest=_content(each.path), rules=places.get(each.path, ()))
                for each in _look(paths)
            )
            if len(files) != len(before) or not all(map(_is_still, files, before)):
                return rule_set
            kept = Kept(
                files,
                time.time_ns(),
                tuple(rule.info.id for rule in rule_set.rules),
                tuple(Raw(_ENCODER.encode(rule)) for rule in rule_set.rules),
                rule_set.correlations,
                rule_set.faults,
                rule_set.doubts,
                rule_set.has_filters,
            )
            write(self._file(paths, parts), _ENCODER.encode(kept))
        except (OSError, UnicodeEncodeError) as error:  # The latter: a file name that is not UTF-8.
            log.warning("Compiled rules cannot be kept.", extra={"folder": str(self._folder), "reason": str(error)})
            return rule_set
        return RuleSet(
            rule_set.rules,
            rule_set.correlations,
            rule_set.faults,
            rule_set.doubts,
            rule_set.has_filters,
            _digest(files, parts),
        )

    def shelf(self, rule_set: RuleSet) -> "Shelf":
        """Return the plans kept for a rule set."""
        return Shelf(self._folder / f"{rule_set.digest}.plans" if rule_set.digest else None)

    def _file(self, paths: Sequence[Path], parts: Iterable[bytes]) -> Path:
        name = hashlib.sha256(compiler())
        for part in (*(str(path.absolute()).encode("utf-8", "surrogateescape") for path in paths), b"", *parts):
            name.update(hashlib.sha256(part).digest())
        return self._folder / f"{name.hexdigest()[:40]}.rules"


class KeptRoute(Struct, array_like=True):
    """The plans of one route."""

    mentioned: tuple[int, ...]
    """Numbers of the pivot that some rule names."""
    plans: dict[int, Raw]
    """By number of the pivot."""


class Shelf:
    """Plans of one rule set, by the route they are for."""

    def __init__(self, file: Path | None) -> None:
        self._file = file
        self._is_changed = False
        self._routes: dict[str, KeptRoute] = _read_routes(file)

    def route(self, key: str) -> KeptRoute | None:
        """Return what is kept of a route."""
        return self._routes.get(key)

    def plan(self, key: str, number: int) -> Plan | None:
        """Return a plan that was kept."""
        route = self._routes.get(key)
        if route is None or number not in route.plans:
            return None
        try:
            return _PLAN.decode(route.plans[number])
        except _DECODE_ERRORS:
            return None

    def put(self, key: str, mentioned: Iterable[int], number: int, plan: Plan) -> None:
        """Keep a plan until `save`."""
        route = self._routes.setdefault(key, KeptRoute(tuple(mentioned), {}))
        route.plans[number] = Raw(_ENCODER.encode(plan))
        self._is_changed = True

    def save(self) -> None:
        """Write what is new, together with what others have written meanwhile."""
        if not self._is_changed or self._file is None:
            return
        for key, route in _read_routes(self._file).items():
            known = self._routes.setdefault(key, route)
            known.plans = {**route.plans, **known.plans}
        try:
            write(self._file, _ENCODER.encode(self._routes))
        except OSError as error:
            log.warning("Plans cannot be kept.", extra={"file": str(self._file), "reason": str(error)})
        self._is_changed = False


def write(file: Path, content: bytes) -> None:
    """Write a file of the cache so that who reads it sees all of it or none, however many write it."""
    file.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    handle, name = tempfile.mkstemp(prefix=f".{file.name}.", dir=file.parent)
    part = Path(name)
    try:
        with os.fdopen(handle, "wb") as stream:
            stream.write(content)
        part.replace(file)
    finally:
        part.unlink(missing_ok=True)
    _tidy(file.parent)


def _tidy(folder: Path) -> None:
    """Remove the oldest files of a cache that has grown too large: of rules as they once were, or half written."""
    found: list[tuple[int, str]] = []
    for each in os.scandir(folder):
        with suppress(OSError):  # Others write and remove files here too.
            if _OURS.fullmatch(each.name):
                found.append((each.stat().st_mtime_ns, each.path))
    for _, path in sorted(found, reverse=True)[MAX_FILES:]:
        with suppress(OSError):
            Path(path).unlink()


def user_folder() -> Path | None:
    """Return where a user's compiled rules are kept (XDG Base Directory Specification); None without a home."""
    given = os.environ.get("XDG_CACHE_HOME", "")
    if given.startswith("/"):
        return Path(given) / "sentinel"
    try:
        return Path.home() / ".cache" / "sentinel"
    except RuntimeError:
        return None


@cache
def compiler() -> bytes:
    """Return what identifies the compiler: its own sources, the taxonomy, and the versions of what it stands on."""
    digest = hashlib.sha256()
    folder = Path(__file__).parent
    for file in sorted(each for each in folder.rglob("*") if each.suffix in (".py", ".yml")):
        digest.update(file.relative_to(folder).as_posix().encode() + b"\0" + hashlib.sha256(file.read_bytes()).digest())
    for name in _PARSERS:
        try:
            digest.update(f"{name} {version(name)}\n".encode())
        except PackageNotFoundError:
            digest.update(f"{name}\n".encode())
    return digest.digest()


def _look(paths: Sequence[Path]) -> Iterable[Seen]:
    """Yield every file that `documents.rule_files` would read, without reading it."""
    for path in paths:
        if path.is_dir():
            for folder, below, files in os.walk(path):
                below[:] = sorted(name for name in below if not name.startswith("."))
                for name in sorted(files):
                    if name.endswith((".yml", ".yaml")) and not name.startswith("."):
                        yield from _seen(f"{folder}/{name}")
        else:
            yield from _seen(str(path))


def _seen(path: str) -> Iterator[Seen]:
    try:
        found = os.stat(path)  # noqa: PTH116 - thousands of them, and a Path costs more than the call
    except FileNotFoundError:
        return  # A link to nothing; whoever reads a path that was asked for says so.
    if stat.S_ISREG(found.st_mode):
        yield Seen(path, found.st_size, found.st_ctime_ns, found.st_ino)


def _is_same(found: Seen, kept: Seen, written: int) -> bool:
    """Return whether a file is as it was kept; its content is asked where its time does not tell."""
    if (found.path, found.size) != (kept.path, kept.size):
        return False
    is_untouched = (found.changed, found.inode) == (kept.changed, kept.inode)
    return (is_untouched and found.changed < written - UNSETTLED_NANOSECONDS) or _content(found.path) == kept.digest


def _is_still(found: Seen, before: Seen) -> bool:
    """Return whether a file is as it was before it was read."""
    return msgspec.structs.replace(found, digest=before.digest and found.digest, rules=()) == before


def _content(path: str) -> bytes:
    return hashlib.sha256(Path(path).read_bytes()).digest()


def _digest(files: Iterable[Seen], parts: Iterable[bytes]) -> str:
    digest = hashlib.sha256(compiler())
    for part in (*(each.path.encode("utf-8", "surrogateescape") + each.digest for each in files), b"", *parts):
        digest.update(hashlib.sha256(part).digest())
    return digest.hexdigest()[:40]


def _places(rule_set: RuleSet) -> dict[str, tuple[int, ...]]:
    """Return by file the places of its rules, for the files that hold nothing else."""
    places: dict[str, list[int]] = {}
    for place, rule in enumerate(rule_set.rules):
        places.setdefault(str(rule.path), []).append(place)
    for path in (*(each.path for each in rule_set.correlations), *(fault.path for fault in rule_set.faults)):
        places.pop(str(path), None)
    return {path: tuple(each) for path, each in places.items()}


def _read_routes(file: Path | None) -> dict[str, KeptRoute]:
    if file is None:
        return {}
    try:
        return _ROUTES.decode(file.read_bytes())
    except _DECODE_ERRORS:
        return {}


def _encoded(value: Any) -> Any:
    if isinstance(value, Path):
        return str(value)
    if isinstance(value, Mapping):
        return dict(value)
    raise TypeError(f"{type(value).__name__} cannot be kept")


def _decoded(wanted: type, value: Any) -> Any:
    if wanted is Path:
        return Path(value)
    raise TypeError(f"{wanted.__name__} cannot be kept")


_ENCODER = msgspec.msgpack.Encoder(enc_hook=_encoded)
_KEPT = msgspec.msgpack.Decoder(Kept, dec_hook=_decoded)
_PLAN = msgspec.msgpack.Decoder(Plan)
_ROUTES = msgspec.msgpack.Decoder(dict[str, KeptRoute])
