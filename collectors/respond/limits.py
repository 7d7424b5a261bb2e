"""What no command may target on this machine, whoever signed it."""

import ipaddress
import os
import socket
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol
from urllib.parse import urlsplit

import psutil

from sentinel.errors import InputError, RefusedError, UnavailableError

ALWAYS_NETWORKS = (
    *("0.0.0.0/8", "127.0.0.0/8", "169.254.0.0/16", "224.0.0.0/4", "240.0.0.0/4"),
    *("::/127", "fe80::/10", "ff00::/8"),
)
ALWAYS_PATHS = (
    *("/bin", "/sbin", "/lib", "/lib32", "/lib64", "/boot", "/dev", "/etc", "/proc", "/sys"),
    *("/usr/bin", "/usr/sbin", "/usr/lib", "/usr/lib32", "/usr/lib64", "/usr/libexec"),
)
ALWAYS_NAMES = frozenset({"init", "systemd", "systemd-journald", "systemd-logind", "systemd-udevd", "dbus-daemon"})
_ROUTES = Path("/proc/net/route")
_ROUTES6 = Path("/proc/net/ipv6_route")
_RESOLVERS = Path("/etc/resolv.conf")
_MAX_FILE = 1_000_000
MAPPED_BITS = 96
"""Of an IPv6 address that holds an IPv4 address (RFC 4291, section 2.5.5.2)."""

Address = ipaddress.IPv4Address | ipaddress.IPv6Address
Network = ipaddress.IPv4Network | ipaddress.IPv6Network


class RespondSettings(Protocol):
    """Table `[respond]` of the collector's settings, as far as it is needed here."""

    @property
    def quarantine(self) -> Path | None:
        """Folder of quarantined files; None: `quarantine` in the home folder."""

    @property
    def never_touch(self) -> tuple[str, ...]:
        """Networks, absolute paths, and names of users or programs."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """What is out of reach, and where things are kept."""

    home: Path
    quarantine: Path
    networks: tuple[Network, ...]
    paths: tuple[str, ...]
    names: frozenset[str]
    """Users and programs."""
    server: str
    """Address of the Sentinel server, `https://host:port`; the way to it is never cut."""

    @classmethod
    def of(cls, settings: RespondSettings, home: Path, server: str) -> "Limits":
        """Return the limits; raise `InputError` for an entry that is neither network, path nor name."""
        networks = [ipaddress.ip_network(text) for text in ALWAYS_NETWORKS]
        quarantine = (settings.quarantine or home / "quarantine").absolute()
        paths = [*ALWAYS_PATHS, os.fspath(home.absolute()), os.fspath(quarantine)]
        names = set(ALWAYS_NAMES)
        for entry in (*settings.never_touch, *getattr(settings, "never_kill", ())):
            if entry.startswith("/"):
                paths.append(os.path.normpath(entry))
            elif (network := _network(entry)) is not None:
                networks.append(network)
            elif entry.strip():
                names.add(entry)
            else:
                raise InputError("[respond] never_touch: an entry is empty; write a network, a path or a name")
        return cls(
            home=home,
            quarantine=quarantine,
            networks=tuple(networks),
            # What a link leads to is as far out of reach as the link.
            paths=tuple(dict.fromkeys([*paths, *map(os.path.realpath, paths)])),
            names=frozenset(names),
            server=server,
        )

    def check_path(self, path: str) -> None:
        """Raise `RefusedError` where the path lies in a folder that is out of reach."""
        for folder in self.paths:
            if folder == "/" or f"{path}/".startswith(f"{folder}/"):
                raise RefusedError(f"{path} is on this machine's never-touch list ({folder})")

    def check_name(self, name: str) -> None:
        """Raise `RefusedError` where a user or program of that name is out of reach."""
        if name in self.names:
            raise RefusedError(f"{name} is on this machine's never-touch list")

    def check_address(self, address: Address) -> None:
        """Raise `RefusedError` for an address that must stay reachable, `UnavailableError` where that is unknown."""
        if address.is_unspecified or address.is_multicast:
            raise RefusedError(f"{address} is no address of one machine")
        for network in self.networks:
            if address in network:
                raise RefusedError(f"{address} is on this machine's never-touch list ({network})")
        for what, found in (
            ("this machine's own address", own_addresses()),
            ("a gateway", gateways()),
            ("a DNS server", resolvers()),
            ("the Sentinel server", addresses_of(self.server)),
        ):
            if address in found:
                raise RefusedError(f"{address} is {what}; it is never blocked")


def own_addresses() -> set[Address]:
    """Return the addresses of this machine's interfaces."""
    return _addresses(item.address for items in psutil.net_if_addrs().values() for item in items)


def gateways() -> set[Address]:
    """Return the gateways of all routes (proc(5): /proc/net/route in host byte order, ipv6_route as plain hex)."""
    found: set[Address] = set()
    for line in _read(_ROUTES).splitlines()[1:]:
        columns = line.split()
        if len(columns) > 2 and columns[2] != "00000000":
            found.add(ipaddress.IPv4Address(int(columns[2], 16).to_bytes(4, "little")))
    for line in _read(_ROUTES6).splitlines():
        columns = line.split()
        if len(columns) > 4 and int(columns[4], 16):
            found.add(ipaddress.IPv6Address(int(columns[4], 16)))
    return found


def resolvers() -> set[Address]:
    """Return the DNS servers this machine asks."""
    lines = (line.split() for line in _read(_RESOLVERS).splitlines())
    return _addresses(words[1] for words in lines if len(words) > 1 and words[0] == "nameserver")


def addresses_of(url: str) -> set[Address]:
    """Return the addresses of the host in `url`; raise `UnavailableError` where its name is not found."""
    host = urlsplit(url).hostname
    if not host:
        return set()
    try:
        return _addresses(str(item[4][0]) for item in socket.getaddrinfo(host, None, proto=socket.IPPROTO_TCP))
    except OSError as error:
        raise UnavailableError(f"the address of {host} is not known now, so nothing can be blocked safely") from error


def _addresses(texts: Iterable[str]) -> set[Address]:
    found: set[Address] = set()
    for text in texts:
        try:
            address = ipaddress.ip_address(text.partition("%")[0])
            found.add(getattr(address, "ipv4_mapped", None) or address)
        except ValueError:
            continue  # A hardware address.
    return found


def _network(text: str) -> Network | None:
    """Return a network, IPv4 inside IPv6 unwrapped as addresses are; None for what can only be a name."""
    try:
        network = ipaddress.ip_network(text, strict=False)
    except ValueError:
        if text[:1].isdigit() or ":" in text or "/" in text:
            raise InputError(f"[respond] never_touch: {text!r} is not a network, a path or a name") from None
        return None
    first = getattr(network.network_address, "ipv4_mapped", None)
    if first is not None and network.prefixlen >= MAPPED_BITS:
        return ipaddress.ip_network((first, network.prefixlen - MAPPED_BITS))
    return network


def _read(path: Path) -> str:
    try:
        with path.open("rb") as file:
            return file.read(_MAX_FILE).decode("utf-8", "replace")
    except FileNotFoundError:
        return ""
    except OSError as error:
        raise UnavailableError(f"cannot read {path}: {error.strerror}") from error
