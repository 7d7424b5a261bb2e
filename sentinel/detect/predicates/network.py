"""Networks: an address inside a CIDR range, IPv4 and IPv6."""

from functools import lru_cache
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network
from socket import AF_INET, inet_pton

from sentinel.detect.check import Check, Reads
from sentinel.detect.values import Network


@lru_cache(maxsize=65_536)
def address(text: str) -> IPv4Address | IPv6Address | None:
    """Return the address in `text`, or None; an IPv4 address written as IPv6 is the IPv4 address."""
    if len(text) > 64:
        return None
    try:
        found = ip_address(text.strip().partition("%")[0])
    except ValueError:
        return None
    return (found.ipv4_mapped or found) if isinstance(found, IPv6Address) else found


@lru_cache(maxsize=65_536)
def _number(text: str) -> tuple[int, int] | None:
    """Return version and number of the address in `text`, or None."""
    try:
        # Nearly all are IPv4 in its one shortest form, which this reads many times as fast.
        return 4, int.from_bytes(inet_pton(AF_INET, text), "big")
    except (OSError, ValueError):
        found = address(text)
    return None if found is None else (found.version, int(found))


def cidr(value: Network, *, is_keyword: bool) -> Check:  # noqa: ARG001 - a whole text is an address or is none
    """Return the check of a value with modifier `cidr`; what is no address is in no network."""
    network = _network(value.cidr)
    version, first, mask = network.version, int(network.network_address), int(network.netmask)

    def inside(text: str) -> bool:
        found = _number(text)
        return found is not None and found[0] == version and found[1] & mask == first

    return Check(Reads.TEXT, inside)


def _network(cidr: str) -> IPv4Network | IPv6Network:
    """Return the network; one of IPv4 addresses written as IPv6 is the IPv4 network, as the addresses are."""
    network = ip_network(cidr)
    if isinstance(network, IPv6Network) and network.prefixlen >= 96 and network.network_address.ipv4_mapped:
        return IPv4Network((network.network_address.ipv4_mapped, network.prefixlen - 96))
    return network
