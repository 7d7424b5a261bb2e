"""Datagrams that the kernel dropped are counted."""

import socket

import pytest

from sentinel.intake.syslog import datagrams, kernel
from sentinel.intake.syslog.kernel import drops_in
from tests.intake.syslog.test_server import LINE, Doors
from tests.intake.syslog.test_server import doors as doors
from tests.intake.syslog.test_server import journal as journal
from tests.waiting import until

TABLE = """\
   sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode ref pointer drops
  396: 0100007F:1F90 00000000:0000 07 00000000:00000000 00:00000000 00000000     0        0 53120 2 0000000000000000 17
 1205: 00000000:0035 00000000:0000 07 00000000:00000000 00:00000000 00000000     0        0 5312 2 0000000000000000 0
"""


def test_the_count_is_that_of_the_socket() -> None:
    assert drops_in(TABLE, 53120) == 17
    assert drops_in(TABLE, 5312) == 0
    assert drops_in(TABLE, 531) is None
    assert drops_in("", 1) is None


def test_what_a_socket_could_not_hold_is_counted() -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as receiving:
        receiving.bind(("127.0.0.1", 0))
        held = kernel.enlarge(receiving, 4_096)
        assert 0 < held <= 4_096
        assert kernel.dropped(receiving) == 0
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sending:
            for _ in range(200):
                sending.sendto(b"x" * 500, receiving.getsockname())
        assert 100 < (kernel.dropped(receiving) or 0) < 200


def test_an_enlarged_buffer_is_as_large_as_allowed() -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as opened:
        small = kernel.enlarge(opened, 10_000)
        assert kernel.enlarge(opened, 1_000_000) > small


def test_drops_of_the_kernel_are_counted_and_said(
    doors: Doors, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    real, more = kernel.dropped, []
    monkeypatch.setattr(datagrams.kernel, "dropped", lambda opened: (real(opened) or 0) + sum(more))
    with doors.opened():
        doors.udp(LINE % 1)
        until(doors.kept)
        more.append(7)
        until(lambda: doors.counter("kernel_dropped") == 7)
    assert "The kernel dropped syslog datagrams" in caplog.text
