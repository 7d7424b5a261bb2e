"""A playbook file is read within bounds, and every fault is named with file, line and remedy."""

from pathlib import Path

import pytest
import yaml
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from sentinel.errors import InputError
from sentinel.playbooks import source
from sentinel.playbooks.actions import ACTIONS
from sentinel.playbooks.check import check
from sentinel.playbooks.language import every, parse
from sentinel.playbooks.library import Library
from tests.playbooks.stage import BLOCK, SHA

HEAD = BLOCK.partition("steps:")[0]


def with_steps(steps: str) -> str:
    return f"{HEAD}steps:\n{steps}"


def line_of(text: str, part: str) -> int:
    return text[: text.index(part)].count("\n") + 1


@pytest.mark.parametrize(
    ("old", "new", "at", "fault"),
    [
        ("impact: 10", "impakt: 10", "impakt", "'impakt' is not known here"),
        ("impact: 10", "impact: 1000", "impact", "less than or equal to 100"),
        ("version: 1\n", "", "playbook: block", "'version' is missing"),
        ("ttl: 4h", "ttl: 4 hours", "ttl:", "no duration"),
        ("type: ip", "type: address", "type: address", "'string', 'integer'"),
        ("from: responder", "from: boss", "from: boss", "'auditor', 'operator'"),
        ('note: "Blocked {{ inputs.source }}', 'note: "Blocked {{ inputs.source', "note:", "is no reference"),
        ("{{ inputs.collector }}", "{{ 1 + 1 }}", "with:", "is no reference"),
        (
            "  - id: block\n    do: block_ip",
            "  - id: block\n    do: block_ip\n    note: x",
            "  - id: block",
            "exactly one of",
        ),
        ("impact: 10", "impact: 10\nimpact: 11", "impact: 11", "stands here twice"),
        ("impact: 10", "impact: &a 10\nversion: *a", "version: *a", "aliases"),
        ("impact: 10", "impact: !!python/object:os.system 10", "impact", "not allowed"),
        ("impact: 10", "impact: [10", "impact: [10", "not readable as YAML"),
    ],
)
def test_a_fault_is_named_with_its_line(old: str, new: str, at: str, fault: str) -> None:
    text = BLOCK.replace(old, new, 1)
    assert text != BLOCK
    with pytest.raises(InputError, match=r"^block\.yml:") as caught:
        parse(text, "block.yml")
    said = str(caught.value)
    assert fault in said
    if "YAML" not in fault:
        assert f"block.yml:{line_of(text, at)}:" in said


@pytest.mark.parametrize(
    ("steps", "fault"),
    [
        ("  - do: blok_ip\n    with: {collector: a, address: 203.0.113.1}\n    ttl: 1h", "did you mean 'block_ip'?"),
        ("  - do: block_ip\n    with: {collector: a, address: 203.0.113.1}", "must be undone some time"),
        ("  - do: block_ip\n    with: {collector: a, address: 203.0.113.1}\n    ttl: 30d", "7 days at most"),
        ("  - do: block_ip\n    with: {collector: a}\n    ttl: 1h", "needs the argument 'address'"),
        ("  - do: block_ip\n    with: {collector: a, addres: x}\n    ttl: 1h", "did you mean 'address'?"),
        ("  - do: block_ip\n    with: {collector: a, address: 203.0.113}\n    ttl: 1h", "not an IP address"),
        ('  - do: block_ip\n    with: {collector: a, address: "{{ inputs.collector }}"}\n    ttl: 1h', "wants ip, but"),
        (
            '  - do: block_ip\n    with: {collector: a, address: "{{ inputs.sauce }}"}\n    ttl: 1h',
            "did you mean 'inputs.source'?",
        ),
        (
            '  - do: block_ip\n    with: {collector: a, address: "1{{ inputs.source }}"}\n    ttl: 1h',
            "not a text of both",
        ),
        ("  - do: collect_triage\n    with: {collector: a}\n    ttl: 1h", "nothing to undo"),
        (
            f'  - do: kill_process\n    with: {{collector: a, pid: 7, started: "2026-01-01T00:00:00Z", sha256: {SHA}}}',
            "nobody is asked",
        ),
        (
            f'  - do: kill_process\n    with: {{collector: a, pid: 1, started: "2026-01-01T00:00:00Z", sha256: {SHA}}}\n    ask: Kill?\n    ask-vi: Dừng?',  # noqa: E501
            "greater than or equal to 2",
        ),
        ("  - do: collect_triage\n    with: {collector: a}\n    ask: Look?", "both 'ask' and 'ask-vi'"),
        ("  - {id: a, note: x, note-vi: x}\n  - {id: a, note: x, note-vi: x}", "used at block.yml"),
        ("  - {id: inputs, note: x, note-vi: x}", "a meaning of its own"),
        (
            "  - if: late.approved\n    then: [{note: x, note-vi: x}]\n  - {id: late, approve: {ask: x, ask-vi: x}}",
            "runs later",
        ),
        ("  - id: a\n    approve: {ask: x, ask-vi: x, from: auditor}", "auditor decides nothing"),
        (
            '  - if: inputs.source != null\n    then: [{id: t, do: collect_triage, with: {collector: a}}]\n  - {note: "{{ t.state }}", note-vi: x}',  # noqa: E501
            "in a branch",
        ),
        (
            '  - id: t\n    do: collect_triage\n    with: {collector: a}\n  - {note: "{{ t.result.coins }}", note-vi: x}',  # noqa: E501
            "unknown reference",
        ),
    ],
)
def test_what_cannot_be_right_is_found_before_it_runs(steps: str, fault: str) -> None:
    errors = [str(finding) for finding in check(parse(with_steps(steps), "block.yml"), ACTIONS) if finding.is_error]
    assert any(fault in error for error in errors), errors
    assert all(error.startswith("block.yml:") for error in errors)


