"""The responder: believes only signed commands, acts once, undoes in time without the server, loses no report."""

import sqlite3
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from tests.collectors.respond.hands import Clock, Listener, Nowhere, acts, responder, told
from tests.collectors.respond.server import Desk, serving, signed
from tests.waiting import until

EFFECT = "e" * 64


def test_a_command_is_done_verified_and_reported(tmp_path: Path) -> None:
    client = Listener()
    agent = responder(tmp_path, client)
    agent.take(signed())
    agent.send_reports()
    assert acts(tmp_path) == [f"perform {EFFECT}"]
    assert told(client) == ["acknowledged", "executed", "verified"]
    assert client.told[1][1]["result"] == {"size": 4}


def test_a_command_is_done_once_however_often_it_comes(tmp_path: Path) -> None:
    client = Listener()
    message = signed()
    for _ in range(3):
        responder(tmp_path, client).take(message)
    responder(tmp_path, client).take(signed(name="b" * 64))
    assert acts(tmp_path) == [f"perform {EFFECT}"]
    agent = responder(tmp_path, client)
    agent.send_reports()
    assert told(client) == ["acknowledged", "executed", "verified", "refused"]


# Signed when the test runs: a command is good for a minute, and tests wait for their turn.
@pytest.mark.parametrize(
    "make",
    [
        lambda: signed(key=Ed25519PrivateKey.generate()),
        lambda: signed(collector="agent-2"),
        lambda: signed() | {"signature": ""},
        lambda: {"payload": signed()["payload"]},
        lambda: {"payload": signed(effect="f" * 64)["payload"], "signature": signed()["signature"]},
        lambda: None,
        lambda: "command",
    ],
    ids=["foreign key", "other collector", "empty signature", "unsigned", "tampered", "nothing", "text"],
)
def test_what_is_not_the_servers_word_to_us_is_not_even_answered(tmp_path: Path, make: Callable[[], object]) -> None:
    message = make()
    client = Listener()
    agent = responder(tmp_path, client)
    agent.take(message)
    agent.send_reports()
    assert acts(tmp_path) == []
    assert client.told == []


@pytest.mark.parametrize(
    ("changed", "reason"),
    [
        ({"begin": -600, "end": -1}, "too late"),
        ({"begin": 600, "end": 1200}, "not good before"),
        ({"action": "format_disk"}, "no action"),
        ({"verb": "run"}, "no verb"),
        ({"undo": None}, "must be undone"),
    ],
)
def test_what_may_not_be_done_is_refused_with_a_reason(tmp_path: Path, changed: dict[str, Any], reason: str) -> None:
    message = signed(**changed)
    client = Listener()
    agent = responder(tmp_path, client)
    agent.take(message)
    agent.take(message)
    agent.send_reports()
    assert acts(tmp_path) == []
    assert told(client) == ["refused"]
    assert reason in str(client.told[0][1]["detail"])


@pytest.mark.parametrize(("how", "last"), [("refuse", "refused"), ("fail", "failed"), ("vanish", "failed")])
def test_what_goes_wrong_is_said_as_it_is(tmp_path: Path, how: str, last: str) -> None:
    client = Listener()
    agent = responder(tmp_path, client)
    agent.take(signed(arguments={"how": how}))
    agent.send_reports()
    assert told(client)[-1] == last


def test_an_undo_comes_at_its_time_with_the_server_gone_and_is_reported_when_it_is_back(tmp_path: Path) -> None:
    clock = Clock()
    agent = responder(tmp_path, Nowhere(), clock)
    agent.take(signed(undo=60, now=clock.now))
    clock.forward(seconds=59)
    agent.sweep()
    assert acts(tmp_path) == [f"perform {EFFECT}"]
    clock.forward(seconds=1)
    agent.sweep()
    agent.sweep()
    assert acts(tmp_path) == [f"perform {EFFECT}", f"undo {EFFECT}"]
    client = Listener()
    responder(tmp_path, client, clock).send_reports()
    assert told(client) == ["acknowledged", "executed", "verified", "undone"]
    assert {command for command, _ in client.told} == {"a" * 64}


