"""Input `connections`: which program listens, and which talks to whom, on this machine."""

import json
import socket
import time
from collections import deque
from collections.abc import Callable, Set
from datetime import UTC, datetime
from typing import Any

import psutil

from collectors.host.facts import Facts, describe, machine_id
from collectors.reading import Reading
from collectors.settings import ConnectionsSettings
from sentinel.errors import UnavailableError

DATASET = "linux.connection"
MAX_CONNECTIONS = 20_000
_Key = tuple[int | None, str, str, int, str, int]
"""Pid, transport, local address and port, remote address and port (empty and 0 while listening)."""


class ConnectionsInput:
    """Compares the list of sockets with the one before."""

    def __init__(
        self,
        settings: ConnectionsSettings,
        *,
        now: Callable[[], float] = time.time,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """Prepare; `now` is Unix time, `clock` monotonic."""
        self.name = settings.name
        self._interval = settings.interval_seconds
        self._now = now
        self._clock = clock
        self._machine = machine_id()
        self._known: set[_Key] | None = None
        self._ready: deque[Reading] = deque()
        self._next_look = 0.0

    def open(self, cursor: str | None) -> None:  # noqa: ARG002 - part of the protocol
        """Start; all that is open now is reported first. Sockets leave nothing behind, so the cursor says nothing."""
        self._known = None
        self._ready.clear()
        self._next_look = 0.0

    def read(self, limit: int, wait_seconds: float) -> tuple[list[Reading], str]:
        """Return what was opened and closed; see `Input`."""
        if not self._ready:
            pause = self._next_look - self._clock()
            if pause > wait_seconds:
                time.sleep(wait_seconds)
                return [], ""
            if pause > 0:
                time.sleep(pause)
            self._look()
        return [self._ready.popleft() for _ in range(min(limit, len(self._ready)))], ""

    def close(self) -> None:
        """Forget everything."""
        self._known = None
        self._ready.clear()

    def inspect(self, cursor: str | None) -> list[str]:  # noqa: ARG002 - part of the protocol
        """Return how many sockets can be seen."""
        found = self._connections()
        unknown = sum(key[0] is None for key in found)
        note = f", {unknown} of them without a program to be seen (as root it would be most)" if unknown else ""
        return [f"{len(found)} sockets are open{note}; looked at every {self._interval} s"]

    def _look(self) -> None:
        self._next_look = self._clock() + self._interval
        found = self._connections()
        is_first = self._known is None
        known = self._known or set()
        programs: dict[int, Facts] = {}
        doors = {(key[1], key[3]) for key in (*found, *known) if not key[4]}
        for key in sorted(found.keys() - known, key=str):
            phase = "info" if is_first else "start"
            self._tell(key, found[key], phase, self._program(key[0], programs), doors)
        for key in sorted(known - found.keys(), key=str):
            self._tell(key, "", "end", {}, doors)
        self._known = set(found)

    def _connections(self) -> dict[_Key, str]:
        try:
            connections = psutil.net_connections(kind="inet")
        except (psutil.Error, OSError) as error:
            raise UnavailableError(f"cannot list connections: {error}; run the collector as root") from error
        found: dict[_Key, str] = {}
        for each in connections[:MAX_CONNECTIONS]:
            key = _key(each)
            if key is not None:
                found[key] = str(each.status).lower()
        return found

    def _program(self, pid: int | None, programs: dict[int, Facts]) -> Facts:
        if pid is None:
            return {}
        if pid not in programs:
            try:
                facts = describe(psutil.Process(pid), self._machine, None)
            except psutil.Error:
                facts = {"process.pid": pid}
            programs[pid] = {name: facts[name] for name in _PROGRAM_NAMES if name in facts}
        return programs[pid]

    def _tell(self, key: _Key, state: str, phase: str, program: Facts, doors: Set[tuple[str, int]]) -> None:
        """Say what became of a socket; `doors` are the ports that somebody here listens on."""
        pid, transport, local, local_port, remote, remote_port = key
        is_listening = not remote
        is_incoming = (transport, local_port) in doors
        facts: Facts = {
            "event.type": ["connection", phase],
            "event.action": _ACTIONS[phase][is_listening],
            "network.transport": transport,
            "network.type": "ipv6" if ":" in local else "ipv4",
        }
        # A listening socket is where others come to: whoever has come is the source, not this machine.
        here, there = ("destination", "source") if is_incoming else ("source", "destination")
        facts |= {f"{here}.ip": local, f"{here}.port": local_port}
        if not is_listening:
            facts |= {f"{there}.ip": remote, f"{there}.port": remote_port}
            facts["network.direction"] = "ingress" if is_incoming else "egress"
        if state and state != "none":
            facts["sentinel.connection.state"] = state
        if pid is not None:
            facts["process.pid"] = pid
        raw = json.dumps({**facts, **program}, separators=(",", ":"))
        self._ready.append(Reading(DATASET, raw, datetime.fromtimestamp(self._now(), UTC)))


_PROGRAM_NAMES = (
    "process.pid",
    "process.name",
    "process.executable",
    "process.command_line",
    "process.entity_id",
    "user.name",
    "user.id",
)
_ACTIONS = {
    "info": ("connection_open", "port_listening"),
    "start": ("connection_opened", "port_opened"),
    "end": ("connection_closed", "port_closed"),
}
"""Phase to the action of a connection, and of a listening socket."""
_SEEN_STATES = {psutil.CONN_ESTABLISHED, psutil.CONN_LISTEN, psutil.CONN_SYN_SENT, psutil.CONN_NONE}


def _key(each: Any) -> _Key | None:
    """Return what tells a socket apart, or None for one that is not in use (waiting for its end, not bound)."""
    if each.status not in _SEEN_STATES or not each.laddr:
        return None
    transport = "tcp" if each.type == socket.SOCK_STREAM else "udp"
    remote, remote_port = (each.raddr.ip, each.raddr.port) if each.raddr else ("", 0)
    return each.pid, transport, _plain(each.laddr.ip), each.laddr.port, _plain(remote), remote_port


def _plain(address: str) -> str:
    """Return the address without its scope; an IPv4 address inside IPv6 as what it is."""
    return address.partition("%")[0].removeprefix("::ffff:")
