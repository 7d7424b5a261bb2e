"""Networks: an address inside a CIDR range, IPv4 and IPv6."""

from functools import lru_cache
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network

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


def cidr(value: Network, *, is_keyword: bool) -> Check:  # noqa: ARG001 - a whole text is an address or is none
    """Return the check of a value with modifier `cidr`; what is no address is in no network."""
    network = _network(value.cidr)

    def inside(text: str) -> bool:
        found = address(text)
        return found is not None and found.version == network.version and found in network

    return Check(Reads.TEXT, inside)


def _network(cidr: str) -> IPv4Network | IPv6Network:
    """Return the network; one of IPv4 addresses written as IPv6 is the IPv4 network, as the addresses are."""
    network = ip_network(cidr)
    if isinstance(network, IPv6Network) and network.prefixlen >= 96 and network.network_address.ipv4_mapped:
        return IPv4Network((network.network_address.ipv4_mapped, network.prefixlen - 96))
    return network
