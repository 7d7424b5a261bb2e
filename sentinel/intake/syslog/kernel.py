"""How many datagrams the kernel dropped because we did not read in time: Linux counts them for each socket."""

import os
import re
import socket
from pathlib import Path

FORCE_RECEIVE_BUFFER = 33
"""SO_RCVBUFFORCE of Linux, which the socket module does not name: with CAP_NET_ADMIN, beyond net.core.rmem_max."""
_TABLES = (Path("/proc/net/udp"), Path("/proc/net/udp6"))
# The columns of udp4_format_sock in net/ipv4/udp.c: inode is the tenth, drops the last.
_COLUMNS = 13
_INODE, _DROPS = 9, 12


def enlarge(opened: socket.socket, wanted: int) -> int:
    """Ask for a receive buffer of `wanted` bytes; return how many there are, as the kernel counts them."""
    try:
        opened.setsockopt(socket.SOL_SOCKET, FORCE_RECEIVE_BUFFER, wanted)
    except OSError:
        opened.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, wanted)
    # The kernel doubles what was asked for, to cover its own overhead.
    return opened.getsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF) // 2


def dropped(opened: socket.socket) -> int | None:
    """Return how many datagrams the kernel has dropped for this socket; None where the kernel does not tell."""
    inode = os.fstat(opened.fileno()).st_ino
    for table in _TABLES:
        try:
            found = drops_in(table.read_text("ascii"), inode)
        except OSError:
            continue
        if found is not None:
            return found
    return None


def drops_in(table: str, inode: int) -> int | None:
    """Return the drops of the socket with this inode as /proc/net/udp lists it, None where it does not."""
    for line in re.findall(rf"^.*\b{inode}\b.*$", table, re.MULTILINE):
        columns = line.split()
        if len(columns) >= _COLUMNS and columns[_INODE] == str(inode):
            return int(columns[_DROPS])
    return None
