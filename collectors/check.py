"""Says what this collector would read and where it would send it, without sending an event."""

from collections.abc import Iterator
from dataclasses import dataclass

from collectors import spool_tables
from collectors.enrolment import ca_fingerprint
from collectors.identity import CA_FILE, load_identity
from collectors.inputs import make_input
from collectors.reading import Inspectable
from collectors.run import can_respond, connect
from collectors.settings import FileSettings, InputSettings, Settings
from sentinel.errors import SentinelError, UnavailableError

TIMEOUT_SECONDS = 10.0


@dataclass(frozen=True, slots=True)
class Finding:
    """One line of the check."""

    what: str
    sentence: str
    is_right: bool = True


def check(settings: Settings) -> Iterator[Finding]:
    """Yield what was found, part by part; nothing is written."""
    home = settings.collector.home
    yield Finding("collector", f"host {settings.collector.host}, home {home}")
    yield from _guarded("identity", _identity(settings))
    yield from _guarded("server", _server(settings))
    yield from _guarded("respond", _respond(settings))
    cursors: dict[str, str] = {}
    try:
        found = spool_tables.peek(home)
        waiting, cursors = found or (0, {})
        limit = f"may grow to {settings.spool.limit_mb} MB"
        yield Finding("spool", f"{waiting} events wait, {limit}" if found else f"not there yet, {limit}")
    except SentinelError as error:
        yield Finding("spool", str(error), is_right=False)
    if not settings.inputs:
        yield Finding("input", "none is configured: nothing would be read; add an [[input]]", is_right=False)
    for kind, options in settings.inputs:
        yield from _guarded(f"input {options.name}", _input(kind, options, cursors.get(options.name)))


def _guarded(what: str, sentences: Iterator[str]) -> Iterator[Finding]:
    try:
        for sentence in sentences:
            yield Finding(what, sentence)
    except SentinelError as error:
        yield Finding(what, str(error), is_right=False)


def _identity(settings: Settings) -> Iterator[str]:
    identity = load_identity(settings.collector.home)
    if identity is None:
        raise UnavailableError("not enrolled; run: sentinel-collect enrol TOKEN")
    yield f"enrolled as {identity.collector} of agency {identity.agency}"


def _server(settings: Settings) -> Iterator[str]:
    ca = settings.server.ca or settings.collector.home / CA_FILE
    identity = load_identity(settings.collector.home)
    if identity is None:
        url = settings.server.url or "the address in the token"
        yield f"events would go to {url} once enrolled"
        return
    fingerprint = ca_fingerprint(ca)
    client = connect(settings, identity)
    try:
        yield f"events go to {client.url}; trusted CA {ca}, SHA-256 {fingerprint}"
        answer = client.get("/api/v1/ca", TIMEOUT_SECONDS)
    finally:
        client.close()
    if answer.status != 200:
        raise UnavailableError(f"it answers, but not as a Sentinel server does (HTTP {answer.status})")
    yield "reachable, and its certificate is from that CA"


def _respond(settings: Settings) -> Iterator[str]:
    if not settings.respond.enabled:
        yield "off: no command is carried out here"
    elif can_respond(settings):
        yield "on: signed commands are carried out"
    else:
        raise UnavailableError("on, but the extra 'respond' is missing: pip install 'sentinel-soc[respond]'")


def _input(kind: str, options: InputSettings, cursor: str | None) -> Iterator[str]:
    source = make_input(kind, options)
    dataset = f" as {options.dataset}" if isinstance(options, FileSettings) else ""
    yield f"kind {kind}{dataset}"
    if isinstance(source, Inspectable):
        yield from source.inspect(cursor)
