"""Runs inside a network namespace: blocks an address of a second namespace and looks from both sides."""

import ipaddress
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path

from collectors.respond.block_ip import BlockIp, _listed
from collectors.respond.executor import Task
from collectors.respond.limits import Limits
from sentinel.errors import UnavailableError
from tests.collectors.respond.hands import Settings

HERE, THERE = "192.0.2.1", "192.0.2.66"
HERE6, THERE6 = "2001:db8::1", "2001:db8::66"


def say(text: str) -> None:
    sys.stdout.write(text + "\n")


def sh(*words: str) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(words, capture_output=True, text=True, timeout=20)


def reaches(address: str) -> bool:
    return sh("ping", "-c", "1", "-W", "1", address).returncode == 0


def connects(port: int, source: str) -> bool:
    """Return whether the other side gets a TCP answer from us (a refusal is one; silence is none)."""
    code = (
        "import socket, sys\n"
        "s = socket.socket(socket.AF_INET6 if ':' in sys.argv[1] else socket.AF_INET)\n"
        "s.settimeout(1)\n"
        "try:\n s.connect((sys.argv[1], int(sys.argv[2])))\nexcept ConnectionRefusedError: print('answered')\n"
        "except OSError: print('silence')\n"
    )
    return "answered" in sh("ip", "netns", "exec", "other", sys.executable, "-c", code, source, str(port)).stdout


def task(address: str, seconds: float, effect: str = "e" * 64) -> Task:
    now = datetime.now(UTC)
    return Task(
        effect=effect,
        action="block_ip",
        arguments={"address": address},
        undo_at=now + timedelta(seconds=seconds),
        now=now,
    )


def build() -> None:
    sh("mount", "-t", "tmpfs", "tmpfs", "/run")
    for words in (
        "ip link set lo up",
        "ip netns add other",
        "ip link add near type veth peer name far netns other",
        f"ip addr add {HERE}/24 dev near",
        f"ip -6 addr add {HERE6}/64 dev near nodad",
        "ip link set near up",
        f"ip -n other addr add {THERE}/24 dev far",
        f"ip -n other -6 addr add {THERE6}/64 dev far nodad",
        "ip -n other link set far up",
        "ip -n other link set lo up",
    ):
        done = sh(*words.split())
        assert done.returncode == 0, f"{words}: {done.stderr}"


def main() -> None:
    build()
    executor = BlockIp(Limits.of(Settings(), Path(sys.argv[1]), "https://127.0.0.1"))
    for here, there in ((HERE, THERE), (HERE6, THERE6)):
        assert connects(9, here), f"{there} should reach us before"
        wanted = task(there, 600)
        say(executor.perform(wanted).detail)
        say(executor.verify(wanted))
        assert not connects(9, here), f"{there} still reaches us"
        executor.perform(wanted)  # Again: nothing changes.
        longer = task(there, 6_000, "f" * 64)
        executor.perform(longer)
        assert (_listed(ipaddress.ip_address(there)) or 0) > 5_000, "a longer order must prolong the block"
        executor.perform(wanted)
        assert (_listed(ipaddress.ip_address(there)) or 0) > 5_000, "a shorter order must not shorten it"
        say(executor.undo(wanted))
        assert connects(9, here), f"{there} should reach us again"
        try:
            executor.verify(wanted)
        except UnavailableError:
            pass
        else:
            raise AssertionError("verified although undone")
        say(executor.undo(wanted))
    oddly_written = task("::102:304", 600)  # nft writes ::1.2.3.4.
    executor.perform(oddly_written)
    say(executor.verify(oddly_written))
    say(executor.undo(oddly_written))
    assert "elements" not in sh("nft", "list", "set", "inet", "sentinel", "blocked6").stdout
    listing = sh("nft", "list", "ruleset").stdout
    assert listing.count("table") == 1, listing
    assert listing.count("drop") == 8, listing
    say("all held")


if __name__ == "__main__":
    main()
