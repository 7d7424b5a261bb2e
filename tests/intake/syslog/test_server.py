"""Real datagrams and connections end in the journal, or are refused, counted and said."""

import logging
import select
import socket
import ssl
import struct
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from sqlalchemy import Engine

from sentinel.errors import InputError, UnavailableError
from sentinel.home import make_client, make_keys
from sentinel.intake.syslog import outbox
from sentinel.intake.syslog.sockets import place_of
from sentinel.journal import Batch
from sentinel.journal.local import LocalJournal
from sentinel.model.hints import IS_UNPROVEN, SENDER_ADDRESS
from sentinel.model.sender import SenderLimits
from tests.intake.syslog.doors import LOCAL, MANNERS, Doors
from tests.secured import secured
from tests.waiting import until

LINE = b"<38>Nov 23 15:04:05 web01 sshd[12]: message %d"


class FullJournal(LocalJournal):
    """Has no room until told."""

    is_full = False

    def append(self, batch: Batch) -> int:
        if self.is_full:
            raise UnavailableError("the journal is full")
        return super().append(batch)


@pytest.fixture
def journal(tmp_path: Path) -> Iterator[FullJournal]:
    opened = FullJournal(tmp_path / "journal.db")
    yield opened
    opened.close()


@pytest.fixture
def doors(journal: FullJournal, engine: Engine, tmp_path: Path) -> Doors:
    return Doors(journal, engine, tmp_path)


def is_closed(connection: socket.socket) -> bool:
    """Return whether the other end has closed, waiting for it."""
    try:
        return connection.recv(1) == b""
    except ConnectionError:
        return True


def counted(message: bytes) -> bytes:
    return b"%d %s" % (len(message), message)


def test_every_way_in_keeps_the_bytes(doors: Doors) -> None:
    doors.has_tls = True
    doors.certify("relay")
    with doors.opened():
        doors.udp(LINE % 1 + b"\n", b"<13>C\xf4ng an")
        until(lambda: len(doors.kept()) == 2)
        with doors.tcp() as connection:
            connection.sendall(LINE % 2 + b"\n" + counted(LINE % 3) + LINE % 4 + b"\0")
            until(lambda: len(doors.kept()) == 5)
        with doors.tls(name="relay") as connection:
            connection.sendall(counted(LINE % 5))
            until(lambda: len(doors.kept()) == 6)
    found = doors.kept()
    assert [event.raw.encode("utf-8", "surrogateescape") for event in found] == [
        LINE % 1,
        b"<13>C\xf4ng an",
        *(LINE % number for number in (2, 3, 4, 5)),
    ]
    assert {event.host for event in found} == {"web01", "127.0.0.1"}
    assert [event.hints.get(IS_UNPROVEN) for event in found] == [True] * 5 + [None]
    assert [event.collector for event in found] == ["s-local"] * 5 + ["s-relay"]
    assert found[0].hints[SENDER_ADDRESS] == "127.0.0.1"
    assert found[0].hints["event.timezone"] == "Asia/Ho_Chi_Minh"
    assert doors.wake.is_set()


def test_equal_datagrams_are_two_events_and_a_line_sent_again_is_one(doors: Doors) -> None:
    with doors.opened():
        doors.udp(LINE % 1, LINE % 1)
        for _ in range(2):
            with doors.tcp() as connection:
                connection.sendall(LINE % 2 + b"\n" + LINE % 2 + b"\n<13>without a time\n")
        until(lambda: len(doors.kept()) == 8)
    keys = [event.key for event in doors.kept()]
    assert len(set(keys[:2])) == 2
    assert len({key for event, key in zip(doors.kept(), keys, strict=True) if event.raw.endswith("2")}) == 2
    assert len({key for event, key in zip(doors.kept(), keys, strict=True) if event.raw.endswith("time")}) == 2


def test_nobodys_datagrams_and_connections_are_counted_and_said_once(
    doors: Doors, caplog: pytest.LogCaptureFixture
) -> None:
    doors.senders.clear()
    with doors.opened():
        doors.udp(LINE % 1, LINE % 2)
        for _ in range(2):
            with doors.tcp() as connection:
                assert is_closed(connection)
        until(lambda: doors.counter("unknown_sender") == 4)
    assert not doors.kept()
    assert [record.source for record in caplog.records if "no known sender" in record.message] == ["127.0.0.1"]  # type: ignore[attr-defined]


