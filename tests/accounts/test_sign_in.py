"""Promises of sign-in: guessing is slowed down, links work once, sessions end, no secret is stored as it is."""

import threading
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import Engine

from sentinel.accounts.passwords import Passwords
from sentinel.accounts.sign_in import Session, SignIn
from sentinel.accounts.users import Users
from sentinel.audit import Audit
from sentinel.errors import InputError, RefusedError
from sentinel.model.principal import Principal, Role

PASSWORD = "bốn từ dễ nhớ nhé"


class Counting(Passwords):
    """Cheap passwords that count how many were checked."""

    def __init__(self) -> None:
        super().__init__(time_cost=1, memory_kib=64, parallelism=1)
        self.checked = 0

    def verify(self, stored: str | None, password: str) -> bool:
        self.checked += 1
        return super().verify(stored, password)


class Desk:
    """Sign-in with a clock to turn."""

    def __init__(self, engine: Engine, log: Audit) -> None:
        self.now = datetime(2026, 11, 23, 8, 0, tzinfo=UTC)
        self.passwords = Counting()
        self.users = Users(engine, log, passwords=self.passwords)
        self.sign_in = SignIn(engine, log, self.users, clock=lambda: self.now)

    def wait(self, **length: float) -> None:
        self.now += timedelta(**length)

    def user(self, name: str = "lan") -> Principal:
        return self.users.create(name=name, role=Role.OPERATOR, agency="dept-a", password=PASSWORD, actor="init")

    def fails(self, name: str = "lan", address: str = "10.0.0.1") -> str:
        with pytest.raises(RefusedError) as caught:
            self.sign_in.with_password(name, "not the password", address)
        return str(caught.value)


@pytest.fixture
def desk(engine: Engine, log: Audit) -> Desk:
    return Desk(engine, log)


def test_the_right_password_opens_a_session(desk: Desk) -> None:
    user = desk.user()
    session = desk.sign_in.with_password("LAN", PASSWORD, "10.0.0.1")
    assert session.principal == user
    assert desk.sign_in.session(session.token) == (user, session.csrf)
    assert len(session.token) >= 43
    assert session.token != session.csrf


def test_a_wrong_password_and_an_unknown_name_are_answered_alike(desk: Desk) -> None:
    desk.user()
    desk.users.create(name="nopassword", role=Role.OPERATOR, agency="city", actor="init")
    assert desk.fails("lan") == desk.fails("nobody") == desk.fails("nopassword") == "name or password is wrong"
    assert desk.passwords.checked == 3


def test_after_five_failures_a_name_waits_though_the_password_is_right(desk: Desk) -> None:
    desk.user()
    for _ in range(5):
        desk.fails()
    with pytest.raises(RefusedError, match="try again in 15 minutes"):
        desk.sign_in.with_password("lan", PASSWORD, "10.0.0.2")
    assert desk.passwords.checked == 5
    desk.wait(minutes=15, seconds=1)
    assert desk.sign_in.with_password("lan", PASSWORD, "10.0.0.2")


def test_after_twenty_failures_an_address_waits_whatever_the_name(desk: Desk) -> None:
    desk.user("minh")
    for number in range(20):
        desk.fails(f"user{number}", "10.0.0.9")
    assert "too many failed sign-ins" in desk.fails("minh", "10.0.0.9")
    assert desk.sign_in.with_password("minh", PASSWORD, "10.0.0.8")


def test_a_subscribers_many_ipv6_addresses_count_as_one(desk: Desk) -> None:
    desk.user("minh")
    for number in range(20):
        desk.fails(f"user{number}", f"2001:db8:0:7::{number:x}")
    assert "too many failed sign-ins" in desk.fails("minh", "2001:db8:0:7:ffff::1")
    assert desk.sign_in.with_password("minh", PASSWORD, "2001:db8:0:8::1")


def test_success_clears_the_failures_of_the_same_name_and_address(desk: Desk) -> None:
    desk.user()
    for _ in range(3):
        for _ in range(4):
            desk.fails()
        desk.sign_in.with_password("lan", PASSWORD, "10.0.0.1")


