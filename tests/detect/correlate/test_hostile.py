"""No correlation, however it is written, stops the rules beside it or breaks the engine that runs it."""

from pathlib import Path
from typing import Any

import yaml
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from sentinel.detect.engine import Engine
from sentinel.detect.load import load_rules
from tests.detect.conftest import PLAIN, MakeRecord

RULE = {"title": "A", "name": "a", "logsource": {"product": "test"}, "detection": {"s": {"x": 1}, "condition": "s"}}
SCALARS = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-(10**20), 10**20),
    st.floats(),
    st.sampled_from(["a", "x", "", "1m", "5y", "a and not a", "a or (a", "value_sum", "temporal", "*", "\x00", "nơi"]),
    st.text(max_size=5),
)
ANYTHING = st.recursive(
    SCALARS,
    lambda inner: st.one_of(
        st.lists(inner, max_size=3),
        st.dictionaries(st.sampled_from(["gte", "lt", "field", "percentile", "a", "x", 1]), inner, max_size=3),
    ),
    max_leaves=6,
)
KINDS = st.sampled_from(
    ["event_count", "value_count", "temporal", "temporal_ordered", "value_sum", "value_avg", "value_percentile"]
)
CONDITIONS = st.one_of(
    st.dictionaries(
        st.sampled_from(["gt", "gte", "lt", "lte", "eq", "neq"]), st.integers(-2, 3) | st.floats(), min_size=1
    ),
    st.builds(lambda limit, fields: {"gte": limit, "field": fields}, st.integers(0, 2), SCALARS | st.lists(SCALARS)),
    ANYTHING,
)
NEARLY_RIGHT = st.fixed_dictionaries(
    {"type": KINDS, "rules": st.just(["a"]), "timespan": st.just("1m"), "condition": CONDITIONS},
    optional={"group-by": st.sampled_from(["x", ["y"], ["x", "organization.id"]]), "generate": st.booleans()},
)
CORRELATIONS = NEARLY_RIGHT | st.fixed_dictionaries(
    {},
    optional={
        "type": KINDS | ANYTHING,
        "rules": st.just(["a"]) | ANYTHING,
        "group-by": st.just(["x"]) | ANYTHING,
        "timespan": st.sampled_from(["1s", "1m", "1h"]) | ANYTHING,
        "condition": CONDITIONS,
        "aliases": ANYTHING,
        "generate": ANYTHING,
    },
)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=150, deadline=None)
@given(correlation=CORRELATIONS | ANYTHING, own=st.none() | ANYTHING)
def test_whatever_is_written_the_rule_beside_it_works(
    tmp_path: Path, record: MakeRecord, correlation: Any, own: Any
) -> None:
    broken = {"title": "C", "name": "c", "correlation": correlation, "sentinel": own}
    for name, document in (("a.yml", RULE), ("c.yml", broken)):
        (tmp_path / name).write_text(yaml.safe_dump(document, allow_unicode=True), encoding="utf-8")
    rule_set = load_rules([tmp_path])
    assert len(rule_set.rules) == 1
    assert rule_set.correlations or rule_set.faults
    engine = Engine(rule_set, [PLAIN])
    for second in range(3):
        engine.match([record(second, key=f"r{second}", x=1, y=[1, "2"])])
    again = Engine(rule_set, [PLAIN])
    again.restore(engine.checkpoint())
    assert again.checkpoint() == engine.checkpoint()
