"""What Sentinel measures of itself, in the text format of Prometheus; one that cannot be read now stops no other."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from prometheus_client import CollectorRegistry, PlatformCollector, ProcessCollector, generate_latest
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from sentinel.errors import SentinelError
from sentinel.intake.ledger import Counter
from sentinel.journal import Journal
from sentinel.model.moment import from_text, now
from sentinel.selfwatch.sources import Sources
from sentinel.store import Store

MAX_SERIES = 5_000
"""Of one measure: senders name datasets as they like."""
Sample = tuple[tuple[str, ...], float]
Counts = Callable[[], Mapping[str, int]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Measure:
    """One thing that is measured whenever somebody asks."""

    name: str
    """Without the prefix `sentinel_`; with its unit."""
    meaning: str
    read: Callable[[], Iterable[Sample]]
    labels: tuple[str, ...] = ()
    is_counter: bool = False
    """It only grows while the server runs."""


class Metrics(Collector):
    """All measures of one process."""

    def __init__(self, measures: Sequence[Measure]) -> None:
        self._measures = measures
        self._registry = CollectorRegistry()
        self._registry.register(self)
        ProcessCollector(registry=self._registry)
        PlatformCollector(registry=self._registry)

    def text(self) -> bytes:
        """Return all measures, in the text format 0.0.4 of Prometheus."""
        return generate_latest(self._registry)

    def collect(self) -> Iterator[Metric]:
        """Yield all measures; prometheus-client calls this."""
        unreadable = GaugeMetricFamily(
            "sentinel_unreadable", "Measures that could not be read now.", labels=["measure"]
        )
        for measure in self._measures:
            make = CounterMetricFamily if measure.is_counter else GaugeMetricFamily
            family = make(f"sentinel_{measure.name}", measure.meaning, labels=list(measure.labels))
            try:
                for number, (labels, value) in enumerate(measure.read()):
                    if number >= MAX_SERIES:
                        break
                    family.add_metric([_clean(label) for label in labels], value)
            except SentinelError:
                unreadable.add_metric([measure.name], 1.0)
                continue
            yield family
        yield unreadable


def counts(name: str, meaning: str, read: Counts, label: str = "what") -> Measure:
    """Return the measure of counters that something keeps by name."""
    return Measure(
        name=name,
        meaning=meaning,
        labels=(label,),
        is_counter=True,
        read=lambda: [((key,), float(value)) for key, value in read().items()],
    )


def lag(journal: Journal, store: Store, clock: Callable[[], datetime] = now) -> list[Measure]:
    """Return how far the pipeline is behind: events that wait, and the age of the oldest of them."""

    def waiting() -> Iterator[Sample]:
        for number in journal.parts():
            yield (str(number),), float(journal.part(number).waiting(store.position(number)))

    def age() -> Iterator[Sample]:
        for number in journal.parts():
            oldest = journal.part(number).read(store.position(number), 1)
            late = (clock() - from_text(oldest[0].received_at)).total_seconds() if oldest else 0.0
            yield (str(number),), late

    def received() -> Iterator[Sample]:
        for number in journal.parts():
            yield (str(number),), float(journal.part(number).waiting(0))

    return [
        Measure(
            name="pipeline_waiting_events",
            meaning="Events in the journal, batches on Kafka, that are not stored yet.",
            labels=("part",),
            read=waiting,
        ),
        Measure(
            name="pipeline_lag_seconds",
            meaning="Age of the oldest event that waits for the pipeline.",
            labels=("part",),
            read=age,
        ),
        Measure(
            name="journal_received_events",
            meaning="Events, batches on Kafka, that the journal has taken since it began.",
            labels=("part",),
            read=received,
            is_counter=True,
        ),
        Measure(
            name="store_unreadable_parts",
            meaning="Parts of the store that are damaged.",
            read=lambda: [((), float(len(store.troubles())))],
        ),
    ]


def doors(read: Callable[[], Mapping[tuple[str, str], int]]) -> Measure:
    """Return what came through the doors of other senders."""
    return Measure(
        name="door",
        meaning="Events, bytes and refusals at each door.",
        labels=("door", "what"),
        is_counter=True,
        read=lambda: [(key, float(value)) for key, value in read().items()],
    )


def quarantined(read: Counts) -> Measure:
    """Return how many records that the store refused wait in quarantine."""
    return Measure(
        name="quarantine_waiting",
        meaning="Records that the store refused, by dataset.",
        labels=("dataset",),
        read=lambda: [((key,), float(value)) for key, value in read().items()],
    )


def silence(sources: Sources, clock: Callable[[], datetime] = now) -> Measure:
    """Return how long ago every source was heard last."""
    return Measure(
        name="source_silent_seconds",
        meaning="Time since the last event of a collector or sender, by dataset.",
        labels=("collector", "dataset", "agency"),
        read=lambda: [
            ((each.collector, each.dataset, each.agency), (clock() - from_text(each.last_at)).total_seconds())
            for each in sources.all()
        ],
    )


def refusals(read: Callable[[], Iterable[Counter]]) -> Measure:
    """Return what intake and parsers could not use, by reason."""

    def summed() -> Iterator[Sample]:
        totals: dict[str, int] = {}
        for each in read():
            totals[each.reason] = totals.get(each.reason, 0) + each.count
        return (((reason,), float(count)) for reason, count in totals.items())

    return Measure(
        name="refused",
        meaning="Batches and lines that could not be used, since the home was made.",
        labels=("reason",),
        read=summed,
        is_counter=True,
    )


def _clean(label: str) -> str:
    """Return a label that prometheus-client can write: lone surrogates are no UTF-8."""
    return label.encode("utf-8", "replace").decode("utf-8")