def test_what_is_not_verified_is_undone_all_the_same(tmp_path: Path) -> None:
    clock = Clock()
    agent = responder(tmp_path, Nowhere(), clock)
    agent.take(signed(undo=60, now=clock.now, arguments={"how": "vanish"}))
    clock.forward(seconds=61)
    agent.sweep()
    assert acts(tmp_path)[-1] == f"undo {EFFECT}"


def test_an_overdue_undo_is_done_at_the_start_before_the_server_is_asked(tmp_path: Path) -> None:
    clock = Clock()
    responder(tmp_path, Nowhere(), clock).take(signed(undo=60, now=clock.now))
    clock.forward(days=3)
    agent, stop = responder(tmp_path, Nowhere(), clock), threading.Event()
    stop.set()
    agent.run(stop)
    assert acts(tmp_path)[-1] == f"undo {EFFECT}"


def test_an_undo_that_fails_is_told_once_and_tried_again(tmp_path: Path) -> None:
    clock, client = Clock(), Listener()
    agent = responder(tmp_path, client, clock)
    agent.take(signed(undo=60, now=clock.now))
    (tmp_path / "touched" / "stuck").touch()
    for _ in range(4):
        clock.forward(seconds=61)
        agent.sweep()
    (tmp_path / "touched" / "stuck").unlink()
    clock.forward(seconds=61)
    agent.sweep()
    agent.send_reports()
    assert told(client) == ["acknowledged", "executed", "verified", "undo_failed", "undone"]


def test_undo_by_command(tmp_path: Path) -> None:
    client = Listener()
    agent = responder(tmp_path, client)
    agent.take(signed())
    agent.take(signed(name="b" * 64, verb="undo", undo=None))
    agent.sweep()
    agent.send_reports()
    assert acts(tmp_path) == [f"perform {EFFECT}", f"undo {EFFECT}"]
    assert [body["state"] for command, body in client.told if command == "b" * 64] == ["acknowledged", "undone"]


def test_a_perform_that_comes_after_its_undo_is_refused(tmp_path: Path) -> None:
    client = Listener()
    agent = responder(tmp_path, client)
    agent.take(signed(name="b" * 64, verb="undo", undo=None))
    agent.take(signed())
    agent.send_reports()
    assert acts(tmp_path) == []
    assert told(client) == ["acknowledged", "undone", "refused"]


def test_a_change_that_two_effects_share_stays_until_the_last(tmp_path: Path) -> None:
    clock = Clock()
    agent = responder(tmp_path, Nowhere(), clock)
    agent.take(signed(undo=60, now=clock.now))
    agent.take(signed(name="b" * 64, effect="f" * 64, undo=600, now=clock.now))
    clock.forward(seconds=61)
    agent.sweep()
    assert not [act for act in acts(tmp_path) if act.startswith("undo")]
    clock.forward(seconds=600)
    agent.sweep()
    assert acts(tmp_path)[-1] == f"undo {'f' * 64}"


def test_a_crash_between_doing_and_writing_it_down_is_healed_without_doing_it_twice(tmp_path: Path) -> None:
    agent = responder(tmp_path, Nowhere())
    agent._perform = lambda entry: agent._executors["touch"].perform(entry.task(agent._clock()))  # type: ignore[method-assign,assign,return-value]
    agent.take(signed())
    client = Listener()
    after = responder(tmp_path, client)
    after.recover()
    after.send_reports()
    assert acts(tmp_path) == [f"perform {EFFECT}"]
    assert told(client) == ["acknowledged", "executed", "verified"]


def test_a_crash_before_doing_it_is_made_good_in_time_and_only_then(tmp_path: Path) -> None:
    clock = Clock()
    for folder in ("soon", "late"):
        agent = responder(tmp_path / folder, Nowhere(), clock)
        agent._perform = lambda _entry: None  # type: ignore[method-assign]
        agent.take(signed(now=clock.now))
    client = Listener()
    responder(tmp_path / "soon", client, clock).recover()
    assert acts(tmp_path / "soon") == [f"perform {EFFECT}"]
    clock.forward(seconds=61)
    late = responder(tmp_path / "late", client, clock)
    late.recover()
    late.send_reports()
    assert acts(tmp_path / "late") == []
    assert told(client) == ["acknowledged", "failed"]


