"""The collector's settings: one TOML file, read once; an unknown key is an error."""

import difflib
import socket
import tomllib
import types
import typing
from collections.abc import Mapping
from dataclasses import MISSING, dataclass, field, fields
from pathlib import Path

from sentinel.errors import InputError, UnavailableError

DEFAULT_FILE = Path("/etc/sentinel/collector.toml")
DEFAULT_HOME = Path("/var/lib/sentinel-collect")
MAX_FILE_BYTES = 1_000_000

_TYPE_NAMES = {str: "text", int: "a whole number", float: "a number", bool: "true or false", Path: "a path"}


@dataclass(frozen=True, slots=True, kw_only=True)
class ServerSettings:
    """Table `[server]`: where events go. Enrolment fills in what is not given."""

    url: str = ""
    """`https://host:port`; empty: the one enrolled with."""
    ca: Path | None = None
    """PEM file of the only CA that is trusted; None: `ca.pem` in the home folder, pinned at enrolment."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CollectorSettings:
    """Table `[collector]`: who this collector is and where it keeps its state."""

    home: Path = DEFAULT_HOME
    """Folder of identity, spool and status; only this collector writes there."""
    host: str = field(default_factory=socket.gethostname)
    """Host name that events carry."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SpoolSettings:
    """Table `[spool]`: how much may wait on disk."""

    limit_mb: int = 2048
    """Megabytes of events; when they are full, inputs wait and nothing is dropped."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RespondSettings:
    """Table `[respond]`: what signed commands may do here."""

    enabled: bool = False
    quarantine: Path | None = None
    """Folder of quarantined files; None: `quarantine` in the home folder."""
    never_touch: tuple[str, ...] = ()
    """Addresses, networks, absolute paths, and names of users or programs that no command may target."""


@dataclass(frozen=True, slots=True, kw_only=True)
class FileSettings:
    """`[[input]]` of kind `file`: a text log, followed through its rotations."""

    name: str = ""
    path: str
    """A path or a glob; `**` reaches into sub-folders."""
    dataset: str
    start: str = "end"
    """Where to begin in files that exist at the very first start: `end` or `beginning`."""
    timezone: str = ""
    """Offset of times that name none, like `+07:00`; empty: that of this machine."""


@dataclass(frozen=True, slots=True, kw_only=True)
class AuditdSettings:
    """`[[input]]` of kind `auditd`: the Linux audit log, record by record and event by event."""

    name: str = ""
    path: str = "/var/log/audit/audit.log"
    """A path or a glob."""
    start: str = "end"
    """Where to begin in files that exist at the very first start: `end` or `beginning`."""


@dataclass(frozen=True, slots=True, kw_only=True)
class EvtxSettings:
    """`[[input]]` of kind `evtx`: Windows event log files, each record once."""

    name: str = ""
    path: str
    """A path or a glob."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ProcessesSettings:
    """`[[input]]` of kind `processes`: what starts and ends on this machine."""

    name: str = ""
    interval_seconds: float = 0.5
    hash_limit_mb: int = 64
    """Executables above this size are not hashed; 0: none is."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ConnectionsSettings:
    """`[[input]]` of kind `connections`: listening and connected sockets of this machine."""

    name: str = ""
    interval_seconds: float = 2.0


@dataclass(frozen=True, slots=True, kw_only=True)
class CaptureSettings:
    """`[[input]]` of kind `capture`: network events from packets, live or from capture files."""

    name: str = ""
    interface: str = ""
    """Network interface to listen on; give this or `file`."""
    file: str = ""
    """A capture file, or a glob of them; new ones are read as they appear."""
    promiscuous: bool = False


InputSettings = FileSettings | AuditdSettings | EvtxSettings | ProcessesSettings | ConnectionsSettings | CaptureSettings

KINDS: dict[str, type[InputSettings]] = {
    "file": FileSettings,
    "auditd": AuditdSettings,
    "evtx": EvtxSettings,
    "processes": ProcessesSettings,
    "connections": ConnectionsSettings,
    "capture": CaptureSettings,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """All of the file."""

    server: ServerSettings
    collector: CollectorSettings
    spool: SpoolSettings
    respond: RespondSettings
    inputs: tuple[tuple[str, InputSettings], ...]
    """Kind and settings of each `[[input]]`, names filled in and unique."""


def load(path: Path) -> Settings:
    """Return the settings in the TOML file; raise `InputError` naming the place, the fault and the nearest name."""
    try:
        with path.open("rb") as file:
            text = file.read(MAX_FILE_BYTES + 1)
    except OSError as error:
        raise UnavailableError(
            f"cannot read the settings {path}: {error.strerror}; name another with --config"
        ) from error
    if len(text) > MAX_FILE_BYTES:
        raise InputError(f"{path}: larger than {MAX_FILE_BYTES} bytes, which no settings file is")
    try:
        document = tomllib.loads(text.decode("utf-8"))
    except (ValueError, RecursionError) as error:
        raise InputError(f"{path}: not TOML: {error}") from error
    return parse(document, path)


def parse(document: Mapping[str, object], path: Path) -> Settings:
    """Return the settings in a parsed document; `path` is for messages and for relative paths in it."""
    _check_names(document, ["server", "collector", "spool", "respond", "input"], f"{path}")
    settings = Settings(
        server=_table(ServerSettings, document.get("server", {}), f"{path}: [server]", path),
        collector=_table(CollectorSettings, document.get("collector", {}), f"{path}: [collector]", path),
        spool=_table(SpoolSettings, document.get("spool", {}), f"{path}: [spool]", path),
        respond=_table(RespondSettings, document.get("respond", {}), f"{path}: [respond]", path),
        inputs=_inputs(document.get("input", []), path),
    )
    _check_values(settings, path)
    return settings


def _check_values(settings: Settings, path: Path) -> None:
    if settings.server.url and not settings.server.url.startswith("https://"):
        raise InputError(f"{path}: [server] url: must start with https://, not {settings.server.url[:80]!r}")
    if settings.spool.limit_mb < 1:
        raise InputError(f"{path}: [spool] limit_mb: must be at least 1, not {settings.spool.limit_mb}")
    if not settings.collector.host.strip():
        raise InputError(f"{path}: [collector] host: must not be empty; leave it out to use the machine's own name")


def _inputs(tables: object, path: Path) -> tuple[tuple[str, InputSettings], ...]:
    if not isinstance(tables, list):
        raise InputError(f"{path}: input: write each one as a table of its own under [[input]]")
    found: list[tuple[str, InputSettings]] = []
    names: set[str] = set()
    for number, table in enumerate(tables, start=1):
        kind, settings = _input(table, f"{path}: [[input]] number {number}", path)
        if settings.name in names:
            raise InputError(
                f"{path}: [[input]] number {number}: name '{settings.name}' is taken; give it another name"
            )
        names.add(settings.name)
        found.append((kind, settings))
    return tuple(found)


def _input(table: object, place: str, path: Path) -> tuple[str, InputSettings]:
    if not isinstance(table, dict):
        raise InputError(f"{place}: expected a table")
    rest = dict(table)
    kind = rest.pop("kind", None)
    if not isinstance(kind, str):
        raise InputError(f"{place}: kind is missing; it is one of {', '.join(KINDS)}")
    if kind not in KINDS:
        raise InputError(f"{place}: unknown kind '{kind}'{_nearest(kind, list(KINDS))}")
    rest.setdefault("name", _default_name(kind, rest))
    settings: InputSettings = _table(KINDS[kind], rest, f"{place} ({kind})", path)
    _check_input(settings, f"{place} ({kind})")
    return kind, settings


def _default_name(kind: str, table: Mapping[str, object]) -> str:
    source = table.get("path") or table.get("interface") or table.get("file") or ""
    return f"{kind}:{source}" if source else kind


def _check_input(settings: InputSettings, place: str) -> None:
    match settings:
        case FileSettings() | AuditdSettings() if settings.start not in ("end", "beginning"):
            raise InputError(f"{place}: start must be 'end' or 'beginning', not '{settings.start}'")
        case FileSettings() | AuditdSettings() | EvtxSettings() if not Path(settings.path).is_absolute():
            raise InputError(f"{place}: path must be absolute, not '{settings.path}'")
        case CaptureSettings() if bool(settings.interface) == bool(settings.file):
            raise InputError(f"{place}: give either interface or file")
        case ProcessesSettings() | ConnectionsSettings() if not 0.05 <= settings.interval_seconds <= 3600:
            raise InputError(f"{place}: interval_seconds must be between 0.05 and 3600")


T = typing.TypeVar("T")


def _table(kind: type[T], table: object, place: str, path: Path) -> T:
    if not isinstance(table, dict):
        raise InputError(f"{place}: expected a table")
    hints = typing.get_type_hints(kind)
    known = {item.name: item for item in fields(kind)}  # type: ignore[arg-type]
    _check_names(table, list(known), place)
    for name, item in known.items():
        if item.default is MISSING and item.default_factory is MISSING and name not in table:
            raise InputError(f"{place}: {name} is missing")
    return kind(**{name: _value(table[name], hints[name], f"{place} {name}", path) for name in table})


def _value(value: object, wanted: object, place: str, path: Path) -> object:
    if typing.get_origin(wanted) is types.UnionType:
        wanted = next(choice for choice in typing.get_args(wanted) if choice is not type(None))
    if typing.get_origin(wanted) is tuple:
        if not isinstance(value, list) or not all(isinstance(item, str) for item in value):
            raise InputError(f'{place}: expected a list of texts like ["a", "b"], got {_shown(value)}')
        return tuple(value)
    if wanted is Path and isinstance(value, str) and value:
        return (path.parent / value).absolute()
    if wanted is float and type(value) is int:
        return float(value)
    if type(value) is not wanted:
        raise InputError(f"{place}: expected {_TYPE_NAMES[typing.cast(type, wanted)]}, got {_shown(value)}")
    return value


def _shown(value: object) -> str:
    return f"{value!r}"[:80]


def _check_names(table: Mapping[str, object], known: list[str], place: str) -> None:
    for name in table:
        if name not in known:
            raise InputError(f"{place}: unknown key '{name}'{_nearest(name, known)}")


def _nearest(name: str, known: list[str]) -> str:
    close = difflib.get_close_matches(name, known, n=1, cutoff=0.5)
    return f"; did you mean '{close[0]}'?" if close else f"; known are {', '.join(known)}"
