"""What wrote a file, told from its content, and where that does not tell, from its name."""

import re
from collections import Counter
from collections.abc import Iterator

LOOK_AT_LINES = 50
LOOK_AT_CHARACTERS = 2_000
LOOK_FOR_CLOCK = 40
SYSLOG, AUTH, TEXT, OBJECT = "linux.syslog", "linux.auth", "app.text", "app.json"
DOCUMENT = "ecs.document"

_LINES: tuple[tuple[str, re.Pattern[str]], ...] = (
    ("linux.sysmon", re.compile(r"<Provider Name=[\"']Linux-Sysmon")),
    ("windows.evtx", re.compile(r"^\s*(?:-\s*)?<Event[\s>]")),
    ("linux.auditd", re.compile(r"(?:^|\s)type=[A-Z][A-Z0-9_]{1,40}(?:\[\d+\])? (?:msg=)?audit\(\d")),
    ("cisco.ios", re.compile(r"%[A-Z][A-Z0-9_]{1,30}(?:-[A-Za-z][A-Za-z0-9_]{1,30})?-[0-7]-[A-Z0-9_]{1,40}[: ]")),
    ("fortinet.firewall", re.compile(r"\blogid=\"?\d{6,}.{0,400}\btype=")),
    (
        "haproxy.http",
        re.compile(r":\d{1,5} \[\d\d/\w{3}/\d{4}:[\d:.]{8,15}\] \S{1,128} \S{1,128}/\S{1,128} [-\d]{1,10}/"),
    ),
    ("squid.access", re.compile(r"^\d{9,11}\.\d{3} +-?\d{1,12} \S{1,255} [A-Z_]{1,60}/\d{3} \d{1,19} ")),
    ("nginx.access", re.compile(r'^(?:\S{1,255} ){1,2}\S{1,255} .{0,80}?\[\d{1,2}/\w{3}/\d{4}:[^\]]{0,40}\] "')),
    ("nginx.error", re.compile(r"^\d{4}/\d\d/\d\d [\d:]{8} \[\w{1,10}\] \d{1,10}#\d{1,20}: ")),
    ("apache.error", re.compile(r"^\[\w{3} \w{3} +\d{1,2} [\d:.]{8,18} \d{4}\] \[")),
    ("vsftpd.log", re.compile(r"^\w{3} \w{3} +\d{1,2} [\d:]{8} \d{4} \[pid \d{1,10}\] ")),
    ("dns.query", re.compile(r"^\d\d-\w{3}-\d{4} [\d:.]{8,15} (?:[\w-]{1,20}: ){0,3}client ")),
    (
        "mysql.log",
        re.compile(r"^\d{4}-\d\d-\d\dT[\d:.]{8,15}(?:Z|[+-]\d\d:\d\d)?\s+\d{1,12} (?:\[\w{1,10}\] |Query\b|Connect\b)"),
    ),
    (
        "postgresql.log",
        re.compile(
            r"\d{4}-\d\d-\d\d [\d:.]{8,15} [A-Z+\d:]{1,6} \[\d{1,10}(?:-\d{1,6})?\].{0,200}?\b[A-Z]{3,9}: {1,2}"
        ),
    ),
    ("clamav.log", re.compile(r"^(?:.{0,40} -> )?/.{1,400}: \S{1,255} FOUND$")),
    (
        SYSLOG,
        re.compile(
            r"^(?:<\d{1,3}>)?(?:[A-Z][a-z]{2} +\d{1,2} \d\d:\d\d:\d\d|\d{4}-\d\d-\d\dT\d\d:\d\d:\S{1,23}[^\s:])"
            r" [\w.:-]+ [\w./()@-]{1,64}(?:\[\d{1,10}\])?: "
        ),
    ),
    (SYSLOG, re.compile(r"^<\d{1,3}>1 (?:\d{4}-\d\d-\d\dT\S{8,40}|-) ")),
)
"""How a line of each kind of log begins, or what stands in it; the more telling first."""
_AUTH_LINE = re.compile(
    r"^(?:<\d{1,3}>1? ?)?(?:\w{3} [ \d]\d [\d:]{8}|\d{4}-\d\d-\d\dT\S{8,40}) \S+"
    r" (?:sshd|sudo|su|login|CRON|systemd-logind)\b"
)
_HEADERS: tuple[tuple[str, re.Pattern[str]], ...] = (
    ("zeek.log", re.compile(r"^#separator ", re.MULTILINE)),
    ("iis.access", re.compile(r"^#Fields:.{0,2000}\b(?:cs-uri-stem|sc-status)\b", re.MULTILINE)),
    ("microsoft.firewall", re.compile(r"^#Fields:.{0,2000}\bsrc-ip\b", re.MULTILINE)),
)
"""Kinds of files that say at their top what their columns are."""
_FRAMEWORKS: tuple[tuple[str, re.Pattern[str]], ...] = (
    ("app.django", re.compile(r"\bdjango\.(?:request|security|core|db)\b")),
    ("app.python", re.compile(r"^Traceback \(most recent call last\):", re.MULTILINE)),
    ("app.rails", re.compile(r"\bAction(?:Controller|Dispatch|View)::")),
    ("app.spring", re.compile(r"\borg\.springframework\.")),
    ("app.jvm", re.compile(r"^[ \t]+at [\w.$/<>]{3,200}\((?:\w{1,80}\.java:\d{1,6}|Native Method)\)", re.MULTILINE)),
    ("app.nodejs", re.compile(r"^[ \t]+at .{1,200}\(?(?:node:|/)[^\s()]{1,200}:\d{1,6}:\d{1,6}\)?$", re.MULTILINE)),
    ("app.guacamole", re.compile(r"\bo\.a\.g\.|\borg\.apache\.guacamole\.|\bguacd\[")),
)
_NAMES: tuple[tuple[str, re.Pattern[str]], ...] = (
    (AUTH, re.compile(r"^(?:auth\.log|secure)\b")),
    (SYSLOG, re.compile(r"^(?:syslog|messages|daemon\.log|kern\.log|cron)\b")),
    ("nginx.access", re.compile(r"access[._-]?log")),
)
_NO_LOG = re.compile(r"\.(?:ya?ml|md|rst|py|toml|ini|cfg|conf|html?|xml|sh|csv)$", re.IGNORECASE)
_CLOCK = re.compile(r"\d{1,4}[-/]\d\d[-/]\d{2,4}.{0,2}\d\d:\d\d|\b\d\d:\d\d:\d\d\b")
_TIME_KEYS = frozenset(
    {"@timestamp", "timestamp", "time", "ts", "t", "asctime", "eventTime", "EventTime", "TimeGenerated"}
)
_JSON: tuple[tuple[str, frozenset[str]], ...] = (
    ("kubernetes.audit", frozenset({"auditID", "verb", "stage"})),
    ("aws.cloudtrail", frozenset({"eventVersion", "eventSource", "eventName"})),
    ("m365.audit", frozenset({"Operation", "Workload", "CreationTime"})),
    ("app.opencanary", frozenset({"logtype", "node_id", "dst_host"})),
    ("egov.onestop", frozenset({"action", "user", "office", "outcome"})),
)
"""Names that an object of each kind has."""
_ECS_GROUPS = ("ecs", "agent", "host", "log", "event", "source", "process", "user")
"""Objects that a document of ECS holds beside its `@timestamp`; other logs have texts there."""
_AUDIT_ID = re.compile(r"\d{1,11}\.\d{1,6}:\d{1,12}")
_EGOV_NAMES = frozenset({"time", "action", "outcome"})
_EGOV = re.compile(r"(?<![a-z])(onestop|portal|lgsp|edoc|signing|certification|mail|conference|ioc)(?![a-z])")
"""Service whose audit log a file's name says it is: `egov-portal.ndjson`, `lgsp.log`."""


