"""What a syslog message says of itself before anything parses it: which dataset, which machine."""

import re
from collections.abc import Callable

ANY = "linux.syslog"
"""Dataset of a line with a syslog header; its parser reads sshd, sudo, named and other daemons by itself."""
HEAD_CHARACTERS = 1_500
"""What tells a source apart stands at the front; more is not searched."""
CLOCK_CHARACTERS = 200
_CLOCK = re.compile(r"\d\d:\d\d:\d\d|\beventtime=")

# RFC 5424, or RFC 3164 with its own time or that of RFC 3339; both name the machine behind the time.
_MACHINE = re.compile(
    r"<\d{1,3}>(?:1 (?:\S{1,40}|-)|[A-Z][a-z]{2} (?: \d|\d\d?) \d\d:\d\d:\d\d(?:\.\d{1,9})?|\d{4}-\d\d-\d\dT\S{1,40})"
    r" (?P<host>[A-Za-z0-9][A-Za-z0-9._:-]{0,254}) "
)
_CISCO = re.compile(r"%[A-Z][A-Z0-9_]{1,30}(?:-[A-Z][A-Z0-9_]{1,30})?-[0-7]-[A-Z0-9_]{1,40}: ")
_AUDIT = re.compile(r" type=[A-Z][A-Z0-9_]{0,40} msg=audit\(\d")
_HAPROXY = re.compile(
    r" haproxy\[\d{1,10}\]: \S{3,52} \[\d\d/[A-Z][a-z]{2}/\d{4}:[\d:.]{8,15}\] \S+ \S+ [-\d/+]{3,60} "
)
_NGINX_ACCESS = re.compile(r' nginx: \S+ \S+ [^\[]{1,255} \[\d\d/[A-Z][a-z]{2}/\d{4}:[\d:]{8} [+-]\d{4}\] "')
_NGINX_ERROR = re.compile(r" nginx: \d{4}/\d\d/\d\d [\d:]{8} \[[a-z]{1,10}\] \d")


def _is_fortinet(head: str) -> bool:
    return "logid=" in head and "subtype=" in head


CONTENTS: dict[str, Callable[[str], object]] = {
    "fortinet.firewall": _is_fortinet,
    "cisco.ios": _CISCO.search,
    "linux.auditd": _AUDIT.search,
    "haproxy.http": _HAPROXY.search,
    "nginx.access": _NGINX_ACCESS.search,
    "nginx.error": _NGINX_ERROR.search,
}
"""Dataset to what tells its lines from others, for sources that speak a language of their own through syslog."""


def dataset_of(raw: str, told: str) -> str:
    """Return the dataset of a message: what its sender was told to send, or for `ANY` what the message looks like."""
    if told != ANY:
        return told
    head = raw[:HEAD_CHARACTERS]
    return next((dataset for dataset, is_like in CONTENTS.items() if is_like(head)), ANY)


def machine_of(raw: str) -> str:
    """Return the machine that the header names; empty where it names none."""
    found = _MACHINE.match(raw)
    return found["host"] if found else ""


def is_dated(raw: str) -> bool:
    """Return whether a message tells the time of day in its front part."""
    return _CLOCK.search(raw, 0, CLOCK_CHARACTERS) is not None
