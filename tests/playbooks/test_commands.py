"""Commands are signed and addressed; what collectors answer is bounded and never goes back."""

import base64
import json

import pytest
from cryptography.exceptions import InvalidSignature
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from sentinel.errors import ConflictError, InputError, SentinelError
from sentinel.model.run import EffectState
from sentinel.playbooks import report
from tests.playbooks.stage import KEY, Stage

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8), inner, max_size=4),
    max_leaves=20,
)


def test_a_command_is_canonical_signed_and_addressed(stage: Stage) -> None:
    stage.begin()
    stage.decide()
    (item,) = stage.commands.pending("agent-1", stage.now)
    payload, signature = base64.b64decode(item["payload"]), base64.b64decode(item["signature"])
    KEY.public_key().verify(signature, payload)
    body = json.loads(payload)
    assert payload == json.dumps(body, sort_keys=True, separators=(",", ":")).encode("ascii")
    assert body["collector"] == "agent-1"
    with pytest.raises(InvalidSignature):
        KEY.public_key().verify(signature, payload.replace(b"203.0.113.9", b"203.0.113.8"))


def test_only_the_addressed_collector_gets_and_answers_it(stage: Stage) -> None:
    stage.begin()
    stage.decide()
    assert stage.fetch("agent-2") == []
    (command,) = stage.fetch()
    with pytest.raises(InputError, match="no such command"):
        stage.answer(command, "verified", collector="agent-2")


def test_it_is_given_again_until_it_is_answered(stage: Stage) -> None:
    stage.begin()
    stage.decide()
    assert stage.fetch() == stage.fetch()
    stage.answer(stage.fetch()[0], "executed")
    assert len(stage.fetch()) == 1
    stage.answer(stage.fetch()[0], "verified")
    assert stage.fetch() == []


def test_a_repeated_or_late_report_changes_nothing(stage: Stage) -> None:
    run_id = stage.begin()
    stage.decide()
    (command,) = stage.fetch()
    for state in ("verified", "executed", "acknowledged", "verified"):
        stage.answer(command, state)
    assert stage.run(run_id).effects[0].state is EffectState.VERIFIED


def test_a_report_that_contradicts_is_refused(stage: Stage) -> None:
    stage.begin()
    stage.decide()
    (command,) = stage.fetch()
    stage.answer(command, "refused", detail="it is a gateway")
    with pytest.raises(ConflictError, match="refused"):
        stage.answer(command, "verified")


@pytest.mark.parametrize(
    "body",
    [
        None,
        [],
        {},
        {"state": "verified"},
        {"state": "happy", "at": "2026-01-01T00:00:00Z"},
        {"state": "verified", "at": "yesterday"},
        {"state": "verified", "at": "2026-01-01T00:00:00Z", "extra": 1},
        {"state": "verified", "at": "2026-01-01T00:00:00Z", "result": []},
        {"state": "verified", "at": "2026-01-01T00:00:00Z", "result": {"x": "y" * 4_000, "z": ["y" * 4_000] * 100}},
        {"state": "verified", "at": "2026-01-01T00:00:00Z", "result": {"a": [[[[[[[[1]]]]]]]]}},
        {"state": "verified", "at": "2026-01-01T00:00:00Z", "result": {"a": float("nan")}},
        {"state": "verified", "at": "2026-01-01T00:00:00Z", "result": {"a": 10**400}},
    ],
)
def test_a_broken_report_is_refused(stage: Stage, body: object) -> None:
    stage.begin()
    stage.decide()
    (command,) = stage.fetch()
    with pytest.raises(InputError, match="report"):
        stage.commands.answer("agent-1", str(command["id"]), body, stage.now)


def test_details_are_cut_and_cleaned() -> None:
    checked = report.read(
        {"state": "failed", "at": "2026-01-01T00:00:00Z", "detail": "x\0" * 9_000, "result": {"a": "\ud800"}}, "perform"
    )
    assert len(checked.detail) == report.MAX_DETAIL
    assert "\0" not in checked.detail
    json.dumps(checked.result).encode()


@given(JSON)
@settings(max_examples=200, suppress_health_check=[HealthCheck.too_slow])
def test_no_body_breaks_the_reader_of_reports(body: object) -> None:
    for candidate in (body, {"state": "executed", "at": "2026-01-01T00:00:00Z", "result": {"x": body}}):
        try:
            checked = report.read(candidate, "perform")
        except InputError:
            continue
        assert len(json.dumps(checked.result)) <= report.MAX_RESULT_BYTES


@given(st.lists(st.sampled_from(list(EffectState)), max_size=12))
def test_an_effect_never_goes_back(reported: list[EffectState]) -> None:
    state, seen = EffectState.INTENDED, [EffectState.INTENDED]
    for item in reported:
        try:
            is_onward = report.advance(state, item)
        except SentinelError:
            continue
        if is_onward:
            assert item not in seen
            state = item
            seen.append(item)
    assert EffectState.UNDONE not in seen[:-1]
