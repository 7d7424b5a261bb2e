"""The planner as a state machine: whatever happens, it goes forward, ends, and never does what nobody approved."""

from hypothesis import given, settings
from hypothesis import strategies as st

from sentinel.model.run import RunState, StepState
from sentinel.playbooks.actions import ACTIONS
from sentinel.playbooks.check import check
from sentinel.playbooks.language import Loaded, parse
from sentinel.playbooks.plan import Ask, Await, End, Move, Perform, Seen, Settle, Take, Write, plan
from tests.playbooks.stage import BLOCK, SHA

HEAD = BLOCK.partition("steps:")[0]
INPUTS = {"collector": "agent-1", "source": "203.0.113.9"}
STARTED = '"2026-01-01T00:00:00Z"'


@st.composite
def steps(draw: st.DrawFn, depth: int = 2, counter: list[int] | None = None) -> list[str]:
    """Return the lines of some steps; ids are unique, so that references can be made."""
    counter = [0] if counter is None else counter
    lines: list[str] = []
    for _ in range(draw(st.integers(1, 3))):
        counter[0] += 1
        name = f"s{counter[0]}"
        kind = draw(
            st.sampled_from(["note", "triage", "block", "kill", "approve", "if"] if depth else ["note", "kill"])
        )
        failing = draw(st.sampled_from(["stop", "continue"]))
        asked = draw(st.sampled_from(["", ", ask: x, ask-vi: x"]))
        match kind:
            case "note":
                lines.append(f"- {{id: {name}, note: n, note-vi: n}}")
            case "triage":
                lines.append(f"- {{id: {name}, do: collect_triage, with: {{collector: a}}, on-failure: {failing}}}")
            case "block":
                given = "{collector: a, address: '{{ inputs.source }}'}"
                lines.append(f"- {{id: {name}, do: block_ip, with: {given}, ttl: 1h, on-failure: {failing}{asked}}}")
            case "kill":
                given = f"{{collector: a, pid: 7, started: {STARTED}, sha256: {SHA}}}"
                lines.append(f"- {{id: {name}, do: kill_process, with: {given}, on-failure: {failing}{asked}}}")
            case "approve":
                lines.append(f"- {{id: {name}, approve: {{ask: x, ask-vi: x, on-refusal: {failing}}}}}")
            case _:
                condition = draw(
                    st.sampled_from(["inputs.source != null", "inputs.source == 'x'", "not inputs.source"])
                )
                lines.append(f"- if: {condition}\n  then:")
                lines += [f"    {line}".replace("\n", "\n    ") for line in draw(steps(depth - 1, counter))]
                if draw(st.booleans()):
                    lines.append("  else:")
                    lines += [f"    {line}".replace("\n", "\n    ") for line in draw(steps(depth - 1, counter))]
    return lines


@st.composite
def playbooks(draw: st.DrawFn) -> Loaded:
    body = "\n".join(draw(steps()))
    return parse(f"{HEAD}steps:\n" + "\n".join(f"  {line}" for line in body.split("\n")), "f.yml")


def follow(move: Move, draw: st.DrawFn) -> tuple[str, Seen]:
    """Return what the world makes of a move."""
    match move:
        case Perform():
            state = draw(st.sampled_from([StepState.DONE, StepState.FAILED, StepState.REFUSED]))
            return move.placed.path, Seen(state, {"verified": state is StepState.DONE})
        case Ask():
            state = draw(st.sampled_from([StepState.DONE, StepState.REFUSED, StepState.EXPIRED]))
            return move.path, Seen(state, {"approved": state is StepState.DONE})
        case Take():
            return move.placed.path, Seen(StepState.DONE, {"taken": move.branch})
        case Write():
            return move.placed.path, Seen(StepState.DONE)
        case Settle():
            return move.placed.path, Seen(move.state)
        case _:
            raise AssertionError(move)


@given(playbooks(), st.data())
@settings(max_examples=150, deadline=None)
def test_every_run_goes_forward_and_ends(loaded: Loaded, data: st.DataObject) -> None:
    is_sound = not any(finding.is_error for finding in check(loaded, ACTIONS))
    history: dict[str, Seen] = {}
    for _ in range(200):
        move = plan(loaded.playbook, INPUTS, history, ACTIONS)
        assert move == plan(loaded.playbook, INPUTS, dict(history), ACTIONS)
        if isinstance(move, End):
            assert move.state in (RunState.DONE, RunState.FAILED)
            return
        if isinstance(move, Perform) and is_sound and ACTIONS[move.step.do].danger >= 2:
            assert move.is_approved, "a disruptive action without a yes"
        path, seen = follow(move, data.draw)
        assert path not in history, "a step was begun twice"
        waiting = history | {path: Seen(StepState.RUNNING)}
        assert plan(loaded.playbook, INPUTS, waiting, ACTIONS) == Await(path)
        history[path] = seen
    raise AssertionError("the run never ended")


def test_the_way_once_taken_is_kept_whatever_is_known_later() -> None:
    branches = "then: [{note: a, note-vi: a}]\n    else: [{note: b, note-vi: b}]"
    text = f"{HEAD}steps:\n  - if: inputs.source != null\n    {branches}"
    history = {"0": Seen(StepState.DONE, {"taken": "else"})}
    move = plan(parse(text, "f").playbook, INPUTS, history, ACTIONS)
    assert isinstance(move, Write)
    assert move.note == "b"


def test_a_condition_that_cannot_be_judged_fails_the_run() -> None:
    text = f"{HEAD}steps:\n  - if: inputs.source < 3\n    then: [{{note: a, note-vi: a}}]"
    move = plan(parse(text, "f").playbook, INPUTS, {}, ACTIONS)
    assert isinstance(move, Settle)
    assert move.state is StepState.FAILED


def test_what_an_agent_says_is_used_only_as_its_declared_kind() -> None:
    triage = "  - {id: t, do: collect_triage, with: {collector: a}}"
    text = f"{HEAD}steps:\n{triage}\n  - {{note: '{{{{ t.result.process_count }}}}', note-vi: x}}"
    for said, shown in ((7, "7"), ("7; rm", "–"), ([1], "–")):
        history = {"0": Seen(StepState.DONE, {"result": {"process_count": said}})}
        move = plan(parse(text, "f").playbook, INPUTS, history, ACTIONS)
        assert isinstance(move, Write)
        assert move.note == shown