KILL = 'do: kill_process, with: {collector: a, pid: 7, started: "2026-01-01T00:00:00Z", sha256: ' + SHA + "}"
ASK = "{id: d, approve: {ask: x, ask-vi: x}}"
ASK_ON = "{id: d, approve: {ask: x, ask-vi: x, on-refusal: continue}}"


@pytest.mark.parametrize(
    ("steps", "is_gated"),
    [
        (f"  - {ASK}\n  - {{{KILL}}}", True),
        (f"  - {ASK_ON}\n  - {{{KILL}}}", False),
        (f"  - {ASK_ON}\n  - if: d.approved\n    then: [{{{KILL}}}]", True),
        (f"  - {ASK_ON}\n  - if: d.approved\n    then: [{{note: x, note-vi: x}}]\n    else: [{{{KILL}}}]", False),
        (f"  - {ASK_ON}\n  - if: not d.approved\n    then: [{{{KILL}}}]", False),
        (f"  - {ASK_ON}\n  - if: d.approved or inputs.source != null\n    then: [{{{KILL}}}]", False),
        (f"  - {ASK_ON}\n  - if: d.approved == true and inputs.source != null\n    then: [{{{KILL}}}]", True),
        (f"  - if: inputs.source != null\n    then: [{ASK}]\n  - {{{KILL}}}", False),
        (f"  - {{{KILL}, ask: x, ask-vi: x}}", True),
    ],
)
def test_a_disruptive_action_needs_a_yes_on_every_way_to_it(steps: str, *, is_gated: bool) -> None:
    errors = [str(finding) for finding in check(parse(with_steps(steps), "block.yml"), ACTIONS) if finding.is_error]
    assert any("nobody is asked" in error for error in errors) != is_gated, errors


def test_what_a_run_is_once_per_must_be_an_input() -> None:
    text = BLOCK.replace("steps:", "once-per: [sauce]\nsteps:", 1)
    (found,) = check(parse(text, "block.yml"), ACTIONS)
    assert "did you mean 'source'?" in str(found)
    assert str(found).startswith(f"block.yml:{line_of(text, 'once-per')}:")


def test_an_unused_input_is_only_a_warning() -> None:
    found = check(parse(with_steps("  - {note: x, note-vi: x}"), "block.yml"), ACTIONS)
    assert [finding.is_error for finding in found] == [False, False]


def test_a_broken_playbook_is_set_aside_and_the_rest_loads(tmp_path: Path) -> None:
    (tmp_path / "good.yml").write_text(BLOCK)
    (tmp_path / "broken.yml").write_text("playbook: [")
    (tmp_path / "wrong.yml").write_text(BLOCK.replace("ttl: 4h\n", ""))
    (tmp_path / "zz-double.yml").write_text(BLOCK)
    (tmp_path / "latin.yml").write_bytes(b"title: \xff")
    (tmp_path / "good.test.yml").write_text("not a playbook")
    library = Library.load([tmp_path])
    assert list(library.playbooks) == ["block"]
    assert sorted(fault.path.name for fault in library.faults) == [
        "broken.yml",
        "latin.yml",
        "wrong.yml",
        "zz-double.yml",
    ]
    assert all(f"{fault.path}:" in str(fault) for fault in library.faults)


def test_what_is_too_large_or_too_deep_is_refused_quickly() -> None:
    for text in ("[" * 5_000, "a: " + "x" * 300_000, "- 1\n" * 30_000, "{a: " * 100 + "1" + "}" * 100):
        with pytest.raises(InputError, match=r"^f\.yml:"):
            parse(text, "f.yml")


@given(st.text(max_size=400))
@settings(max_examples=300)
def test_no_text_breaks_the_reader(text: str) -> None:
    try:
        parse(text, "f.yml")
    except InputError as error:
        assert str(error).startswith("f.yml:")


YAML_VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=12),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=12,
)


@given(
    st.sampled_from(
        ["inputs", "triggers", "steps", "version", "title", "playbook", "steps.0", "steps.1", "steps.1.with"]
    ),
    YAML_VALUES,
)
@settings(max_examples=300, suppress_health_check=[HealthCheck.too_slow])
def test_no_value_in_any_place_breaks_the_reader_or_the_checker(place: str, value: object) -> None:
    document = yaml.safe_load(BLOCK)
    *parents, last = [int(part) if part.isdigit() else part for part in place.split(".")]
    target = document
    for part in parents:
        target = target[part]
    target[last] = value
    try:
        check(parse(yaml.safe_dump(document, allow_unicode=True), "f.yml"), ACTIONS)
    except InputError as error:
        assert all(line.startswith("f.yml:") for line in str(error).splitlines())


def test_dates_and_words_that_yaml_would_turn_stay_what_was_written() -> None:
    document = source.read("a: 2026-01-01\nb: 12\nc: yes\nd: null\ne: 1.5\nf: 'no'", "f.yml")
    assert document.value == {"a": "2026-01-01", "b": 12, "c": True, "d": None, "e": 1.5, "f": "no"}


def test_paths_are_places() -> None:
    text = with_steps(
        "  - if: inputs.source != null\n    then: [{note: a, note-vi: a}]\n    else: [{note: b, note-vi: b}]"
    )
    assert [placed.path for placed in every(parse(text, "f").playbook.steps)] == ["0", "0.then.0", "0.else.0"]
