"""Addresses of settings become sockets that listen."""

import socket

from sentinel.errors import InputError, UnavailableError
from sentinel.intake.syslog import kernel

BACKLOG = 512
KEEPALIVE_SECONDS = 60
"""A peer that is gone without a word is noticed after about twice this."""
KEEPALIVE_PROBES = 4


def place_of(text: str, setting: str) -> tuple[str, int]:
    """Return host and port of `0.0.0.0:6514` or `[::]:6514`; raise `InputError` naming the setting."""
    host, colon, port = text.rpartition(":")
    host = host.removeprefix("[").removesuffix("]")
    if not colon or not port.isascii() or not port.isdigit() or not 1 <= int(port) <= 65_535:
        raise InputError(f"{setting}: '{text[:60]}' is no address to listen on; write it like 0.0.0.0:6514")
    return host or "0.0.0.0", int(port)  # noqa: S104 - the one who left it out asked for it


def udp(text: str, receive_buffer: int) -> tuple[socket.socket, int]:
    """Return a socket that receives datagrams, and how large its receive buffer became."""
    opened = _bound(text, "syslog.udp", socket.SOCK_DGRAM)
    return opened, kernel.enlarge(opened, receive_buffer)


def tcp(text: str, setting: str) -> socket.socket:
    """Return a socket that accepts connections."""
    opened = _bound(text, setting, socket.SOCK_STREAM)
    opened.listen(BACKLOG)
    opened.setblocking(False)
    return opened


def keep_alive(opened: socket.socket) -> None:
    """Let the kernel notice that the other end is gone."""
    opened.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
    opened.setsockopt(socket.IPPROTO_TCP, socket.TCP_KEEPIDLE, KEEPALIVE_SECONDS)
    opened.setsockopt(socket.IPPROTO_TCP, socket.TCP_KEEPINTVL, KEEPALIVE_SECONDS // KEEPALIVE_PROBES)
    opened.setsockopt(socket.IPPROTO_TCP, socket.TCP_KEEPCNT, KEEPALIVE_PROBES)


def _bound(text: str, setting: str, kind: int) -> socket.socket:
    place = place_of(text, setting)
    opened = socket.socket(socket.AF_INET6 if ":" in place[0] else socket.AF_INET, kind)
    try:
        if kind == socket.SOCK_STREAM:
            opened.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        opened.bind(place)
    except OSError as error:
        opened.close()
        raise UnavailableError(
            f"cannot listen on {text}: {error.strerror}; stop what uses it or change {setting} in sentinel.toml"
        ) from error
    return opened
