"""What others call their logs, and what we call them."""

import re

from sentinel.errors import RefusedError

DATASET = re.compile(r"[a-z0-9_]{1,30}(\.[a-z0-9_]{1,30}){1,3}")
OWN = "sentinel."
_NO_WORD = re.compile(r"[^a-z0-9_]+")

KNOWN: dict[str, str] = {
    "system.auth": "linux.auth",
    "system.syslog": "linux.syslog",
    "auditd.log": "linux.auditd",
    "haproxy.log": "haproxy.http",
    "mysql.error": "mysql.log",
    "o365.audit": "m365.audit",
    "apache2.access": "apache.access",
    "apache2.error": "apache.error",
    "winlogbeat": "windows.evtx",
    "system.security": "windows.security",
    "system.system": "windows.system",
    "system.application": "windows.application",
    "linux_secure": "linux.auth",
    "linux_messages_syslog": "linux.syslog",
    "linux_audit": "linux.auditd",
    "syslog": "linux.syslog",
    "access_combined": "apache.access",
    "access_common": "apache.access",
    "apache_error": "apache.error",
    "nginx:access": "nginx.access",
    "nginx:error": "nginx.error",
    "nginx:plus:access": "nginx.access",
    "iis": "iis.access",
    "ms:iis:default": "iis.access",
    "haproxy:http": "haproxy.http",
    "squid:access": "squid.access",
    "aws:cloudtrail": "aws.cloudtrail",
    "cisco:ios": "cisco.ios",
    "cisco:asa": "cisco.ios",
    "fgt_traffic": "fortinet.firewall",
    "fgt_event": "fortinet.firewall",
    "fgt_utm": "fortinet.firewall",
    "o365:management:activity": "m365.audit",
    "postgresql:log": "postgresql.log",
    "kube:audit": "kubernetes.audit",
    "xmlwineventlog": "windows.evtx",
    "wineventlog": "windows.evtx",
}
"""Datasets of Elastic's modules and source types of Splunk, in lower case, to datasets of ours."""
_FAMILIES = (("xmlwineventlog:", "windows.evtx"), ("bro:", "zeek."), ("zeek:", "zeek."))


def dataset_named(name: str, default: str) -> str:
    """Return the dataset that a sender's own name stands for; `default` for an empty one.

    A name that is unknown and no dataset of ours becomes one of `app`. Raises `RefusedError` for Sentinel's own.
    """
    wanted = name.strip().lower()
    if not wanted:
        return default
    if wanted.startswith(OWN):
        raise RefusedError(f"only the server itself writes {wanted[:80]}")
    if found := KNOWN.get(wanted):
        return found
    for start, ours in _FAMILIES:
        if wanted.startswith(start):
            rest = _NO_WORD.sub("_", wanted.removeprefix(start).removesuffix(":json"))[:30]
            return ours + rest if ours.endswith(".") else ours
    if DATASET.fullmatch(wanted):
        return wanted
    word = _NO_WORD.sub("_", wanted).strip("_")[:30]
    return f"app.{word}" if word else default
