"""Runs: started once, moved on, asked, answered, undone, cancelled; every refusal is seen."""

import threading
from datetime import timedelta

import pytest
from sqlalchemy import Engine, select, update

from sentinel.database.tables import collectors, commands, effects, runs
from sentinel.errors import ConflictError, InputError, RefusedError
from sentinel.model.moment import to_text
from sentinel.model.principal import Role
from sentinel.model.run import EffectState, RunState, StepState
from sentinel.playbooks.commands import Commands
from sentinel.playbooks.run import MAX_PER_INCIDENT
from tests.playbooks.stage import BLOCK, KEY, SCOPE, START, Stage, alert, person


def test_an_alert_starts_a_playbook_once_however_often_it_comes(stage: Stage) -> None:
    first = stage.runs.trigger(stage.incident(), alert(), stage.now)
    again = stage.runs.trigger(stage.incident(), alert(), stage.now)
    assert first == again
    assert len(stage.runs.find(SCOPE)) == 1
    assert stage.timeline().count("run.started") == 1


def test_an_alert_without_the_tag_starts_nothing(stage: Stage) -> None:
    assert stage.runs.trigger(stage.incident(), alert(tags=["other"]), stage.now) == []


def test_a_missing_required_input_is_told_and_a_later_alert_may_bring_it(stage: Stage) -> None:
    assert stage.runs.trigger(stage.incident(), alert({"agent.id": "agent-1"}), stage.now) == []
    assert "run.not_started" in stage.timeline()
    assert len(stage.runs.trigger(stage.incident(), alert(), stage.now)) == 1


def test_the_whole_way_from_alert_to_undone(stage: Stage) -> None:
    run_id = stage.begin()
    assert stage.run(run_id).state is RunState.WAITING
    assert stage.fetch() == []
    stage.decide()
    (command,) = stage.fetch()
    assert command["action"] == "block_ip"
    assert command["arguments"] == {"address": "203.0.113.9"}
    assert command["undo_at"] == to_text(stage.now + timedelta(hours=4))
    for state in ("acknowledged", "executed", "verified"):
        assert stage.run(run_id).state is RunState.WAITING
        stage.answer(command, state)
    run = stage.run(run_id)
    assert run.state is RunState.DONE
    assert [step.state for step in run.steps] == [StepState.DONE] * 3
    assert run.effects[0].state is EffectState.VERIFIED
    stage.now += timedelta(hours=4)
    stage.answer(command, "undone")
    assert stage.run(run_id).effects[0].undone_at == to_text(stage.now)
    told = stage.timeline()
    wanted = ["run.started", "approval.asked", "approval.approved", "action.intended", "effect.verified"]
    assert [code for code in told if code in wanted] == wanted
    assert "playbook.note" in told
    assert told[-1] == "effect.undone"
    assert stage.audit.verify() > 5


def test_a_refusal_ends_the_run_with_nothing_done(stage: Stage) -> None:
    run_id = stage.begin()
    stage.decide(approved=False)
    run = stage.run(run_id)
    assert (run.state, run.effects) == (RunState.DONE, ())
    assert run.steps[0].state is StepState.REFUSED


def test_silence_counts_as_no(stage: Stage) -> None:
    run_id = stage.begin()
    assert stage.work(minutes=29) == 0
    stage.work(minutes=1)
    run = stage.run(run_id)
    assert (run.state, run.effects) == (RunState.DONE, ())
    assert run.approvals[0].decision == "expired"
    with pytest.raises(ConflictError, match="expired"):
        stage.runs.decide(person(), run.approvals[0].id, approved=True, note="", now=stage.now)


def test_only_the_role_and_the_scope_decide(stage: Stage) -> None:
    stage.begin()
    approval, _ = stage.runs.waiting(SCOPE, stage.now)[0]
    for role in (Role.OPERATOR, Role.AUDITOR):
        with pytest.raises(RefusedError, match="role"):
            stage.runs.decide(person(role), approval.id, approved=True, note="", now=stage.now)
    foreigner = person(scope=frozenset({"dept-b"}))
    with pytest.raises(InputError, match="no such question"):
        stage.runs.decide(foreigner, approval.id, approved=True, note="", now=stage.now)
    assert stage.runs.waiting(frozenset({"dept-b"}), stage.now) == []


