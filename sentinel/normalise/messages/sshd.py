"""What OpenSSH's server says about log-ins.

Account names come from the other side and may imitate the rest of a message; every pattern therefore takes the last
`from ADDRESS port NUMBER`, which sshd writes itself, and is anchored at both ends.
"""

import re
from collections.abc import Callable

from sentinel.model.record import Fields
from sentinel.normalise.values import address, port

_FROM = r"(?P<from>\S{1,255})(?: port (?P<port>\d{1,5}))?"  # before OpenSSH 5.4 without a port
_WHO = r"(?P<invalid>(?:invalid|illegal) user )?(?P<user>.*)"
_TRIED = re.compile(
    rf"(?P<how>Accepted|Failed|Postponed|Partial) (?P<method>\S+) for {_WHO} from {_FROM}"
    r"(?: ssh\d?)?(?: \[preauth\])?(?:: (?P<key>.*))?"
)
_INVALID = re.compile(r"(?:Invalid|Illegal) user (?P<user>.*?) ?from (?P<from>\S{1,255})(?: port (?P<port>\d{1,5}))?")
_CLOSED = re.compile(
    r"(?:error: )?(?P<how>Connection closed by|Connection reset by|Disconnected from|Disconnecting"
    r"|Received disconnect from|Connection from|Timeout before authentication for)"
    # With an account before it, only an address with a port is one: the account may look like anything.
    r" (?:(?P<kind>(?:authenticating |invalid )?user) (?P<user>.*) (?P<from>\S{1,255}) port (?P<port>\d{1,5})"
    r"|(?:connection from )?(?P<from2>\S{1,255})(?: port (?P<port2>\d{1,5}))?)(?P<rest>[\s:,].*)?"
)
_TOO_MANY = re.compile(rf"(?:error: )?maximum authentication attempts exceeded for {_WHO} from {_FROM}(?: ssh\d?)?.*")
_PAM_ERROR = re.compile(
    r"error: PAM: (?P<why>.{1,80}) for (?P<invalid>illegal user )?(?P<user>.*) from (?P<from>\S{1,255})(?: via \S+)?"
)
_NOT_ALLOWED = re.compile(r"User (?P<user>.*?)(?: from (?P<from>\S{1,255}))? not allowed because (?P<why>.*)")
_ROOT = re.compile(rf"(?P<user>ROOT) (?P<why>LOGIN REFUSED) FROM {_FROM}(?: \[preauth\])?")
_WRAPPER = re.compile(r"(?P<why>refused connect) from (?P<user>)(?:\S{0,255}@)?(?P<from>\S{1,255}?)(?: \(\S{1,255}\))?")
_PROBE = re.compile(
    r"(?:error: )?(?:Did not receive identification string from|Bad protocol version identification '.*' from"
    r"|banner exchange: Connection from|Unable to negotiate with|kex_exchange_identification: .* from)"
    rf" {_FROM}(?::? ?(?P<why>.*))?"
)
_SESSION = re.compile(rf"Starting session: (?P<what>.{{1,255}}) for (?P<user>\S{{1,255}}) from {_FROM}(?: id \d+)?")
_KEY = re.compile(r"\S{1,20} (?P<print>(?:SHA256|MD5):\S{1,100})")

_LOGIN: Fields = {"event.category": ["authentication"], "event.type": ["start"]}
_INFO: Fields = {"event.category": ["authentication"], "event.type": ["info"]}


def _peer(found: re.Match[str]) -> Fields:
    """Return `source.*` of the groups `from` and `port`."""
    names = found.groupdict()
    fields: Fields = {}
    if host := (names.get("from") or (names.get("from2") or "").rstrip(":")):
        ip = address(host)
        fields["source.domain" if ip is None else "source.ip"] = host if ip is None else ip
    if (number := port(names.get("port") or names.get("port2") or "")) is not None:
        fields["source.port"] = number
    return fields


def _user(found: re.Match[str]) -> Fields:
    fields: Fields = {}
    if name := found["user"]:
        fields["user.name"] = name
    if found.groupdict().get("invalid"):
        fields["sentinel.auth.is_invalid_user"] = True
    return fields


