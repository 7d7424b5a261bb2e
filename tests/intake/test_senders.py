"""Senders are known by token, certificate or network, belong to one agency and one door, and can be stopped."""

from collections.abc import Sequence
from ipaddress import ip_network

import pytest
from sqlalchemy import Engine, select

from sentinel.audit import Audit
from sentinel.database.storage_tables import senders
from sentinel.errors import ConflictError, InputError, RefusedError
from sentinel.intake.sender_desk import SenderDesk
from sentinel.intake.senders import Senders, UnknownSenderError, of_address
from sentinel.model.principal import Principal, Role
from sentinel.model.sender import Sender, SenderLimits

FINGERPRINT = "ab" * 32


def administrator(*scope: str, role: Role = Role.ADMINISTRATOR) -> Principal:
    return Principal(id="u", name="quản trị", role=role, agency=scope[0], scope=frozenset(scope))


ROOT = administrator("city", "dept-a", "dept-b")


@pytest.fixture
def desk(engine: Engine, log: Audit) -> SenderDesk:
    return SenderDesk(engine, log)


@pytest.fixture
def known(engine: Engine) -> Senders:
    return Senders(engine)


def add(
    desk: SenderDesk, door: str = "bulk", agency: str = "dept-a", who: Principal = ROOT, networks: Sequence[str] = ()
) -> tuple[Sender, str]:
    return desk.add(
        who,
        door=door,
        name="máy chủ thư",
        agency=agency,
        dataset="linux.syslog",
        networks=tuple(ip_network(each) for each in networks),
    )


def test_a_token_opens_its_own_door_for_its_own_agency(desk: SenderDesk, known: Senders) -> None:
    sender, token = add(desk)
    assert known.by_token("bulk", token) == sender
    assert (sender.agency, sender.limits) == ("dept-a", SenderLimits())
    for door, said in (("hec", token), ("bulk", token[:-1]), ("bulk", ""), ("bulk", "x" * 10_000)):
        with pytest.raises(UnknownSenderError) as caught:
            known.by_token(door, said)
        assert caught.value.http_status == 401


def test_the_token_itself_is_kept_nowhere(desk: SenderDesk, engine: Engine, log: Audit) -> None:
    _, token = add(desk)
    with engine.begin() as connection:
        rows = str(connection.execute(select(senders)).all())
    assert token not in rows
    assert token not in str(log.entries(scope=frozenset({"dept-a"})))


def test_a_new_token_ends_the_one_before(desk: SenderDesk, known: Senders) -> None:
    sender, before = add(desk)
    after = desk.rotate(ROOT, sender.id, "it was in a ticket")
    assert known.by_token("bulk", after).id == sender.id
    with pytest.raises(UnknownSenderError):
        known.by_token("bulk", before)


def test_a_revoked_sender_is_refused_and_that_is_written_once(desk: SenderDesk, known: Senders, log: Audit) -> None:
    sender, token = add(desk)
    desk.revoke(ROOT, sender.id, "the machine is gone")
    for _ in range(3):
        with pytest.raises(UnknownSenderError, match="revoked"):
            known.by_token("bulk", token)
    actions = [entry.action for entry in log.entries(scope=frozenset({"dept-a"}))]
    assert sorted(actions) == ["sender.added", "sender.refused", "sender.revoked"]
    with pytest.raises(InputError):
        desk.rotate(ROOT, sender.id, "again")


def test_nobody_changes_senders_of_other_agencies(desk: SenderDesk) -> None:
    sender, _ = add(desk)
    stranger = administrator("dept-b")
    for attempt in (desk.revoke, desk.rotate):
        with pytest.raises(InputError, match="there is no sender"):
            attempt(stranger, sender.id, "mine now")
    with pytest.raises(InputError, match="there is no agency"):
        add(desk, who=stranger)
    with pytest.raises(RefusedError):
        add(desk, who=administrator("dept-a", role=Role.RESPONDER))


def test_only_senders_in_scope_are_seen(desk: SenderDesk, known: Senders) -> None:
    sender, _ = add(desk)
    assert known.find(frozenset({"dept-a"})) == [sender]
    assert known.find(frozenset({"dept-b"})) == []
    assert known.get(frozenset({"dept-b"}), sender.id) is None


def test_the_narrowest_network_says_whose_packet_it_is(desk: SenderDesk, known: Senders) -> None:
    wide, _ = add(desk, "syslog", networks=["10.0.0.0/8", "2001:db8::/32"])
    narrow, _ = add(desk, "syslog", "dept-b", networks=["10.20.0.0/16"])
    found = known.active("syslog")
    for address, owner in {
        "10.1.2.3": wide,
        "10.20.3.4": narrow,
        "::ffff:10.20.3.4": narrow,
        "2001:db8::5%eth0": wide,
    }.items():
        assert of_address(found, address) == owner, address
    assert of_address(found, "192.0.2.1") is None


def test_a_network_belongs_to_one_sender_until_it_is_revoked(desk: SenderDesk) -> None:
    first, _ = add(desk, "syslog", networks=["10.20.0.0/16"])
    with pytest.raises(ConflictError, match=first.id):
        add(desk, "syslog", "dept-b", networks=["10.20.0.0/16"])
    desk.revoke(ROOT, first.id, "moved")
    add(desk, "syslog", "dept-b", networks=["10.20.0.0/16"])


def test_a_certificate_belongs_to_one_sender(desk: SenderDesk, known: Senders) -> None:
    def one() -> Sender:
        written = ":".join(["AB"] * 32)
        return desk.add(ROOT, door="syslog", name="fw", agency="dept-a", dataset="cisco.ios", certificate=written)[0]

    sender = one()
    assert known.by_certificate("syslog", FINGERPRINT) == sender
    with pytest.raises(UnknownSenderError):
        known.by_certificate("syslog", "cd" * 32)
    with pytest.raises(ConflictError):
        one()


@pytest.mark.parametrize(
    ("changed", "words"),
    [
        ({"door": "window"}, "unknown door"),
        ({"name": "  "}, "needs a name"),
        ({"dataset": "sentinel.audit"}, "no dataset for a sender"),
        ({"dataset": "../etc"}, "no dataset for a sender"),
        ({"networks": (ip_network("10.0.0.0/8"),)}, "has a token"),
        ({"door": "syslog"}, "either networks or a client certificate"),
        ({"door": "syslog", "certificate": "zz"}, "SHA-256"),
        ({"agency": "dept-z"}, "no agency"),
        ({"limits": SenderLimits(events_per_second=0)}, "events_per_second"),
        ({"limits": SenderLimits(body_bytes=10**9)}, "body_bytes"),
    ],
)
def test_what_is_no_sender_is_refused_with_a_reason(desk: SenderDesk, changed: dict[str, object], words: str) -> None:
    asked = {"door": "bulk", "name": "x", "agency": "dept-a", "dataset": "app.portal", **changed}
    with pytest.raises(InputError, match=words):
        desk.add(ROOT, **asked)  # type: ignore[arg-type]
