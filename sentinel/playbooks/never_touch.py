"""What no action may target, whoever approves it: checked on the server, and again on the machine itself."""

import ipaddress
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from sentinel.errors import InputError
from sentinel.playbooks.action import Arguments

_ALWAYS_NETWORKS = (
    "0.0.0.0/8",
    "127.0.0.0/8",
    "169.254.0.0/16",
    "224.0.0.0/4",
    "240.0.0.0/4",
    "::/127",
    "fe80::/10",
    "ff00::/8",
)
_ALWAYS_ACCOUNTS = ("root", "SYSTEM", "Administrator")
_ALWAYS_PATHS = (
    *("/bin", "/sbin", "/lib", "/lib32", "/lib64", "/boot", "/dev", "/etc", "/proc", "/sys"),
    *("/usr/bin", "/usr/sbin", "/usr/lib", "/usr/lib32", "/usr/lib64", "/usr/libexec"),
)

MAPPED_BITS = 96
"""Of an IPv6 address that holds an IPv4 address (RFC 4291, section 2.5.5.2)."""
Network = ipaddress.IPv4Network | ipaddress.IPv6Network


@dataclass(frozen=True, slots=True)
class NeverTouch:
    """Networks, folders and accounts out of reach."""

    networks: tuple[Network, ...]
    paths: tuple[str, ...]
    accounts: frozenset[str]

    @classmethod
    def of(cls, entries: Iterable[str] = ()) -> "NeverTouch":
        """Return what is always out of reach and `entries`: networks or addresses, absolute paths, account names."""
        networks = [ipaddress.ip_network(text) for text in _ALWAYS_NETWORKS]
        paths = list(_ALWAYS_PATHS)
        accounts = {name.casefold() for name in _ALWAYS_ACCOUNTS}
        for entry in entries:
            if not entry.strip():
                raise InputError("respond.never_touch: an entry is empty; write a network, a path or an account name")
            if entry.startswith("/"):
                paths.append(entry.rstrip("/") or "/")
            elif (network := _network(entry)) is not None:
                networks.append(network)
            else:
                accounts.add(entry.casefold())
        return cls(tuple(networks), tuple(paths), frozenset(accounts))

    def refusal(self, arguments: Arguments) -> str | None:
        """Return why these arguments may not be acted on, or None where nothing forbids it."""
        values: Mapping[str, object] = arguments.model_dump()
        for name, value in values.items():
            if isinstance(value, str) and (reason := self._reason(arguments.kind_of(name), value)):
                return f"{name} {value} is on the never-touch list ({reason})"
        return None

    def _reason(self, kind: str | None, value: str) -> str | None:
        if kind == "ip":
            address = ipaddress.ip_address(value)
            return next((str(network) for network in self.networks if address in network), None)
        if kind == "path":
            return next((path for path in self.paths if path == "/" or f"{value}/".startswith(f"{path}/")), None)
        if kind == "user":
            return "account" if value.casefold() in self.accounts else None
        return None


def _network(text: str) -> Network | None:
    """Return a network, IPv4 inside IPv6 unwrapped as addresses are; None for what can only be a name."""
    try:
        network = ipaddress.ip_network(text, strict=False)
    except ValueError:
        if text[0].isdigit() or ":" in text or "/" in text:
            raise InputError(f"respond.never_touch: {text!r} is not a network, a path or an account name") from None
        return None
    first = getattr(network.network_address, "ipv4_mapped", None)
    if first is not None and network.prefixlen >= MAPPED_BITS:
        return ipaddress.ip_network((first, network.prefixlen - MAPPED_BITS))
    return network