def test_a_sender_added_is_heard_and_one_revoked_is_not(doors: Doors) -> None:
    doors.senders.clear()
    with doors.opened():
        doors.senders.append(LOCAL)

        def is_heard() -> bool:
            doors.udp(LINE % 1)
            return bool(doors.kept())

        until(is_heard)
        with doors.tcp() as connection:
            connection.sendall(LINE % 2 + b"\n")
            until(lambda: LINE % 2 in [event.raw.encode() for event in doors.kept()])
            doors.senders.clear()
            # It is closed with the first bytes after the senders were read anew.
            until(lambda: not _is_open(connection))


def _is_open(connection: socket.socket) -> bool:
    try:
        connection.sendall(b"\n")
        return not select.select([connection], [], [], 0)[0]
    except ConnectionError:
        return False


@pytest.mark.parametrize("who", ["nobody", "stranger", "unknown", "old"])
def test_tls_wants_a_certificate_that_a_sender_has(doors: Doors, who: str, tmp_path: Path) -> None:
    doors.has_tls = True
    doors.certify("relay")
    make_client(doors.keys, "unknown", doors.keys.folder)
    strangers = make_keys(tmp_path / "stranger", ["x"])
    make_client(strangers, "stranger", strangers.folder)
    with doors.opened():
        reason = "unknown_sender" if who == "unknown" else "failed_handshake"
        try:
            if who == "old":
                context = ssl.create_default_context(cafile=str(doors.keys.ca))
                context.minimum_version = ssl.TLSVersion.MINIMUM_SUPPORTED
                with pytest.warns(DeprecationWarning, match="TLSv1_1"):
                    context.maximum_version = ssl.TLSVersion.TLSv1_1
                with socket.create_connection(("127.0.0.1", doors.tls_port), 10) as plain:
                    secured(context, plain)
                pytest.fail("TLS 1.1 was accepted")
            name = "" if who == "nobody" else who
            with doors.tls(strangers if who == "stranger" else None, name=name) as connection:
                assert is_closed(connection)
        except (ssl.SSLError, ConnectionError):
            pass
        until(lambda: doors.counter(reason) == 1)
    assert not doors.kept()


def test_a_handshake_that_never_comes_is_ended(doors: Doors) -> None:
    doors.has_tls = True
    doors.manners = replace(MANNERS, handshake_seconds=0.2)
    with doors.opened(), socket.create_connection(("127.0.0.1", doors.tls_port), 10) as silent:
        assert is_closed(silent)
        until(lambda: doors.counter("failed_handshake") == 1)


def test_broken_framing_closes_and_keeps_what_was_whole(doors: Doors) -> None:
    with doors.opened(), doors.tcp() as connection:
        connection.sendall(counted(LINE % 1) + b"5 <13>hello\n")
        assert is_closed(connection)
        until(lambda: doors.counter("broken_framing") == 1)
    assert [event.raw for event in doors.kept()] == [(LINE % 1).decode(), "<13>h"]


def test_long_messages_are_cut_and_say_so(doors: Doors) -> None:
    with doors.opened():
        doors.udp(b"<13>" + b"x" * 3_000)
        with doors.tcp() as connection:
            connection.sendall(b"<13>" + b"y" * 1_000_000 + b"\n" + LINE % 1 + b"\n" + b"<13>00:00:00 no end")
        until(lambda: len(doors.kept()) == 4)
        until(lambda: doors.counter("cut") == 3)
    found = {event.raw[:5]: event for event in doors.kept()}
    assert [(len(found[key].raw), found[key].hints["log.truncated"]) for key in ("<13>x", "<13>y")] == [
        (2_000, True)
    ] * 2
    assert found["<13>0"].hints["log.truncated"]
    assert "log.truncated" not in found["<38>N"].hints


def test_a_slow_message_is_ended_and_counted(doors: Doors) -> None:
    doors.manners = replace(MANNERS, midway_seconds=0.3)
    with doors.opened(), doors.tcp() as connection:
        connection.sendall(LINE % 1 + b"\n<13>slow lor")
        assert is_closed(connection)
        until(lambda: doors.counter("lost_end") == 1)
    assert [event.raw for event in doors.kept()] == [(LINE % 1).decode()]


def test_a_silent_connection_is_ended(doors: Doors) -> None:
    doors.manners = replace(MANNERS, idle_seconds=0.2)
    with doors.opened(), doors.tcp() as connection:
        assert is_closed(connection)
        until(lambda: doors.counter("idle") == 1)


def test_a_reset_within_a_message_keeps_what_was_whole(doors: Doors) -> None:
    with doors.opened():
        connection = doors.tcp()
        connection.sendall(LINE % 1 + b"\n<13>half a")
        until(lambda: len(doors.kept()) == 1)
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        connection.close()
        until(lambda: doors.counter("lost_end") == 1)
    assert len(doors.kept()) == 1