def test_a_question_is_decided_once_by_however_many_at_once(stage: Stage) -> None:
    stage.begin()
    approval, _ = stage.runs.waiting(SCOPE, stage.now)[0]
    outcomes: list[str] = []

    def decide(*, approved: bool) -> None:
        try:
            stage.runs.decide(person(), approval.id, approved=approved, note="", now=stage.now)
            outcomes.append("decided")
        except ConflictError:
            outcomes.append("conflict")

    threads = [threading.Thread(target=decide, kwargs={"approved": bool(i % 2)}) for i in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(outcomes) == ["conflict"] * 7 + ["decided"]


@pytest.mark.parametrize(
    ("fields", "reason"),
    [
        ({"agent.id": "foreign", "source.ip": "203.0.113.9"}, "belongs to dept-b"),
        ({"agent.id": "revoked", "source.ip": "203.0.113.9"}, "revoked"),
        ({"agent.id": "watcher", "source.ip": "203.0.113.9"}, "monitor only"),
        ({"agent.id": "nobody", "source.ip": "203.0.113.9"}, "no collector"),
        ({"agent.id": "agent-1", "source.ip": "127.0.0.1"}, "never-touch"),
        ({"agent.id": "agent-1", "source.ip": "::ffff:127.0.0.1"}, "never-touch"),
        ({"agent.id": "agent-1", "source.ip": "fe80::1"}, "never-touch"),
        ({"agent.id": "agent-1", "source.ip": "10.9.8.7"}, "never-touch"),
    ],
)
def test_what_may_not_be_touched_is_refused_visibly(engine: Engine, fields: dict[str, object], reason: str) -> None:
    stage = Stage(engine, never_touch=["10.9.8.0/24"]).furnish()
    run_id = stage.begin(fields)
    stage.decide()
    run = stage.run(run_id)
    assert run.state is RunState.FAILED
    assert run.steps[1].state is StepState.REFUSED
    assert reason in run.steps[1].error
    assert run.effects == ()
    assert "step.refused" in stage.timeline()


def test_a_command_nobody_fetches_in_time_fails_and_is_never_given_out(stage: Stage) -> None:
    run_id = stage.begin()
    stage.decide()
    stage.work(minutes=10)
    run = stage.run(run_id)
    assert run.state is RunState.FAILED
    assert run.effects[0].state is EffectState.FAILED
    assert stage.fetch() == []


def test_a_collector_that_falls_silent_leaves_an_unknown_not_a_success(stage: Stage) -> None:
    run_id = stage.begin()
    stage.decide()
    (command,) = stage.fetch()
    stage.answer(command, "acknowledged")
    stage.work(minutes=10)
    assert stage.run(run_id).state is RunState.WAITING
    stage.work(minutes=1)
    run = stage.run(run_id)
    assert run.state is RunState.FAILED
    assert "not known" in run.error
    stage.answer(command, "verified")
    assert stage.run(run_id).effects[0].state is EffectState.VERIFIED
    assert "effect.verified" in stage.timeline()


def test_an_undo_that_is_not_confirmed_in_time_is_told(stage: Stage) -> None:
    run_id = stage.begin()
    stage.decide()
    (command,) = stage.fetch()
    stage.answer(command, "verified")
    assert stage.run(run_id).state is RunState.DONE
    stage.work(hours=4, minutes=1)
    assert "effect.undo_overdue" not in stage.timeline()
    stage.work(minutes=1)
    stage.work(hours=1)
    assert stage.timeline().count("effect.undo_overdue") == 1


def test_undo_by_one_button(stage: Stage) -> None:
    run_id = stage.begin()
    stage.decide()
    (command,) = stage.fetch()
    stage.answer(command, "verified")
    effect = stage.run(run_id).effects[0]
    with pytest.raises(RefusedError, match="responder"):
        stage.runs.undo(person(Role.OPERATOR), effect.id, "too wide", stage.now)
    stage.runs.undo(person(), effect.id, "too wide", stage.now)
    with pytest.raises(ConflictError, match="already"):
        stage.runs.undo(person(), effect.id, "too wide", stage.now)
    (order,) = stage.fetch()
    assert (order["verb"], order["effect"]) == ("undo", effect.id)
    stage.answer(order, "acknowledged")
    stage.answer(order, "undo_failed", detail="firewall busy")
    assert stage.run(run_id).effects[0].state is EffectState.UNDO_FAILED
    stage.runs.undo(person(), effect.id, "again", stage.now)
    (second,) = stage.fetch()
    assert second["id"] != order["id"]
    stage.answer(second, "undone")
    assert stage.run(run_id).effects[0].state is EffectState.UNDONE
    with pytest.raises(ConflictError, match="undone"):
        stage.runs.undo(person(), effect.id, "again", stage.now)


def test_an_undo_nobody_fetches_can_be_asked_for_again(stage: Stage) -> None:
    run_id = stage.begin()
    stage.decide()
    stage.answer(stage.fetch()[0], "verified")
    effect = stage.run(run_id).effects[0]
    stage.runs.undo(person(), effect.id, "x", stage.now)
    stage.work(minutes=31)
    assert "effect.undo_not_fetched" in stage.timeline()
    stage.runs.undo(person(), effect.id, "x", stage.now)
    assert len(stage.fetch()) == 1


def test_a_command_is_withdrawn_until_somebody_fetched_it(stage: Stage) -> None:
    run_id = stage.begin()
    stage.decide()
    stage.runs.cancel(person(Role.OPERATOR), run_id, "false alarm", stage.now)
    assert stage.fetch() == []
    run = stage.run(run_id)
    assert run.state is RunState.CANCELLED
    assert run.effects[0].state is EffectState.FAILED
    assert run.effects[0].undo_at is None
    with pytest.raises(ConflictError, match="cancelled"):
        stage.runs.cancel(person(), run_id, "again", stage.now)


def test_a_fetched_command_outlives_the_cancelling_and_is_still_followed(stage: Stage) -> None:
    run_id = stage.begin()
    stage.decide()
    (command,) = stage.fetch()
    stage.runs.cancel(person(), run_id, "false alarm", stage.now)
    stage.answer(command, "verified")
    run = stage.run(run_id)
    assert run.state is RunState.CANCELLED
    assert run.effects[0].state is EffectState.VERIFIED
    stage.runs.undo(person(), run.effects[0].id, "false alarm", stage.now)
    assert [order["verb"] for order in stage.fetch()] == ["undo"]


def test_cancelling_closes_the_open_question(stage: Stage) -> None:
    run_id = stage.begin()
    approval = stage.run(run_id).approvals[0]
    stage.runs.cancel(person(), run_id, "no need", stage.now)
    assert stage.runs.waiting(SCOPE, stage.now) == []
    with pytest.raises(ConflictError):
        stage.runs.decide(person(), approval.id, approved=True, note="", now=stage.now)


def test_a_run_keeps_to_the_text_it_began_with(engine: Engine) -> None:
    stage = Stage(engine).furnish()
    run_id = stage.begin()
    changed = Stage(engine, playbooks=[BLOCK.replace("ttl: 4h", "ttl: 1h")], now=stage.now)
    changed.decide()
    assert changed.fetch()[0]["undo_at"] == to_text(START + timedelta(hours=4))
    assert changed.run(run_id).digest == stage.run(run_id).digest


def test_a_text_that_was_tampered_with_fails_the_run(stage: Stage) -> None:
    run_id = stage.begin()
    with stage.engine.begin() as connection:
        connection.execute(update(runs).values(source=BLOCK.replace("{{ inputs.source }}", "198.51.100.1")))
    restarted = Stage(stage.engine, now=stage.now)
    restarted.decide()
    assert restarted.run(run_id).state is RunState.FAILED
    assert restarted.fetch() == []


def test_a_worker_takes_over_when_a_lease_has_ended_and_not_before(stage: Stage) -> None:
    stage.runs.trigger(stage.incident(), alert(), stage.now)
    with stage.engine.begin() as connection:
        lease = {"lease_owner": "dead", "lease_until": to_text(stage.now + timedelta(seconds=30))}
        connection.execute(update(runs).values(lease))
    assert stage.work(seconds=29) == 0
    assert stage.work(seconds=1) > 0


def test_many_workers_at_once_make_each_move_once(stage: Stage) -> None:
    run_id = stage.runs.trigger(stage.incident(), alert(), stage.now)[0]
    others = [Stage(stage.engine) for _ in range(4)]
    threads = [threading.Thread(target=other.runs.work, args=(stage.now,)) for other in others]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert [step.path for step in stage.run(run_id).steps] == ["0"]
    assert stage.timeline().count("approval.asked") == 1


def test_a_person_starts_a_run_with_checked_inputs(stage: Stage) -> None:
    given = {"collector": "agent-1", "source": "203.0.113.7"}
    with pytest.raises(InputError, match="not an IP address"):
        stage.runs.start(person(), "block", "incident-1", given | {"source": "x"}, stage.now)
    with pytest.raises(InputError, match="no input 'colour'"):
        stage.runs.start(person(), "block", "incident-1", given | {"colour": "red"}, stage.now)
    with pytest.raises(InputError, match="no value"):
        stage.runs.start(person(), "block", "incident-1", {"collector": "agent-1"}, stage.now)
    with pytest.raises(InputError, match="no such incident"):
        stage.runs.start(person(), "block", "incident-b", given, stage.now)
    with pytest.raises(RefusedError, match="role"):
        stage.runs.start(person(Role.AUDITOR), "block", "incident-1", given, stage.now)
    run_id = stage.runs.start(person(Role.OPERATOR), "block", "incident-1", given, stage.now)
    assert stage.run(run_id).inputs == given
    with pytest.raises(ConflictError, match="at work"):
        stage.runs.start(person(), "block", "incident-1", given, stage.now)


def test_who_started_a_run_may_refuse_its_steps_but_not_approve_them(stage: Stage) -> None:
    starter = person(Role.RESPONDER)
    given = {"collector": "agent-1", "source": "203.0.113.7"}
    for is_own in (True, False):
        run_id = stage.runs.start(starter, "block", "incident-1", given, stage.now)
        assert stage.run(run_id).started_by == starter.name
        stage.work()
        ((question, _),) = stage.runs.waiting(SCOPE, stage.now)
        with pytest.raises(RefusedError, match="you started this run"):
            stage.runs.decide(starter, question.id, approved=True, note="", now=stage.now)
        decider = starter if is_own else person(Role.ADMINISTRATOR)
        stage.runs.decide(decider, question.id, approved=not is_own, note="", now=stage.now)
        stage.work()
    assert [command["action"] for command in stage.fetch()] == ["block_ip"]


def test_nobody_floods_an_incident_with_runs_by_hand(stage: Stage) -> None:
    given = {"collector": "agent-1", "source": "203.0.113.7"}
    for _ in range(MAX_PER_INCIDENT):
        run_id = stage.runs.start(person(), "block", "incident-1", given, stage.now)
        stage.runs.cancel(person(), run_id, "again", stage.now)
    with pytest.raises(ConflictError, match="20 times"):
        stage.runs.start(person(), "block", "incident-1", given, stage.now)


def test_what_an_alert_started_has_no_starter_to_exclude(stage: Stage) -> None:
    assert stage.run(stage.begin()).started_by is None


def test_no_one_sees_another_agencys_runs(stage: Stage) -> None:
    run_id = stage.begin()
    assert stage.runs.get(frozenset({"dept-b"}), run_id) is None
    assert stage.runs.find(frozenset({"dept-b"})) == []
    with pytest.raises(InputError):
        stage.runs.cancel(person(scope=frozenset({"dept-b"})), run_id, "x", stage.now)


def test_deciding_and_answering_wake_the_workers(engine: Engine) -> None:
    stage = Stage(engine).furnish()
    wake, rung = threading.Event(), []
    stage.commands = Commands(engine, KEY, wake=wake, announce=lambda: rung.append(1))
    stage.begin()
    stage.decide()
    stage.answer(stage.fetch()[0], "executed")
    assert wake.is_set()


def test_a_collector_lost_in_between_is_noticed(stage: Stage) -> None:
    run_id = stage.begin()
    with stage.engine.begin() as connection:
        connection.execute(update(collectors).where(collectors.c.id == "agent-1").values(revoked=True))
    stage.decide()
    assert stage.run(run_id).state is RunState.FAILED


def test_an_effect_and_its_command_are_written_together_or_not_at_all(stage: Stage) -> None:
    stage.begin()
    stage.decide()
    with stage.engine.connect() as connection:
        made = set(connection.execute(select(effects.c.id)).scalars())
        assert made == set(connection.execute(select(commands.c.effect)).scalars())


def test_a_playbook_may_run_once_per_subject_within_an_incident_but_not_without_end(engine: Engine) -> None:
    stage = Stage(engine, playbooks=[BLOCK.replace("steps:", "once-per: [source]\nsteps:", 1)]).furnish()

    def trigger(number: int) -> list[str]:
        fields = {"agent.id": "agent-1", "source.ip": f"203.0.113.{number}"}
        return stage.runs.trigger(stage.incident(), alert(fields), stage.now)

    assert trigger(1) == trigger(1) != trigger(2)
    for number in range(3, 40):
        trigger(number)
    assert len(stage.runs.find(SCOPE)) == 20
    assert "run.not_started" in stage.timeline()


@pytest.mark.parametrize("account", ["root\udc80", "\N{PILE OF POO}" * 3_999], ids=["undecodable", "long"])
def test_no_line_of_a_log_keeps_a_playbook_from_asking(stage: Stage, account: str) -> None:
    asking = BLOCK.replace('Block {{ inputs.source }}?"', 'Block {{ inputs.source }}, {{ inputs.account }}?"')
    named = asking.replace("inputs:\n", "inputs:\n  account: {type: string, from: alert.user.name}\n")
    hostile = Stage(stage.engine, playbooks=(named,))
    hostile.begin({"agent.id": "agent-1", "source.ip": "203.0.113.9", "user.name": account})
    ((question, _),) = hostile.runs.waiting(SCOPE, hostile.now)
    assert "203.0.113.9" in question.ask
    hostile.decide()
    assert [command["action"] for command in hostile.fetch()] == ["block_ip"]
