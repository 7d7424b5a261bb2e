"""Promises of the measures: one that cannot be read stops no other, and names from outside break nothing."""

from prometheus_client.parser import text_string_to_metric_families

from sentinel.errors import UnavailableError
from sentinel.selfwatch.metrics import MAX_SERIES, Measure, Metrics, counts


def samples(metrics: Metrics) -> dict[tuple[str, tuple[str, ...]], float]:
    families = text_string_to_metric_families(metrics.text().decode())
    return {
        (sample.name, tuple(sample.labels.values())): sample.value
        for family in families
        if family.name.startswith("sentinel_")
        for sample in family.samples
    }


def unreadable() -> list[tuple[tuple[str, ...], float]]:
    raise UnavailableError("the database is down")


def test_a_measure_that_cannot_be_read_is_named_and_the_others_are_shown() -> None:
    found = samples(
        Metrics([Measure(name="a", meaning="A.", read=unreadable), counts("b", "B.", lambda: {"stored": 3})])
    )
    assert found == {("sentinel_unreadable", ("a",)): 1.0, ("sentinel_b_total", ("stored",)): 3.0}


def test_names_from_outside_break_nothing() -> None:
    names = ['a"b\n', "\ud800", "Hải Phòng"]
    found = samples(Metrics([counts("b", "B.", lambda: dict.fromkeys(names, 1))]))
    assert {labels for _, labels in found} == {('a"b\n',), ("?",), ("Hải Phòng",)}


def test_there_are_not_more_series_than_a_monitor_can_take() -> None:
    many = {str(number): 1 for number in range(MAX_SERIES + 10)}
    assert len(samples(Metrics([counts("b", "B.", lambda: many)]))) == MAX_SERIES
