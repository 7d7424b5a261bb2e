"""A real Elasticsearch takes every document we make, gives it back whole, and ignores nothing in it."""

from collections.abc import Iterator

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from sentinel.model.record import Fields, Record
from sentinel.store.elastic.templates import install
from tests.live.servers.elastic import ElasticServer
from tests.store.elastic.reading import Reading
from tests.store.elastic.test_document import odd_fields, with_fields
from tests.store.examples import CITY, city, record

pytestmark = [pytest.mark.live, pytest.mark.slow]


@pytest.fixture
def place(elastic: ElasticServer) -> Iterator[Reading]:
    made = Reading(elastic)
    yield made
    made.close()


def test_no_record_is_refused_changed_or_ignored(place: Reading) -> None:
    numbers = iter(range(1, 1_000_000))
    stored: list[Record] = []

    @settings(max_examples=12, deadline=None, suppress_health_check=list(HealthCheck))
    @given(st.lists(odd_fields, min_size=10, max_size=40))
    def store(all_fields: list[Fields]) -> None:
        batch = []
        for odd in all_fields:
            plain = record(next(numbers))
            batch.append(Record(plain.id, {**plain.fields, **odd, "organization.id": "city"}))
        place.add(*batch)
        stored.extend(batch)

    store()
    found = {each.id: each for each in place.finder.scan(city())}
    assert len(found) == len(stored)
    for each in stored:
        assert found[each.id] == each
    ignored = place.ask("GET", f"/logs-sentinel.*-{place.namespace}/_count?q=_exists_:_ignored")
    assert ignored["count"] == 0


def test_large_and_deep_records_are_taken(place: Reading) -> None:
    many: Fields = {f"field{number}.x{number % 7}": f"value {number}" for number in range(10_000)}
    records = [
        Record("many", {**with_fields(many).fields, "event.id": "many"}),
        record(2, event__original="Đăng nhập " * 100_000, message="x" * 1_000_000),
        record(3, process__command_line="y" * 9_000, user__name="\U0001f600" * 8_000),
        Record("deep", {**record(4).fields, "event.id": "deep", ".".join(["a"] * 900): 1, "b" * 60_000: 2}),
        record(5, tags=[f"tag {number}" for number in range(5_000)], x__y=["é" * 8_000] * 3),
    ]
    place.add(*records)
    for each in records:
        assert place.finder.get(each.id, CITY) == each
    assert place.finder.search(city('field9999.x3:"value 9999"')).total == 1


def test_times_that_no_stream_can_hold_are_kept_and_found(place: Reading) -> None:
    early, late = "0999-01-01T00:00:00.000000Z", "9999-12-31T23:59:59.999999Z"
    for number, time in ((1, early), (2, late)):
        each = record(number, event__created=time)
        place.add(Record(each.id, {**each.fields, "@timestamp": time}))
    assert place.finder.search(city("@timestamp:[3000 TO *]")).total == 1
    assert place.finder.search(city("event.created:[3000 TO *]")).total == 1
    assert [each.at for each in place.finder.scan(city())] == [early, late]


def test_the_templates_can_be_put_again(place: Reading) -> None:
    place.add(record(1))
    install(place.client, place.capabilities)
    place.roll_over()
    place.add(record(2))
    assert place.finder.search(city()).total == 2


def test_helper_fields_are_not_in_what_people_read(place: Reading) -> None:
    place.add(record(1, user__name="Hải", x__y=1))
    hits = place.ask("GET", f"/logs-sentinel.*-{place.namespace}/_search")["hits"]["hits"]
    assert "sentinel" not in hits[0]["_source"] or not hits[0]["_source"]["sentinel"]
    assert hits[0]["_source"]["user"] == {"name": "Hải"}
