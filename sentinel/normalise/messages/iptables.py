"""What the Linux kernel says about packets that a firewall rule logs."""

import re

from sentinel.model.record import Fields
from sentinel.normalise.pairs import first_pairs
from sentinel.normalise.values import address, port, whole

# netfilter's LOG target: an own prefix, then IN= OUT= and the packet's headers.
_LINE = re.compile(r"(?:\[ ?\d{1,10}\.\d{1,9}\] )?(?P<prefix>.{0,64}?)\bIN=(?P<rest>\S* .*)", re.DOTALL)
_BLOCKED = re.compile(r"\b(?:block|drop|reject|den(?:y|ied))", re.IGNORECASE)
_ALLOWED = re.compile(r"\b(?:allow|accept|pass|audit)", re.IGNORECASE)
_MAC_OCTETS = 6


def read(message: str) -> Fields | None:
    """Return who sent what to whom, and what became of it where the rule's prefix says so."""
    found = _LINE.fullmatch(message)
    if found is None:
        return None
    said = first_pairs("IN=" + found["rest"])
    source, destination = address(said.get("SRC", "")), address(said.get("DST", ""))
    if source is None or destination is None:
        return None
    fields: Fields = {
        "event.category": ["network"],
        "event.type": ["connection"],
        "event.provider": "iptables",
        "source.ip": source,
        "destination.ip": destination,
        "network.transport": said.get("PROTO", "").lower() or "unknown",
    }
    for name, key in (("source.port", "SPT"), ("destination.port", "DPT")):
        if (number := port(said.get(key, ""))) is not None:
            fields[name] = number
    if (size := whole(said.get("LEN", ""))) is not None:
        fields["network.bytes"] = size
    for name, key in (("observer.ingress.interface.name", "IN"), ("observer.egress.interface.name", "OUT")):
        if said.get(key):
            fields[name] = said[key]
    octets = said.get("MAC", "").split(":")
    if len(octets) >= 2 * _MAC_OCTETS:
        fields["destination.mac"] = "-".join(octets[:_MAC_OCTETS]).upper()
        fields["source.mac"] = "-".join(octets[_MAC_OCTETS : 2 * _MAC_OCTETS]).upper()
    _add_verdict(fields, found["prefix"].strip())
    return fields


def _add_verdict(fields: Fields, prefix: str) -> None:
    """Add what happened: the LOG target does not say it, but by custom its prefix does, as with `[UFW BLOCK]`."""
    if prefix:
        fields["sentinel.firewall.rule"] = prefix
    if _BLOCKED.search(prefix):
        fields |= {"event.action": "deny", "event.type": ["connection", "denied"]}
    elif _ALLOWED.search(prefix):
        fields |= {"event.action": "accept", "event.type": ["connection", "allowed"]}