def test_many_guesses_at_once_are_no_more_than_many_in_turn(desk: Desk) -> None:
    desk.user()
    answers: list[str] = []
    threads = [threading.Thread(target=lambda: answers.append(desk.fails())) for _ in range(12)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert len(answers) == 12
    assert desk.passwords.checked == 5


def test_a_session_ends_when_it_is_idle(desk: Desk) -> None:
    desk.user()
    session = desk.sign_in.with_password("lan", PASSWORD, "10.0.0.1")
    for _ in range(3):
        desk.wait(minutes=29)
        assert desk.sign_in.session(session.token)
    desk.wait(minutes=30)
    assert desk.sign_in.session(session.token) is None


def test_a_session_ends_after_twelve_hours_however_busy(desk: Desk) -> None:
    desk.user()
    session = desk.sign_in.with_password("lan", PASSWORD, "10.0.0.1")
    assert session.expires_at == "2026-11-23T20:00:00.000000Z"
    for _ in range(47):
        desk.wait(minutes=15)
        assert desk.sign_in.session(session.token)
    desk.wait(minutes=15)
    assert desk.sign_in.session(session.token) is None


def test_a_session_ends_at_sign_out(desk: Desk) -> None:
    desk.user()
    sessions = [desk.sign_in.with_password("lan", PASSWORD, "10.0.0.1") for _ in range(2)]
    desk.sign_in.end(sessions[0].token)
    desk.sign_in.end("never was")
    assert desk.sign_in.session(sessions[0].token) is None
    assert desk.sign_in.session(sessions[1].token)


def test_a_link_signs_in_once_within_its_time(desk: Desk) -> None:
    user = desk.user()
    token = desk.sign_in.make_link(user.id, minutes=15, actor="admin")
    desk.wait(minutes=14)
    assert desk.sign_in.with_link(token, "10.0.0.1").principal == user
    for bad in (token, "unknown", "", "\ud800"):
        with pytest.raises(RefusedError, match="ask for a new one"):
            desk.sign_in.with_link(bad, "10.0.0.1")
    late = desk.sign_in.make_link(user.id, minutes=15, actor="admin")
    desk.wait(minutes=15)
    with pytest.raises(RefusedError, match="too old"):
        desk.sign_in.with_link(late, "10.0.0.1")


def test_of_many_who_use_a_link_at_once_one_gets_in(desk: Desk) -> None:
    token = desk.sign_in.make_link(desk.user().id, actor="admin")
    done: list[Session | None] = []

    def use() -> None:
        try:
            done.append(desk.sign_in.with_link(token, "10.0.0.1"))
        except RefusedError:
            done.append(None)

    threads = [threading.Thread(target=use) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert len(done) == 8
    assert len([session for session in done if session]) == 1


def test_a_link_needs_a_user_and_a_sensible_time(desk: Desk) -> None:
    with pytest.raises(InputError, match="no active user"):
        desk.sign_in.make_link("nobody", actor="admin")
    for minutes in (0, 100_000):
        with pytest.raises(InputError, match="1 to 1440 minutes"):
            desk.sign_in.make_link(
                desk.users.create(name=f"m{minutes}", role=Role.OPERATOR, agency="city", actor="init").id,
                minutes=minutes,
                actor="admin",
            )


def test_no_secret_is_stored_or_audited_as_it_is(desk: Desk, engine: Engine, log: Audit) -> None:
    user = desk.user()
    link = desk.sign_in.make_link(user.id, actor="admin")
    session = desk.sign_in.with_password("lan", PASSWORD, "10.0.0.1")
    with engine.connect() as connection:
        stored = repr(
            [
                connection.exec_driver_sql(f"SELECT * FROM {table}").all()
                for table in ("users", "sessions", "sign_in_links", "audit", "sign_in_failures")
            ]
        )
    for secret in (link, session.token, PASSWORD):
        assert secret not in stored
    assert "$argon2id$" in stored


def test_every_way_in_and_out_is_audited(desk: Desk, log: Audit) -> None:
    user = desk.user()
    desk.fails()
    desk.fails("nobody\0", "x" * 500)
    session = desk.sign_in.with_link(desk.sign_in.make_link(user.id, actor="admin"), "10.0.0.1")
    desk.sign_in.end(session.token)
    entries = log.entries(after=1)
    assert [(entry.action, entry.actor, entry.agency) for entry in entries] == [
        ("sign_in.refused", "lan", "dept-a"),
        ("sign_in.refused", "nobody\ufffd", "city"),
        ("sign_in.link_made", "admin", "dept-a"),
        ("sign_in.done", "lan", "dept-a"),
        ("sign_in.ended", "lan", "dept-a"),
    ]
    assert entries[3].detail == {"address": "10.0.0.1", "by": "link"}


def test_who_keeps_trying_is_written_once_a_minute(desk: Desk, log: Audit) -> None:
    desk.user()
    for _ in range(9):
        desk.fails()
    written = [entry for entry in log.entries(0, 100) if entry.action.startswith("sign_in.")]
    assert [entry.action for entry in written] == ["sign_in.refused"] * 5 + ["sign_in.throttled"]
    assert (written[-1].agency, written[-1].detail) == ("dept-a", {"address": "10.0.0.1"})
    desk.wait(minutes=1)
    desk.fails()
    assert log.entries(0, 1, newest_first=True)[0].action == "sign_in.throttled"