def guess_line(line: str) -> str | None:
    """Return the dataset that a single line is of; None where it does not tell."""
    start = line[:LOOK_AT_CHARACTERS]
    return next((dataset for dataset, pattern in _LINES if pattern.search(start)), None)


def has_clock(line: str) -> bool:
    """Return whether a line begins with a time of some kind."""
    return _CLOCK.search(line[:LOOK_FOR_CLOCK]) is not None


def guess_text(name: str, head: str) -> str | None:
    """Return the dataset of a text log by its first lines, or by its name; None where it is no log we can tell."""
    if "\0" in head or _NO_LOG.search(name):
        return None
    for kind, pattern in _HEADERS:
        if pattern.search(head):
            return kind
    lines = [line for line in head.split("\n")[:LOOK_AT_LINES] if line.strip()]
    found = Counter(dataset for line in lines if (dataset := guess_line(line)))
    if found:
        most = found.most_common(1)[0][0]
        is_auth = most == SYSLOG and (_by_name(name) == AUTH or any(map(_AUTH_LINE.search, lines)))
        return AUTH if is_auth else most
    return _by_name(name) or _application(head, lines)


def _by_name(name: str) -> str | None:
    return next((dataset for dataset, pattern in _NAMES if pattern.search(name)), None)


def _application(head: str, lines: list[str]) -> str | None:
    """Return whose log a text is that has no format of its own: `app.text` where only a time shows that it is one."""
    for dataset, pattern in _FRAMEWORKS:
        if pattern.search(head):
            return dataset
    return TEXT if any(_CLOCK.search(line[:120]) for line in lines) else None


def guess_json(found: object, name: str = "") -> str | None:
    """Return the dataset of one JSON object in a file called `name`; None where nothing tells."""
    if not isinstance(found, dict):
        return None
    return next(_said_by(found, name), None)


def _named(found: dict[str, object]) -> Iterator[str]:
    """Yield the dataset that an object names, in either notation."""
    event = found.get("event")
    said = found.get("event.dataset") or (event.get("dataset") if isinstance(event, dict) else None)
    if isinstance(said, str) and said:
        yield said


def _said_by(found: dict[str, object], name: str) -> Iterator[str]:
    """Yield what an object may be, the surest first."""
    yield from _named(found)
    if isinstance(found.get("Event"), dict) or isinstance(found.get("winlog"), dict):
        yield "windows.evtx"
    if "EventID" in found or ("event_id" in found and "log_name" in found):
        yield "windows.evtx"
    if isinstance(path := found.get("_path"), str) and re.fullmatch(r"[a-z0-9_]{1,30}", path):
        yield f"zeek.{path}"
    stem = name.partition(".")[0]
    if {"ts", "id.orig_h"} <= found.keys() and re.fullmatch(r"[a-z0-9_]{1,30}", stem):
        yield f"zeek.{stem}"
    if _AUDIT_ID.fullmatch(str(found.get("ID", ""))) or "type=AUOMS" in str(found.get("SyslogMessage", ""))[:40]:
        yield "linux.audit_event"
    if found.keys() >= _EGOV_NAMES and (service := _EGOV.search(name)) is not None:
        yield f"egov.{service[1]}"
    yield from (dataset for dataset, names in _JSON if names <= found.keys())
    if "@timestamp" in found and any(isinstance(found.get(group), dict) for group in _ECS_GROUPS):
        yield DOCUMENT
    if _TIME_KEYS & found.keys():
        yield OBJECT