def test_something_unexpected_does_not_stop_the_undos(tmp_path: Path) -> None:
    clock = Clock()
    agent = responder(tmp_path, Nowhere(), clock)
    agent.take(signed(undo=60, now=clock.now))
    with pytest.raises(ZeroDivisionError):
        agent.take(signed(name="b" * 64, effect="f" * 64, arguments={"how": "break"}, now=clock.now))
    clock.forward(seconds=61)
    agent.sweep()
    agent.recover()
    assert acts(tmp_path)[-1] == f"undo {EFFECT}"


def test_what_the_system_forbids_is_reported_and_not_begun_over_and_over(tmp_path: Path) -> None:
    client = Listener()
    agent = responder(tmp_path, client)
    agent.take(signed(arguments={"how": "forbid"}))
    agent.send_reports()
    assert told(client) == ["acknowledged", "undo_failed"]
    assert "the disk says no" in str(client.told[-1][1]["detail"])


def test_an_undo_takes_back_what_was_done_before_a_crash_wrote_it_down(tmp_path: Path) -> None:
    agent = responder(tmp_path, Nowhere())
    agent._perform = lambda entry: agent._executors["touch"].perform(entry.task(agent._clock()))  # type: ignore[method-assign,assign,return-value]
    agent.take(signed())
    responder(tmp_path, Nowhere()).take(signed(name="b" * 64, verb="undo", undo=None))
    assert acts(tmp_path) == [f"perform {EFFECT}", f"undo {EFFECT}"]


def test_a_broken_report_does_not_stop_the_undos(tmp_path: Path) -> None:
    clock = Clock()

    class Rounds(threading.Event):
        """Between two rounds a minute passes."""

        def wait(self, timeout: float | None = None) -> bool:
            clock.forward(seconds=61)
            return super().wait(timeout)

    agent, stop = responder(tmp_path, Nowhere(), clock), Rounds()
    agent.take(signed(undo=60, now=clock.now))
    with sqlite3.connect(tmp_path / "respond.db") as ledger:
        ledger.execute("UPDATE reports SET body = 'half a rep'")
    sweeping = threading.Thread(target=agent._sweep_until, args=(stop,))
    sweeping.start()
    try:
        until(lambda: acts(tmp_path)[-1] == f"undo {EFFECT}", what="the undo")
    finally:
        stop.set()
        sweeping.join(20)


def test_a_report_the_server_rejects_does_not_hold_up_the_others(tmp_path: Path) -> None:
    desk = Desk(answer=lambda _command, body: 409 if body["state"] == "executed" else 200)
    with serving(desk, tmp_path) as client:
        agent = responder(tmp_path / "home", client)
        agent.take(signed())
        agent.send_reports()
    assert desk.states() == ["acknowledged", "verified"]


def test_reports_wait_on_disk_until_the_server_takes_them(tmp_path: Path) -> None:
    is_up = threading.Event()
    message = signed()
    desk = Desk(pending=lambda: [message], answer=lambda _command, _body: 200 if is_up.is_set() else 503)
    stop = threading.Event()
    with serving(desk, tmp_path) as client:
        agent = responder(tmp_path / "home", client)
        thread = threading.Thread(target=agent.run, args=(stop,))
        thread.start()
        try:
            until(lambda: acts(tmp_path / "home"), what="the act")
            is_up.set()
            until(lambda: desk.states()[-1:] == ["verified"], what="the reports")
        finally:
            stop.set()
            thread.join(20)
    assert not thread.is_alive()
    assert desk.states() == ["acknowledged", "executed", "verified"]
    assert acts(tmp_path / "home") == [f"perform {EFFECT}"]
