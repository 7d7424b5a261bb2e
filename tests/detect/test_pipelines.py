"""Pipelines rewrite rules, and a pipeline file can do nothing else."""

from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from sentinel.detect.engine import Engine
from sentinel.detect.load import load_rules
from sentinel.detect.pipelines import ALLOWED, Pipeline, read_pipelines
from sentinel.detect.rule import RuleSet
from sentinel.errors import InputError
from tests.detect.conftest import PLAIN, MakeRecord

RULE = """
title: R
id: 11111111-1111-4111-8111-111111111111
logsource: {product: test}
detection: {sel: {Image|endswith: x.exe}, keep: {User: an}, condition: sel and keep}
"""
MAPPING = "transformations: [{id: m, type: field_name_mapping, mapping: {Image: process.executable, User: user.name}}]"
Rewrite = Callable[..., RuleSet]


@pytest.fixture
def rewrite(tmp_path: Path) -> Rewrite:
    """Return a function from the texts of pipelines and of a rule file to what is loaded."""

    def make(*pipelines: str, rule: str = RULE) -> RuleSet:
        files = []
        for number, text in enumerate(pipelines):
            files.append(tmp_path / f"pipeline_{number}.yaml")
            files[-1].write_text(text, encoding="utf-8")
        (tmp_path / "rule.yml").write_text(rule, encoding="utf-8")
        return load_rules([tmp_path / "rule.yml"], pipelines=read_pipelines(files))

    return make


def test_fields_a_pipeline_writes_are_fields_of_the_record(rewrite: Rewrite, record: MakeRecord) -> None:
    engine = Engine(rewrite(MAPPING), [PLAIN])
    assert engine.match([record(**{"process.executable": "C:\\X.EXE", "user.name": "an"})])
    assert not engine.match([record(Image="C:\\X.EXE", User="an")])


def test_forms_of_a_field_are_the_field(rewrite: Rewrite, record: MakeRecord) -> None:
    mapping = "transformations: [{type: field_name_mapping, mapping: {Image: image.caseless, User: u.text}}]"
    engine = Engine(rewrite(mapping), [PLAIN])
    assert engine.match([record(image="x.exe", u="an")])


def test_pipelines_of_lower_priority_come_first(rewrite: Rewrite, record: MakeRecord) -> None:
    late = "priority: 20\ntransformations: [{type: field_name_mapping, mapping: {first: second}}]"
    early = "priority: 10\ntransformations: [{type: field_name_mapping, mapping: {Image: first}}]"
    engine = Engine(rewrite(late, early), [PLAIN])
    assert engine.match([record(second="x.exe", User="an")])


def test_one_field_may_become_several_of_which_any_counts(rewrite: Rewrite, record: MakeRecord) -> None:
    engine = Engine(rewrite("transformations: [{type: field_name_mapping, mapping: {User: [u, v]}}]"), [PLAIN])
    assert engine.match([record(Image="x.exe", u="an")])
    assert engine.match([record(Image="x.exe", v="an")])


def test_added_conditions_have_the_same_name_each_time(rewrite: Rewrite, record: MakeRecord) -> None:
    added = "transformations: [{type: add_condition, conditions: {EventID: 1}}]"
    first, second = (rewrite(added) for _ in range(2))
    assert first.rules[0].condition == second.rules[0].condition
    engine = Engine(first, [PLAIN])
    assert not engine.match([record(Image="x.exe", User="an")])
    evidence = engine.match([record(Image="x.exe", User="an", EventID=1)])[0][0].evidence
    assert "pipeline" in {each.selection for each in evidence}


def test_a_changed_log_source_decides_which_records_are_seen(rewrite: Rewrite, record: MakeRecord) -> None:
    rule = RULE.replace("product: test", "category: process_creation, product: other")
    engine = Engine(rewrite("transformations: [{type: change_logsource, product: test}]", rule=rule), [PLAIN])
    assert engine.match([record(Image="x.exe", User="an")])


