"""Promises of the users: one name one user, passwords as slow hashes, a disabled user is out at once."""

import pytest
from sqlalchemy import Engine

from sentinel.accounts.passwords import Passwords
from sentinel.accounts.sign_in import SignIn
from sentinel.accounts.users import Users
from sentinel.audit import Audit
from sentinel.errors import ConflictError, InputError
from sentinel.model.principal import Role
from tests.alerts.examples import EVERYTHING

CHEAP = Passwords(time_cost=1, memory_kib=64, parallelism=1)
PASSWORD = "bốn từ dễ nhớ nhé"


@pytest.fixture
def users(engine: Engine, log: Audit) -> Users:
    return Users(engine, log, passwords=CHEAP)


def test_a_user_acts_within_their_agency(users: Users) -> None:
    made = users.create(name="Lan", role=Role.OPERATOR, agency="dept-a", actor="init")
    assert (made.name, made.role, made.scope, made.language) == ("lan", Role.OPERATOR, {"dept-a"}, "vi")
    assert users.principal(made.id) == made
    assert users.create(name="admin", role=Role.ADMINISTRATOR, agency="city", actor="init").scope == EVERYTHING


def test_a_name_is_the_same_in_any_case_and_unicode_form(users: Users) -> None:
    made = users.create(name="Hải.Đăng", role=Role.OPERATOR, agency="city", actor="init")
    for name in ("hải.đăng", "HẢI.ĐĂNG", "Ha\u0309i.\u0110a\u0306ng", " hải.đăng "):
        assert users.by_name(name) == made
    with pytest.raises(ConflictError, match=r"'hải\.đăng' already"):
        users.create(name="HA\u0309I.ĐĂNG", role=Role.AUDITOR, agency="city", actor="init")


@pytest.mark.parametrize("name", ["", " ", "a b", "_a", ".", "a\n", "a\0b", "x" * 65, "<script>", "\ud800", "a/b"])
def test_a_name_that_is_none_is_refused(users: Users, name: str) -> None:
    if name == "a\n":
        assert users.create(name=name, role=Role.AUDITOR, agency="city", actor="init").name == "a"
        return
    with pytest.raises(InputError, match="no user name"):
        users.create(name=name, role=Role.AUDITOR, agency="city", actor="init")


def test_a_wrong_agency_language_or_password_is_refused(users: Users) -> None:
    with pytest.raises(InputError, match="no agency 'dept-x'"):
        users.create(name="lan", role=Role.OPERATOR, agency="dept-x", actor="init")
    with pytest.raises(InputError, match="unknown language"):
        users.create(name="lan", role=Role.OPERATOR, agency="city", language="fr", actor="init")
    for password in ("eleven char", "x" * 257):
        with pytest.raises(InputError, match="12 to 256 characters"):
            users.create(name="lan", role=Role.OPERATOR, agency="city", password=password, actor="init")
    assert users.find(EVERYTHING) == []


def test_users_are_found_within_a_scope_only(users: Users) -> None:
    users.create(name="minh", role=Role.OPERATOR, agency="dept-b", actor="init")
    users.create(name="lan", role=Role.OPERATOR, agency="dept-a", password=PASSWORD, actor="init")
    assert [(row.name, row.has_password) for row in users.find(EVERYTHING)] == [("lan", True), ("minh", False)]
    assert [row.name for row in users.find(frozenset({"dept-b"}))] == ["minh"]
    assert users.find(frozenset()) == []


def test_a_disabled_user_is_nobody_and_every_session_ends(users: Users, engine: Engine, log: Audit) -> None:
    sign_in = SignIn(engine, log, users)
    made = users.create(name="lan", role=Role.OPERATOR, agency="city", password=PASSWORD, actor="init")
    session = sign_in.with_password("lan", PASSWORD, "10.0.0.1")
    link = sign_in.make_link(made.id, actor="admin")
    users.disable(made.id, "admin")
    assert (users.principal(made.id), users.by_name("lan"), sign_in.session(session.token)) == (None, None, None)
    assert users.find(EVERYTHING)[0].disabled
    for attempt in (lambda: sign_in.with_link(link, ""), lambda: sign_in.with_password("lan", PASSWORD, "")):
        with pytest.raises(Exception, match=r"used before|is wrong"):
            attempt()


def test_a_new_password_ends_the_sessions_of_the_old_one(users: Users, engine: Engine, log: Audit) -> None:
    sign_in = SignIn(engine, log, users)
    made = users.create(name="lan", role=Role.OPERATOR, agency="city", password=PASSWORD, actor="init")
    session = sign_in.with_password("lan", PASSWORD, "10.0.0.1")
    users.set_password(made.id, PASSWORD + " mới", "admin")
    assert sign_in.session(session.token) is None
    assert sign_in.with_password("lan", PASSWORD + " mới", "10.0.0.1").principal == made
    with pytest.raises(InputError, match="12 to 256"):
        users.set_password(made.id, "short", "admin")
    with pytest.raises(InputError, match="no user 'x'"):
        users.set_password("x", PASSWORD, "admin")


def test_what_is_done_to_users_is_audited_without_secrets(users: Users, log: Audit) -> None:
    made = users.create(name="lan", role=Role.OPERATOR, agency="dept-a", password=PASSWORD, actor="init")
    users.set_password(made.id, PASSWORD, "admin")
    users.disable(made.id, "admin")
    entries = log.entries()
    assert [(entry.action, entry.actor, entry.object, entry.agency) for entry in entries] == [
        ("user.created", "init", "lan", "dept-a"),
        ("user.password_changed", "admin", "lan", "dept-a"),
        ("user.disabled", "admin", "lan", "dept-a"),
    ]
    assert PASSWORD not in repr(entries)


def test_a_hash_of_an_older_cost_is_renewed_at_sign_in(engine: Engine, log: Audit) -> None:
    Users(engine, log, passwords=CHEAP).create(
        name="lan", role=Role.OPERATOR, agency="city", password=PASSWORD, actor="init"
    )
    dearer = Passwords(time_cost=2, memory_kib=64, parallelism=1)
    checked = []
    for _ in range(2):
        principal, _agency = Users(engine, log, passwords=dearer).check_password("lan", PASSWORD)
        checked.append(principal is not None)
    assert checked == [True, True]
    assert not dearer.is_outdated(_stored(engine))


def _stored(engine: Engine) -> str:
    with engine.connect() as connection:
        return str(connection.exec_driver_sql("SELECT password_hash FROM users").scalar_one())
