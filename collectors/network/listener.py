"""A live capture: one thread takes frames from the kernel into a bounded queue; what does not fit is counted."""

import logging
import queue
import select
import socket
import struct
import threading
import time

from collectors.network import kernel_filter
from collectors.network.frame import Frame
from collectors.network.sniff import OpenInterface, open_interface
from sentinel.errors import UnavailableError

log = logging.getLogger(__name__)

QUEUE_FRAMES = 10_000
"""About 5 MB of headers, a second of a busy 100 Mbit/s LAN; the kernel holds as many again."""
KERNEL_BYTES = 8_000_000
"""What the kernel may hold for us, counted as it counts, with the packets' own overhead."""
_LOOK_SECONDS = 0.2
_RAW_IP, _ETHERNET, _UNKNOWN = 101, 1, -1
_LINK_TYPES = {1: _ETHERNET, 772: _ETHERNET, 65534: _RAW_IP, 512: _RAW_IP}
"""The kernel's ARPHRD numbers (Ethernet, loopback, tunnel, PPP) to libpcap's."""
_SOL_PACKET, _PACKET_STATISTICS, _PACKET_AUXDATA, _SO_TIMESTAMPNS, _OUTGOING = 263, 6, 8, 35, 4
_SO_RCVBUFFORCE = 33
_AUXDATA = struct.Struct("@IIIHHHH")
_VLAN_VALID, _VLAN_TPID_VALID = 0x10, 0x40
_ANCILLARY_BYTES = socket.CMSG_SPACE(_AUXDATA.size) + socket.CMSG_SPACE(16) + 64


class Listener:
    """Listens to one interface from `start` to `close`."""

    def __init__(self, interface: str, *, promiscuous: bool = False, size: int = QUEUE_FRAMES) -> None:
        self.interface = interface
        self._promiscuous = promiscuous
        self._frames: queue.Queue[Frame] = queue.Queue(size)
        self._stop = threading.Event()
        self._opened: OpenInterface | None = None
        self._thread: threading.Thread | None = None
        self._fault: OSError | None = None
        self.received = 0
        """Frames taken from the kernel."""
        self.dropped = 0
        """Frames lost: by the kernel because we were slow, or here because the queue was full."""

    def start(self) -> None:
        """Open the interface and begin; raises `UnavailableError` when it cannot."""
        self._opened = open_interface(self.interface, promiscuous=self._promiscuous)
        listener = self._opened.ins
        _enlarge(listener)
        if _LINK_TYPES.get(listener.getsockname()[3]) == _ETHERNET:
            kernel_filter.attach(listener)
        self._thread = threading.Thread(target=self._run, args=(listener,), name=f"sniff {self.interface}")
        self._thread.start()

    def take(self, limit: int, wait_seconds: float) -> list[Frame]:
        """Return up to `limit` frames as soon as there is one; an empty list when none came in time.

        Raises `UnavailableError` when the interface has gone.
        """
        frames: list[Frame] = []
        try:
            frames.append(self._frames.get(timeout=wait_seconds))
            while len(frames) < limit:
                frames.append(self._frames.get_nowait())
        except queue.Empty:
            if not frames and self._fault is not None:
                raise UnavailableError(f"the interface {self.interface} has gone: {self._fault}") from self._fault
        return frames

    def close(self) -> None:
        """End the thread and leave the interface as it was; safe to call twice."""
        self._stop.set()
        if self._thread is not None:
            self._thread.join()
            self._thread = None
        if self._opened is not None:
            self._opened.close()
            self._opened = None

    def _run(self, listener: socket.socket) -> None:
        try:
            while not self._stop.is_set():
                ready, _, _ = select.select([listener], [], [], _LOOK_SECONDS)
                if ready:
                    self._take_all(listener)
                self._count_kernel_drops(listener)
        except OSError as error:
            self._fault = error
            log.warning("A live capture has ended.", extra={"interface": self.interface, "fault": str(error)})

    def _take_all(self, listener: socket.socket) -> None:
        """Move what has arrived to the queue, without waiting."""
        for _ in range(1000):
            try:
                data, notes, _, address = listener.recvmsg(65_535, _ANCILLARY_BYTES, socket.MSG_DONTWAIT)
            except BlockingIOError:
                return
            # The loopback interface shows every packet twice, going out and coming in.
            if address[2] == _OUTGOING and address[3] == 772:
                continue
            self.received += 1
            try:
                self._frames.put_nowait(_frame(data, notes, _LINK_TYPES.get(address[3], _UNKNOWN)))
            except queue.Full:
                self.dropped += 1

    def _count_kernel_drops(self, listener: socket.socket) -> None:
        # struct tpacket_stats: packets, drops; reading it sets both to 0.
        counts = listener.getsockopt(_SOL_PACKET, _PACKET_STATISTICS, 8)
        self.dropped += struct.unpack("@II", counts)[1]


def _enlarge(listener: socket.socket) -> None:
    """Let the kernel keep what arrives while we are busy; without CAP_NET_ADMIN as much as it grants everybody."""
    try:
        listener.setsockopt(socket.SOL_SOCKET, _SO_RCVBUFFORCE, KERNEL_BYTES)
    except PermissionError:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, KERNEL_BYTES)


def _frame(data: bytes, notes: list[tuple[int, int, bytes]], link_type: int) -> Frame:
    """Return a frame with the time, true length and VLAN tag that the kernel keeps beside it (packet(7))."""
    at, length = 0, len(data)
    for level, kind, note in notes:
        if level == _SOL_PACKET and kind == _PACKET_AUXDATA and len(note) >= _AUXDATA.size:
            status, length, _, _, _, tag, protocol = _AUXDATA.unpack(note[: _AUXDATA.size])
            if status & _VLAN_VALID and link_type == _ETHERNET:
                tag_type = protocol if status & _VLAN_TPID_VALID else 0x8100
                data = data[:12] + struct.pack("!HH", tag_type, tag) + data[12:]
                length += 4
        elif level == socket.SOL_SOCKET and kind == _SO_TIMESTAMPNS and len(note) == 16:
            seconds, nanoseconds = struct.unpack("@qq", note)
            at = seconds * 1_000_000_000 + nanoseconds
    return Frame(data, at or time.time_ns(), length, link_type)