def test_what_a_pipeline_drops_vanishes_from_the_condition(rewrite: Rewrite, record: MakeRecord) -> None:
    drop = """
transformations:
- type: drop_detection_item
  field_name_conditions: [{type: include_fields, fields: [User]}]
"""
    engine = Engine(rewrite(drop), [PLAIN])
    assert engine.match([record(Image="x.exe")])
    either = Engine(rewrite(drop, rule=RULE.replace("sel and keep", "sel or keep")), [PLAIN])
    assert not either.match([record(User="an")])
    without = Engine(rewrite(drop, rule=RULE.replace("sel and keep", "sel and not keep")), [PLAIN])
    assert without.match([record(Image="x.exe", User="an")])


def test_a_rule_of_which_nothing_is_left_is_set_aside(rewrite: Rewrite) -> None:
    rule_set = rewrite("transformations: [{type: drop_detection_item}]")
    assert not rule_set.rules
    assert "leaves nothing" in rule_set.faults[0].message


def test_a_pipeline_may_refuse_a_rule_by_name(rewrite: Rewrite) -> None:
    rule_set = rewrite("transformations: [{type: rule_failure, message: no such logs here}]")
    assert not rule_set.rules
    assert "no such logs here" in rule_set.faults[0].message


def test_a_pipeline_may_give_placeholders_their_values(rewrite: Rewrite, record: MakeRecord) -> None:
    rule = RULE.replace("User: an", "User|expand: '%users%'")
    pipeline = "vars: {users: [an, binh]}\ntransformations: [{type: value_placeholders}]"
    engine = Engine(rewrite(pipeline, rule=rule), [PLAIN])
    assert engine.match([record(Image="x.exe", User="BINH")])
    assert not engine.match([record(Image="x.exe", User="chi")])


def test_filters_are_rewritten_with_the_rule_they_narrow(rewrite: Rewrite, record: MakeRecord) -> None:
    narrowing = """---
title: F
logsource: {product: test}
filter: {rules: any, out: {User: an}, condition: not out}
"""
    rule = RULE.replace("sel and keep", "sel") + narrowing
    engine = Engine(rewrite(MAPPING, rule=rule), [PLAIN])
    assert engine.match([record(**{"process.executable": "x.exe"})])
    assert not engine.match([record(**{"process.executable": "x.exe", "user.name": "an"})])


def test_correlations_group_by_what_the_pipeline_made_of_a_field(rewrite: Rewrite, record: MakeRecord) -> None:
    many = """---
title: C
correlation:
  type: value_count
  rules: [11111111-1111-4111-8111-111111111111]
  group-by: [User]
  timespan: 1m
  condition: {field: Image, gte: 2}
"""
    engine = Engine(rewrite(MAPPING, rule=RULE + many), [PLAIN])
    records = [
        record(number, key=str(number), **{"process.executable": f"{number}x.exe", "user.name": "an"})
        for number in (1, 2)
    ]
    assert [match.rule.title for match, _ in engine.match(records)] == ["C"]


@pytest.mark.parametrize(
    "kind",
    ["file_placeholders", "http_placeholders", "command_placeholders", "query_expression_placeholders",
     "field_name_transform", "nothing_of_the_kind"],
)  # fmt: skip
@pytest.mark.parametrize("place", ["", "nested"])
def test_a_pipeline_file_cannot_reach_outside_the_rule(kind: str, place: str, tmp_path: Path) -> None:
    item = f"{{type: {kind}, path: /etc/passwd, url: 'http://127.0.0.1/', cmd: 'touch {tmp_path}/ran'}}"
    if place == "nested":
        item = f"{{type: nest, items: [{{type: nest, items: [{item}]}}]}}"
    path = tmp_path / "pipeline.yml"
    path.write_text(f"transformations: [{item}]", encoding="utf-8")
    with pytest.raises(InputError, match="may not be used"):
        read_pipelines([path])
    assert [each.name for each in tmp_path.iterdir()] == ["pipeline.yml"]


