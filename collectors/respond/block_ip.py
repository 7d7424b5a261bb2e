"""Blocks one address both ways in this machine's own nftables table; the kernel forgets it by itself a little later."""

import ipaddress
import json
import shutil
import subprocess
from typing import Any

from collectors.respond.executor import Done, Task
from collectors.respond.limits import Address, Limits
from sentinel.errors import InputError, RefusedError, UnavailableError

TABLE = "inet sentinel"
TIMEOUT_SECONDS = 15
MARGIN_SECONDS = 60
"""The kernel's own timeout comes this much after ours: a second safety, should the collector never run again."""
_SETS = {4: "blocked4", 6: "blocked6"}
# Our chains only ever drop, so they come before other filters and leave them as they are.
_FRAME = f"""
add table {TABLE}
add set {TABLE} blocked4 {{ type ipv4_addr; flags timeout; }}
add set {TABLE} blocked6 {{ type ipv6_addr; flags timeout; }}
add chain {TABLE} incoming {{ type filter hook input priority -150; policy accept; }}
add chain {TABLE} outgoing {{ type filter hook output priority -150; policy accept; }}
add chain {TABLE} passing {{ type filter hook forward priority -150; policy accept; }}
flush chain {TABLE} incoming
flush chain {TABLE} outgoing
flush chain {TABLE} passing
add rule {TABLE} incoming ip saddr @blocked4 counter drop
add rule {TABLE} incoming ip6 saddr @blocked6 counter drop
add rule {TABLE} outgoing ip daddr @blocked4 counter drop
add rule {TABLE} outgoing ip6 daddr @blocked6 counter drop
add rule {TABLE} passing ip saddr @blocked4 counter drop
add rule {TABLE} passing ip daddr @blocked4 counter drop
add rule {TABLE} passing ip6 saddr @blocked6 counter drop
add rule {TABLE} passing ip6 daddr @blocked6 counter drop
"""


class BlockIp:
    """Class 1: unblocked at its time."""

    is_reversible = True
    is_repeatable = False

    def __init__(self, limits: Limits) -> None:
        """Keep to `limits`."""
        self._limits = limits

    def perform(self, task: Task) -> Done:
        """Put the address into our set, with a timeout of its own."""
        address = _address(task)
        self._limits.check_address(address)
        if task.undo_at is None:
            raise RefusedError("block_ip: a block without an end is refused")
        seconds = int((task.undo_at - task.now).total_seconds()) + MARGIN_SECONDS
        if seconds <= MARGIN_SECONDS:
            raise RefusedError("block_ip: its time is over already")
        present = _listed(address) if _has_table() else None
        if present is not None and present >= seconds:
            return Done(f"{address} was blocked already, for longer")
        element = f"element {TABLE} {_SETS[address.version]} {{ {address}"
        again = f"delete {element} }}\n" if present is not None else ""
        _nft(f"{_FRAME}{again}add {element} timeout {seconds}s }}\n")
        return Done(f"{address} is blocked until {task.undo_at.isoformat()}")

    def verify(self, task: Task) -> str:
        """Return that the kernel lists the address, and for how long."""
        address = _address(task)
        seconds = _listed(address) if _has_table() else None
        if seconds is None:
            raise UnavailableError(f"the firewall does not list {address}")
        return f"the firewall drops packets from and to {address}"

    def undo(self, task: Task) -> str:
        """Take the address out of our set; it may have left by itself."""
        address = _address(task)
        if not _has_table() or _listed(address) is None:
            return f"{address} was not blocked any more"
        _nft(f"delete element {TABLE} {_SETS[address.version]} {{ {address} }}\n")
        if _listed(address) is not None:
            raise UnavailableError(f"the firewall still lists {address}")
        return f"{address} is not blocked any more"


def _address(task: Task) -> Address:
    try:
        address = ipaddress.ip_address(task.text("address"))
    except ValueError as error:
        raise InputError("block_ip: address is not an IP address") from error
    if isinstance(address, ipaddress.IPv6Address) and address.scope_id is not None:
        raise InputError("block_ip: an address with a zone cannot be blocked")
    return getattr(address, "ipv4_mapped", None) or address


def _has_table() -> bool:
    return any(item.get("table", {}).get("name") == "sentinel" for item in _items("list", "tables"))


def _listed(address: Address) -> int | None:
    """Return for how many seconds the kernel still blocks the address, None where it does not."""
    for item in _items("list", "set", "inet", "sentinel", _SETS[address.version]):
        for element in item.get("set", {}).get("elem", []):
            facts = element.get("elem", {}) if isinstance(element, dict) else {"val": element}
            if _is_same(facts.get("val"), address):
                return int(facts.get("expires", facts.get("timeout", 0)))
    return None


def _is_same(listed: object, address: Address) -> bool:
    """Return whether nft means this address: it writes some IPv6 addresses with an IPv4 end, Python does not."""
    try:
        return ipaddress.ip_address(str(listed)) == address
    except ValueError:
        return False  # A range or a prefix, which we never make.


def _items(*words: str) -> list[dict[str, dict[str, Any]]]:
    text = _nft(None, "-j", *words)
    try:
        items: list[dict[str, dict[str, Any]]] = json.loads(text)["nftables"]
    except (ValueError, KeyError, TypeError) as error:
        raise UnavailableError("nft gave an answer that is not understood") from error
    return items


def _nft(script: str | None, *arguments: str) -> str:
    """Run nft with a script on its standard input, or with fixed words; raise `UnavailableError` where it fails."""
    program = shutil.which("nft", path="/usr/sbin:/sbin:/usr/bin:/bin")
    if program is None:
        raise UnavailableError("blocking needs nft: apt-get install nftables")
    argv = [program, *arguments] if script is None else [program, "-f", "-"]
    try:
        done = subprocess.run(  # noqa: S603 - fixed words; addresses went through ipaddress
            argv,
            input=script or "",
            capture_output=True,
            text=True,
            timeout=TIMEOUT_SECONDS,
            check=False,
            env={"PATH": "/usr/sbin:/usr/bin:/sbin:/bin", "LC_ALL": "C"},
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        raise UnavailableError(f"cannot run nft: {error}") from error
    if done.returncode != 0:
        raise UnavailableError(f"nft refused: {done.stderr.strip()[:300]}")
    return done.stdout