def test_connections_are_bounded_for_each_source_and_in_all(doors: Doors) -> None:
    doors.manners = replace(MANNERS, connections=3, connections_per_source=2)
    with doors.opened():
        held = [doors.tcp() for _ in range(2)]
        for number, connection in enumerate(held):
            connection.sendall(LINE % number + b"\n")
        until(lambda: len(doors.kept()) == 2)
        with doors.tcp() as refused:
            assert is_closed(refused)
        held.pop().close()

        def is_heard() -> bool:
            with doors.tcp() as connection:
                connection.sendall(LINE % 9 + b"\n")
            return (LINE % 9).decode() in [event.raw for event in doors.kept()]

        until(is_heard)
        held.pop().close()
        until(lambda: doors.counter("too_many_connections") >= 1)


def test_while_the_journal_is_full_tcp_waits_and_nothing_is_lost(
    doors: Doors, journal: FullJournal, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(outbox, "SENDER_BYTES", 500_000)
    monkeypatch.setattr(outbox, "RETRY_SECONDS", (0.01, 0.02))
    lines = [b"<13>Nov 23 15:04:05 web01 su: %06d " % number + b"x" * 900 for number in range(15_000)]
    doors.senders[:] = [replace(LOCAL, limits=SenderLimits(events_per_second=100_000, bytes_per_second=100_000_000))]
    journal.is_full = True
    with doors.opened(), doors.tcp() as connection:
        connection.setblocking(False)
        stream = memoryview(b"".join(line + b"\n" for line in lines))
        at = _push(connection, stream, 0)
        assert at < len(stream), "the door read on while nothing could be kept"
        journal.is_full = False
        connection.settimeout(30)
        connection.sendall(stream[at:])
        texts = doors.texts(len(lines))
    assert texts == [line.decode() for line in lines]
    assert len([each for each in caplog.records if "takes no syslog now" in each.message]) == 1


def _push(connection: socket.socket, stream: memoryview, at: int) -> int:
    """Send until the other end has not read for a while; return how much was taken."""
    while at < len(stream) and select.select([], [connection], [], 1.0)[1]:
        at += connection.send(stream[at : at + 65_536])
    return at


def test_datagrams_beyond_the_bound_are_dropped_counted_and_said(
    doors: Doors, journal: FullJournal, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(outbox, "SENDER_BYTES", 10_000)
    monkeypatch.setattr(outbox, "RETRY_SECONDS", (0.01, 0.02))
    journal.is_full = True
    with doors.opened():

        def is_dropping() -> bool:
            doors.udp(*(LINE % number for number in range(20)))
            return doors.counter("dropped") > 0

        until(is_dropping)
        journal.is_full = False

        def is_heard() -> bool:
            doors.udp(LINE % 99)
            return (LINE % 99).decode() in [event.raw for event in doors.kept()]

        until(is_heard)
    assert [each.levelno for each in caplog.records if "datagrams are lost" in each.message] == [logging.ERROR]


def test_who_goes_too_fast_is_read_more_slowly_and_loses_nothing(doors: Doors, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(outbox, "SENDER_BYTES", 300_000)
    doors.senders[:] = [replace(LOCAL, limits=SenderLimits(events_per_second=500))]
    with doors.opened(), doors.tcp() as connection:
        connection.sendall(b"".join(LINE % number + b"\n" for number in range(6_000)))
        texts = doors.texts(6_000)
    assert texts == [(LINE % number).decode() for number in range(6_000)]


def test_what_has_arrived_is_kept_when_the_server_stops(doors: Doors) -> None:
    with doors.opened():
        connection = doors.tcp()
        connection.sendall(LINE % 0 + b"\n")
        until(doors.kept)
        connection.sendall(LINE % 1 + b"\n" + LINE % 2 + b"\n<13>half")
    with connection:
        assert is_closed(connection)
    assert [event.raw.encode() for event in doors.kept()] == [LINE % number for number in range(3)]
    assert doors.counter("lost_end") == 1


@pytest.mark.parametrize("text", ["", "514", ":", "0.0.0.0:0", "0.0.0.0:x", "0.0.0.0:65536", "a:b:c"])
def test_a_wrong_address_names_its_setting(text: str) -> None:
    with pytest.raises(InputError, match=r"syslog\.udp"):
        place_of(text, "syslog.udp")


def test_addresses_are_read_as_people_write_them() -> None:
    assert place_of("[::1]:6514", "x") == ("::1", 6514)
    assert place_of("192.0.2.1:514", "x") == ("192.0.2.1", 514)
    assert place_of(":514", "x") == ("0.0.0.0", 514)