REFUSED = {
    "postprocessing": ("postprocessing: [{type: template, template: '{{ query }}'}]", "changes queries"),
    "finalizers": ("finalizers: [{type: template, template: x}]", "changes queries"),
    "an unknown key": ("includes: [other.yml]", "unknown key 'includes'"),
    "transformations that are no list": ("transformations: {a: 1}", "must be a list"),
    "a transformation that is no map": ("transformations: [drop]", "must be a map"),
    "a wrong transformation": ("transformations: [{type: field_name_mapping}]", "not a pipeline"),
    "an unknown condition": (
        "transformations: [{type: drop_detection_item, rule_conditions: [{type: guess}]}]",
        "not a pipeline",
    ),
    "two documents": ("name: a\n---\nname: b", "expected one pipeline"),
    "broken YAML": ("transformations: [", "not YAML"),
    "nothing": ("", "expected one pipeline"),
    "a wrong priority": ("priority: high\ntransformations: []", "priority"),
}


@pytest.mark.parametrize("kind", REFUSED)
def test_a_wrong_pipeline_file_is_refused_with_its_place(kind: str, tmp_path: Path) -> None:
    text, words = REFUSED[kind]
    path = tmp_path / "pipeline.yml"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(InputError, match=words) as error:
        read_pipelines([path])
    assert str(path) in str(error.value)


def test_an_unknown_pipeline_says_which_there_are() -> None:
    with pytest.raises(InputError, match="no pipeline 'ecs_nothing' is installed"):
        read_pipelines(["ecs_nothing"])


def test_a_file_that_is_not_there_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="cannot be read"):
        read_pipelines([tmp_path / "none.yml"])


def test_the_content_tells_pipelines_apart(tmp_path: Path) -> None:
    def content(text: str) -> bytes:
        path = tmp_path / "pipeline.yml"
        path.write_text(text, encoding="utf-8")
        return read_pipelines([path])[0].content

    assert content(MAPPING) == content(MAPPING + "\n# a comment\n")
    assert content(MAPPING) != content(MAPPING.replace("user.name", "user.id"))


ITEMS = st.fixed_dictionaries(
    {"type": st.sampled_from(sorted(ALLOWED))},
    optional={
        "mapping": st.dictionaries(
            st.sampled_from(["Image", "User", "x"]), st.text(max_size=4) | st.none(), max_size=2
        ),
        "conditions": st.dictionaries(st.text(max_size=4), st.text(max_size=4) | st.integers(), max_size=2),
        "field": st.text(max_size=4),
        "regex": st.text(max_size=4),
        "value": st.text(max_size=4) | st.integers() | st.none(),
        "message": st.text(max_size=4),
        "method": st.sampled_from(["plain", "upper", "lower", "x"]),
        "items": st.just([]),
    },
)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=100, deadline=None)
@given(st.lists(ITEMS, max_size=3))
def test_no_pipeline_file_can_break_the_loader(tmp_path: Path, items: list[dict[str, object]]) -> None:
    import yaml

    path, rule = tmp_path / "pipeline.yml", tmp_path / "rule.yml"
    path.write_text(yaml.safe_dump({"transformations": items}), encoding="utf-8")
    rule.write_text(RULE, encoding="utf-8")
    try:
        pipelines: tuple[Pipeline, ...] = read_pipelines([path])
    except InputError as error:
        assert str(path) in str(error)
        return
    rule_set = load_rules([rule], pipelines=pipelines)
    assert len(rule_set.rules) + len(rule_set.faults) == 1


def test_the_real_pipeline_for_windows_finds_the_same(corpora: Path, tmp_path: Path) -> None:
    pytest.importorskip("sigma.pipelines.elasticsearch", reason="pysigma-backend-elasticsearch is not installed")
    from tests.detect.public import regression_hits

    assert regression_hits(corpora, tmp_path, read_pipelines(["ecs_windows"])) == regression_hits(corpora, tmp_path, ())
