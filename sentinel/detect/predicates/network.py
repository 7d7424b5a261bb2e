"""Networks: an address inside a CIDR range, IPv4 and IPv6."""

from functools import lru_cache
from ipaddress import IPv4Address, IPv6Address, ip_address

from sigma.types import SigmaCIDRExpression

from sentinel.detect.place import Place, Test, any_text


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


def cidr(value: SigmaCIDRExpression, place: Place) -> Test:
    """Return the test of a value with modifier `cidr`; what is no address is in no network."""
    network = value.network

    def inside(text: str) -> bool:
        found = address(text)
        return found is not None and found.version == network.version and found in network

    return any_text(place.texts(), inside)
