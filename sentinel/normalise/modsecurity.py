"""What ModSecurity adds to a web server's error log: `[id "932160"] [msg "..."] [uri "/"]` and so on."""

import re

from sentinel.model.record import Fields

_DETAIL = re.compile(r'\[(?P<name>[a-z_]{1,30}) "(?P<value>(?:[^"\\]|\\.)*)"\]', re.DOTALL)
_NAMES = {
    "id": "event.code",
    "msg": "event.reason",
    "severity": "log.level",
    "uri": "url.path",
    "hostname": "url.domain",
    "file": "sentinel.firewall.rule",
}
_MARK = "ModSecurity"


def add_findings(fields: Fields, message: str) -> None:
    """Add what a rule of ModSecurity found, where `message` says that one did."""
    if _MARK not in message:
        return
    fields["service.type"] = "modsecurity"
    fields["event.action"] = "deny" if "Access denied" in message else "detect"
    for count, found in enumerate(_DETAIL.finditer(message)):
        if count >= 64:
            break
        if (name := _NAMES.get(found["name"])) is not None:
            fields[name] = found["value"]
