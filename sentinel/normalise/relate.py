"""Gathers the addresses, accounts, machines and hashes of a record, so that one search finds them all."""

from sentinel.model.by_names import ByNames
from sentinel.model.record import Fields

_SOURCES = {
    "related.ip": (
        "source.ip",
        "destination.ip",
        "host.ip",
        "dns.resolved_ip",
        "sentinel.arp.sender_ip",
        "sentinel.arp.target_ip",
    ),
    "related.user": ("user.name", "user.effective.name", "user.target.name"),
    "related.hosts": ("host.name", "source.domain", "destination.domain", "url.domain", "log.syslog.hostname"),
    "related.hash": (
        "process.hash.md5",
        "process.hash.sha1",
        "process.hash.sha256",
        "process.pe.imphash",
        "file.hash.sha256",
        "dll.hash.sha256",
    ),
}
_PAIRS = tuple((name, target) for target, names in _SOURCES.items() for name in names)


_pairs_of = ByNames(lambda names: [(name, target) for name, target in _PAIRS if name in names])


def relate(fields: Fields) -> None:
    """Add `related.*` to `fields`, each a list without repeats in the order above."""
    found: dict[str, list[str]] = {}
    for name, target in _pairs_of(tuple(fields)):
        value = fields[name]
        if not value:
            continue
        values = found.setdefault(target, [])
        for item in value if isinstance(value, list) else (value,):
            if item not in values:
                values.append(str(item))
    fields.update(found)
