"""Collectors are known by their secret, and seen within the scope."""

from datetime import UTC, datetime

import pytest

from sentinel.audit import Audit
from sentinel.errors import InputError, RefusedError
from sentinel.intake.enrolment import Enrolment
from sentinel.intake.identity import Identities
from sentinel.model.principal import Principal, Role
from tests.intake.examples import enrol

AT = datetime(2026, 11, 23, 8, 0, tzinfo=UTC)
EVERYWHERE = frozenset({"city", "dept-a", "dept-b"})


def administrator(*scope: str, role: Role = Role.ADMINISTRATOR) -> Principal:
    return Principal(id="u", name="quản trị", role=role, agency=scope[0], scope=frozenset(scope))


def test_a_secret_nobody_has_is_refused(identities: Identities) -> None:
    with pytest.raises(RefusedError) as caught:
        identities.who("guess")
    assert caught.value.http_status == 401


def test_only_collectors_in_scope_are_seen(enrolment: Enrolment, identities: Identities) -> None:
    in_a = identities.who(enrol(enrolment, "dept-a"))
    in_b = identities.who(enrol(enrolment, "dept-b"))
    assert identities.find(frozenset({"dept-a"})) == [in_a]
    assert identities.find(frozenset()) == []
    assert len(identities.find(EVERYWHERE)) == 2
    assert identities.get(frozenset({"dept-a"}), in_b.id) is None
    assert identities.get(frozenset({"dept-b"}), in_b.id) == in_b


def test_a_report_is_kept_and_is_a_sign_of_life(enrolment: Enrolment, identities: Identities) -> None:
    one = identities.who(enrol(enrolment, "dept-a"))
    identities.report(one.id, {"spool_events": 5}, AT)
    found = identities.get(EVERYWHERE, one.id)
    assert found is not None
    assert (found.status, found.last_seen_at) == ({"spool_events": 5}, "2026-11-23T08:00:00.000000Z")


def test_a_revoked_collector_is_refused_and_the_audit_log_says_why(
    enrolment: Enrolment, identities: Identities, log: Audit
) -> None:
    secret = enrol(enrolment, "dept-a")
    one = identities.who(secret)
    identities.revoke(administrator("dept-a"), one.id, "stolen")
    with pytest.raises(RefusedError, match="revoked"):
        identities.who(secret)
    revoked, refused = log.entries()[-2:]
    assert (revoked.action, revoked.object, revoked.why) == ("collector.revoked", one.id, "stolen")
    assert (refused.action, refused.actor) == ("collector.refused", f"collector:{one.id}")
    assert revoked.agency == refused.agency == "dept-a"


def test_nobody_revokes_in_another_agency_or_without_the_role(enrolment: Enrolment, identities: Identities) -> None:
    secret = enrol(enrolment, "dept-b")
    one = identities.who(secret)
    with pytest.raises(InputError, match="no collector"):
        identities.revoke(administrator("dept-a"), one.id, "")
    with pytest.raises(RefusedError, match="administrator"):
        identities.revoke(administrator("dept-b", role=Role.RESPONDER), one.id, "")
    assert identities.who(secret) == one
