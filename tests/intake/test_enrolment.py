"""A token makes one collector, once."""

import pytest
from sqlalchemy import Engine, update

from sentinel.audit import Audit
from sentinel.database.tables import enrolment_tokens
from sentinel.errors import ConflictError, InputError, RefusedError
from sentinel.intake.enrolment import Enrolment
from sentinel.intake.identity import Identities
from tests.intake.examples import digest, enrol, token, use


def test_a_token_turns_into_a_collector_of_its_agency(enrolment: Enrolment, identities: Identities) -> None:
    collector_id = use(enrolment, token(enrolment, "dept-b"), "mine")
    found = identities.who("mine")
    assert (found.id, found.agency, found.host, found.name) == (collector_id, "dept-b", "pc-17", "máy một cửa")
    assert (found.can_respond, found.revoked, found.last_seen_at) == (True, False, None)


def test_a_lost_answer_is_given_again_to_the_same_collector_only(enrolment: Enrolment) -> None:
    one_time = token(enrolment)
    collector_id = use(enrolment, one_time, "mine")
    assert use(enrolment, one_time, "mine") == collector_id
    with pytest.raises(RefusedError, match="used before"):
        use(enrolment, one_time, "another")


def test_an_unknown_token_is_refused(enrolment: Enrolment) -> None:
    with pytest.raises(RefusedError, match="not known"):
        use(enrolment, "guess", "mine")


def test_an_expired_token_is_refused(enrolment: Enrolment, engine: Engine) -> None:
    one_time = token(enrolment)
    with engine.begin() as connection:
        connection.execute(update(enrolment_tokens).values(expires_at="2020-01-01T00:00:00.000000Z"))
    with pytest.raises(RefusedError, match="expired"):
        use(enrolment, one_time, "mine")


def test_two_collectors_cannot_have_the_same_secret(enrolment: Enrolment) -> None:
    use(enrolment, token(enrolment), "mine")
    with pytest.raises(ConflictError, match="another collector"):
        use(enrolment, token(enrolment), "mine")


@pytest.mark.parametrize(
    ("agency", "minutes", "name"), [("nowhere", 60, "x"), ("city", 0, "x"), ("city", 10**9, "x"), ("city", 60, " ")]
)
def test_a_token_needs_an_agency_a_time_and_a_name(enrolment: Enrolment, agency: str, minutes: int, name: str) -> None:
    with pytest.raises(InputError):
        enrolment.make_token(agency=agency, name=name, minutes=minutes, actor="a", url="u", ca_fingerprint="f")


@pytest.mark.parametrize("wrong", ["", "g" * 64, digest("x")[:-1], digest("x").upper()])
def test_what_is_no_hash_is_not_taken_for_one(enrolment: Enrolment, wrong: str) -> None:
    with pytest.raises(InputError, match="SHA-256"):
        enrolment.enrol(secret=token(enrolment), secret_hash=wrong, host="h", version="1", can_respond=False)


def test_neither_token_nor_secret_is_kept(enrolment: Enrolment, engine: Engine) -> None:
    one_time, secret = token(enrolment), "very secret"
    use(enrolment, one_time, secret)
    with engine.connect() as connection:
        dump = "".join(
            str(row)
            for table in ("enrolment_tokens", "collectors", "audit")
            for row in connection.exec_driver_sql(f"SELECT * FROM {table}")
        )
    assert one_time not in dump
    assert secret not in dump


def test_making_and_using_a_token_is_in_the_audit_log(enrolment: Enrolment, log: Audit) -> None:
    enrol(enrolment, "dept-a")
    assert [entry.action for entry in log.entries()] == ["collector.token_made", "collector.enrolled"]