def _tried(found: re.Match[str]) -> Fields:
    fields = _LOGIN | _peer(found) | _user(found)
    fields["event.action"] = "ssh_login"
    fields["sentinel.auth.method"] = found["method"].partition("/")[0]
    if found["how"] in ("Accepted", "Failed"):
        fields["event.outcome"] = "success" if found["how"] == "Accepted" else "failure"
    else:
        fields["event.outcome"] = "unknown"
        fields["event.type"] = ["info"]
    if key := _KEY.match(found["key"] or ""):
        fields["sentinel.auth.key_fingerprint"] = key["print"]
    return fields


def _invalid(found: re.Match[str]) -> Fields:
    return {
        **_INFO,
        **_peer(found),
        **_user(found),
        "event.action": "ssh_invalid_user",
        "event.outcome": "failure",
        "sentinel.auth.is_invalid_user": True,
    }


def _closed(found: re.Match[str]) -> Fields:
    fields = {**_INFO, **_peer(found), "event.action": "ssh_disconnect"}
    if found["how"] == "Connection from":
        return {**fields, "event.action": "ssh_connect", "event.type": ["start"]}
    if found["user"]:
        fields["user.name"] = found["user"]
    if found["kind"] == "invalid user":
        fields["sentinel.auth.is_invalid_user"] = True
    if "[preauth]" in (found["rest"] or "") or found["how"].startswith("Timeout"):
        fields["event.outcome"] = "failure"
    else:
        fields["event.type"] = ["end"]
    return fields


def _too_many(found: re.Match[str]) -> Fields:
    return {
        **_LOGIN,
        **_peer(found),
        **_user(found),
        "event.action": "ssh_max_attempts",
        "event.outcome": "failure",
        "event.reason": "maximum authentication attempts exceeded",
    }


def _refused(found: re.Match[str]) -> Fields:
    return {
        **_INFO,
        **_peer(found),
        **_user(found),
        "event.action": "ssh_refused",
        "event.outcome": "failure",
        "event.reason": found["why"],
    }


def _root_refused(found: re.Match[str]) -> Fields:
    return {**_refused(found), "user.name": "root"}


def _probe(found: re.Match[str]) -> Fields:
    fields = {**_INFO, **_peer(found), "event.action": "ssh_probe", "event.outcome": "failure"}
    if found["why"]:
        fields["event.reason"] = found["why"]
    return fields


def _session(found: re.Match[str]) -> Fields:
    return {
        "event.category": ["session"],
        "event.type": ["start"],
        **_peer(found),
        **_user(found),
        "event.action": "ssh_session_started",
        "event.outcome": "success",
    }


_BY_FIRST_WORD: dict[str, tuple[tuple[re.Pattern[str], Callable[[re.Match[str]], Fields]], ...]] = {
    "Accepted": ((_TRIED, _tried),),
    "Failed": ((_TRIED, _tried),),
    "Postponed": ((_TRIED, _tried),),
    "Partial": ((_TRIED, _tried),),
    "Invalid": ((_INVALID, _invalid),),
    "Illegal": ((_INVALID, _invalid),),
    "Connection": ((_CLOSED, _closed),),
    "Disconnected": ((_CLOSED, _closed),),
    "Disconnecting": ((_CLOSED, _closed),),
    "Received": ((_CLOSED, _closed),),
    "Timeout": ((_CLOSED, _closed),),
    "Starting": ((_SESSION, _session),),
    "maximum": ((_TOO_MANY, _too_many),),
    "ROOT": ((_ROOT, _root_refused),),
    "refused": ((_WRAPPER, _refused),),
    "error:": ((_TOO_MANY, _too_many), (_PAM_ERROR, _refused), (_PROBE, _probe), (_CLOSED, _closed)),
    "User": ((_NOT_ALLOWED, _refused),),
    "Did": ((_PROBE, _probe),),
    "Bad": ((_PROBE, _probe),),
    "banner": ((_PROBE, _probe),),
    "Unable": ((_PROBE, _probe),),
    "kex_exchange_identification:": ((_PROBE, _probe),),
}


def read(message: str) -> Fields | None:
    """Return what `message` says, or None where it says nothing about a log-in."""
    message = message.removeprefix("fatal: ").rstrip()
    for pattern, make in _BY_FIRST_WORD.get(message.partition(" ")[0], ()):
        if found := pattern.fullmatch(message):
            return make(found)
    return None
