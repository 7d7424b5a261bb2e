"""The lab's cabling: a bridge in the gateway, one virtual cable to every other machine, addresses, name service."""

import subprocess
from collections.abc import Mapping

from tests.lab.host import Host

NETWORK = "10.77.14"
"""A private range that exists only inside the namespaces."""
BRIDGE = "br0"
DOMAIN = "phuong-mau.example"
"""The made-up agency's domain; `.example` is reserved for that (RFC 2606)."""


def plug_in(gateway: Host, hosts: Mapping[int, Host]) -> None:
    """Make the bridge in `gateway` (address .1) and connect every host at its number in the range."""
    gateway.address, gateway.mac = f"{NETWORK}.1", _mac(1)
    script = f"""
    set -e
    ip link add {BRIDGE} address {gateway.mac} type bridge forward_delay 0 mcast_snooping 0
    ip address add {gateway.address}/24 dev {BRIDGE}
    ip link set {BRIDGE} up
    sysctl -qw net.ipv4.ip_forward=1
    """
    gateway.run(["sh", "-c", script])
    for number, host in hosts.items():
        _connect(gateway, number, host)
    for host in (gateway, *hosts.values()):
        _disable_offload(host)


def _connect(gateway: Host, number: int, host: Host) -> None:
    host.address, host.mac = f"{NETWORK}.{number}", _mac(number)
    gateway.run(["ip", "link", "add", f"port{number}", "type", "veth", "peer", "name", "lan"])
    # The machine's own process ids are not the gateway's, so the cable's end is handed over from outside both.
    subprocess.run(
        ["nsenter", "--target", str(gateway.pid), "--net", "ip", "link", "set", "lan", "netns", str(host.pid)],
        check=True,
        timeout=10,
    )
    gateway.run(["ip", "link", "set", f"port{number}", "master", BRIDGE, "up"])
    script = f"""
    set -e
    ip link set lan name eth0 address {host.mac}
    ip address add {host.address}/24 dev eth0
    ip link set eth0 up
    ip route add default via {NETWORK}.1
    """
    host.run(["sh", "-c", script])


def _disable_offload(host: Host) -> None:
    """Make the kernel fill in checksums and cut segments, as a real card would; without ethtool it is let be."""
    device = BRIDGE if host.address.endswith(".1") else "eth0"
    host.run(["sh", "-c", f"command -v ethtool && ethtool -K {device} tx off tso off gso off gro off"], check=False)


def _mac(number: int) -> str:
    # The second-lowest bit of the first byte marks a locally administered address.
    return f"02:77:14:00:00:{number:02x}"
