"""Whatever order records arrive in within the lateness, and wherever the server stops, the answer is the oracle's."""

import random
from collections.abc import Sequence

import pytest
from hypothesis import Phase, given, settings
from hypothesis import strategies as st

from sentinel.detect.correlate.correlator import Correlator
from sentinel.detect.correlate.expression import Combined, Excluded
from sentinel.detect.correlate.hit import Hit
from sentinel.detect.rule import Correlation
from sentinel.model.match import Match
from tests.detect.correlate.oracle import Answer, answers, late, made, oracle, oracle_of_arrival

START = 1_700_000_000_000_000
LATENESS_SECONDS = 2.0
SETTINGS = settings(max_examples=40, deadline=None, phases=[Phase.explicit, Phase.generate])
ABC = ("a", "b", "c")
GUESSING = made("guessing", "event_count", ["a"], limits=(("gte", 2.0),), is_output=True)
SETS: dict[str, list[Correlation]] = {
    "count": [made("k", "event_count", ["a", "b"], limits=(("gte", 3.0),))],
    "exact count": [made("k", "event_count", ["a"], limits=(("eq", 2.0),))],
    "range": [made("k", "event_count", ["a", "b"], limits=(("gt", 2.0), ("lte", 4.0)))],
    "few": [made("k", "event_count", ["a"], limits=(("lt", 2.0),))],
    "values": [made("k", "value_count", ABC, fields=("user",), limits=(("gte", 3.0),))],
    "pairs": [made("k", "value_count", ABC, fields=("user", "rows"), limits=(("gt", 3.5),))],
    "few values": [made("k", "value_count", ["a", "b"], fields=("user",), limits=(("neq", 1.0),))],
    "all rules": [made("k", "temporal", ABC)],
    "two of three": [made("k", "temporal", ABC, limits=(("eq", 2.0),))],
    "in order": [made("k", "temporal_ordered", ABC)],
    "in order, one twice": [made("k", "temporal_ordered", ["a", "b", "a"])],
    "sum": [made("k", "value_sum", ABC, fields=("rows",), limits=(("gt", 0.3),))],
    "average": [made("k", "value_avg", ABC, fields=("rows",), limits=(("gte", 0.2), ("lt", 2.0)))],
    "median": [made("k", "value_median", ABC, fields=("rows",), limits=(("gt", 0.25),))],
    "percentile": [made("k", "value_percentile", ABC, fields=("rows",), percentile=90.0, limits=(("gte", 1.5),))],
    "but not": [made("k", "temporal", ABC, expression=Combined(True, ("a", "b", Excluded("c"))))],
    "either": [made("k", "temporal_ordered", ABC, expression=Combined(True, ("a", Combined(False, ("b", "c")))))],
    "chain": [GUESSING, made("k", "temporal_ordered", ["guessing", "b"])],
    "chain and its rule": [GUESSING, made("k", "temporal_ordered", ["a", "guessing", "b"])],
}
SEEDS = st.integers(0, 2**32)
DELAYS = (0, 300_000, 1_000_000, 1_700_000, 2_000_000)


def hits_of(seed: int) -> list[Hit]:
    """Return sixty hits of half a minute, crowded and often at the same time, as they arrive."""
    chance = random.Random(seed)
    hits = [
        Hit(
            rule=chance.choice(ABC),
            record=f"r{number}",
            when=f"t{number}",
            at=START + chance.randrange(60) * 500_000,
            received=0,
            agency="",
            fields={
                "ip": chance.choice("xxy"),
                "user": chance.choice("uvw"),
                "rows": chance.choice(["0.1", "0.2", "0.7", "3", "-1e20", "1e20"]),
            },
        )
        for number in range(60)
    ]
    return late(hits, [chance.choice(DELAYS) for _ in hits])


def judged(correlator: Correlator, hits: Sequence[Hit]) -> list[Answer]:
    """Return the answers to hits, and to those that are held back."""
    matches = [match for hit in hits for match in correlator.see(hit)]
    return answers(matches + [match for match, _ in correlator.finish()])


@pytest.mark.parametrize("name", SETS)
@SETTINGS
@given(seed=SEEDS)
def test_what_arrives_in_order_is_answered_as_by_the_oracle(name: str, seed: int) -> None:
    hits = sorted(hits_of(seed), key=lambda hit: hit.at)
    assert judged(Correlator(SETS[name]), hits) == oracle(SETS[name], hits)


@pytest.mark.parametrize("name", [name for name, each in SETS.items() if len(each) == 1])
@pytest.mark.parametrize("shuffled", [False, True])
@SETTINGS
@given(seed=SEEDS)
def test_without_a_lateness_what_is_late_is_placed_where_its_time_says(name: str, shuffled: bool, seed: int) -> None:
    hits = hits_of(seed)
    if shuffled:
        random.Random(seed).shuffle(hits)
    assert judged(Correlator(SETS[name]), hits) == oracle_of_arrival(SETS[name][0], hits)


@pytest.mark.parametrize("name", SETS)
@SETTINGS
@given(seed=SEEDS)
def test_what_arrives_out_of_order_within_the_lateness_is_answered_as_in_order(name: str, seed: int) -> None:
    hits = hits_of(seed)
    assert judged(Correlator(SETS[name], LATENESS_SECONDS), hits) == oracle(SETS[name], hits)


@pytest.mark.parametrize("name", SETS)
@pytest.mark.parametrize("lateness", [0.0, LATENESS_SECONDS])
@SETTINGS
@given(seed=SEEDS, cuts=st.sets(st.integers(0, 59), max_size=4), ticks=st.sets(st.integers(0, 59)))
def test_stopping_anywhere_and_looking_at_the_clock_change_nothing(
    name: str, lateness: float, seed: int, cuts: set[int], ticks: set[int]
) -> None:
    hits = hits_of(seed)
    undisturbed = Correlator(SETS[name], lateness)
    expected = judged(undisturbed, hits)
    correlator, matches = Correlator(SETS[name], lateness), list[Match]()
    for number, hit in enumerate(hits):
        if number in ticks:
            matches += [match for match, _ in correlator.advance(hit.received)]
            correlator.expire()
        if number in cuts:
            state = correlator.dump()
            correlator = Correlator(SETS[name], lateness)
            correlator.load(state)
            assert correlator.dump() == state
        matches += correlator.see(hit)
    matches += [match for match, _ in correlator.finish()]
    assert answers(matches) == expected
    assert correlator.dump() == undisturbed.dump()
