"""What goes wrong with brokers and topics: said in a sentence, nothing acknowledged lost, and it recovers by itself."""

import json
import os
import threading
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path

import pytest
from confluent_kafka import Producer
from confluent_kafka.admin import AdminClient, NewTopic  # type: ignore[attr-defined]

from sentinel.errors import InputError, UnavailableError
from sentinel.journal import Batch, Part
from sentinel.journal.kafka import topics
from sentinel.journal.kafka.cluster import EVENTS, cluster_of
from sentinel.journal.kafka.message import HEADER, INDEX_BITS
from sentinel.journal.once import Once
from sentinel.normalise import normalise
from sentinel.pipeline import Pipeline
from sentinel.store.local import LocalStore
from tests.journal.on_kafka import Journal, cluster_for, open_journal
from tests.journal.test_journal import AT, batch, line
from tests.live.servers.fixtures import made
from tests.live.servers.kafka import KafkaServer
from tests.store.examples import city
from tests.survivor import CountingEngine
from tests.waiting import until

pytestmark = [pytest.mark.live, pytest.mark.slow]
TIMEOUT = 3.0


@pytest.fixture(scope="module")
def server() -> Iterator[KafkaServer]:
    """Start a Kafka that no other test knows, because it dies."""
    with made(KafkaServer) as started:
        yield started


@pytest.fixture
def journal(server: KafkaServer, tmp_path: Path) -> Iterator[Journal]:
    with closing(open_journal(server.url, tmp_path, timeout=TIMEOUT)) as opened:
        yield opened


def only(journal: Journal) -> Part:
    return journal.part(journal.parts()[0])


def raws(part: Part) -> list[str]:
    return [entry.event.raw for entry in part.read(0, 1_000)]


def make_topic(server: KafkaServer, folder: Path, partitions: int = 1, **settings: str) -> str:
    """Make the topic of a test's journal as somebody else would."""
    name = cluster_for(server.url, folder).topic(EVENTS)
    config = {key.replace("_", "."): value for key, value in settings.items()}
    admin = AdminClient({"bootstrap.servers": server.url})
    admin.create_topics([NewTopic(name, partitions, 1, config=config)])[name].result(30)
    return name


def delete_topic(server: KafkaServer, name: str) -> None:
    admin = AdminClient({"bootstrap.servers": server.url})
    admin.delete_topics([name])[name].result(30)
    until(lambda: name not in admin.list_topics(timeout=10).topics, what="the topic is gone", seconds=60)


def produce(server: KafkaServer, topic: str, body: bytes, head: bytes | None) -> None:
    producer = Producer({"bootstrap.servers": server.url})
    producer.produce(topic, body, partition=0, headers=[] if head is None else [(HEADER, head)])
    assert producer.flush(30) == 0


def test_a_killed_broker_is_a_refusal_and_what_was_acknowledged_is_there_when_it_is_back(
    server: KafkaServer, journal: Journal
) -> None:
    assert journal.append(batch(1, "a", "b")) == 2
    assert raws(only(journal)) == ["a", "b"]
    server.kill()
    try:
        with pytest.raises(UnavailableError, match="Kafka did not take events"):
            journal.append(batch(3, "c"))
        # Refused at once now: nobody waits in vain for the same brokers.
        for _ in range(3):
            with pytest.raises(UnavailableError, match="Kafka"):
                journal.append(batch(3, "c"))
        assert journal.last_sequence("c1", "aaaaaaaa") == 2
        with pytest.raises(UnavailableError, match="Kafka"):
            only(journal).read(0, 10)
    finally:
        server.start()
    until(lambda: taken(journal, 3, "c"), what="events taken again", seconds=60)
    fresh = Once().fresh(only(journal).read(0, 100))
    assert [entry.event.raw for entry in fresh] == ["a", "b", "c"]


def taken(journal: Journal, first: int, *texts: str) -> bool:
    try:
        return journal.append(batch(first, *texts)) >= first
    except UnavailableError:
        return False


def test_a_broker_that_is_down_at_the_start_is_waited_for(tmp_path: Path) -> None:
    server = made(KafkaServer)
    try:
        with closing(open_journal(server.url, tmp_path, timeout=1.0)) as journal:
            assert list(journal.parts()) == [1]
            with pytest.raises(UnavailableError, match="reach Kafka"):
                journal.append(batch(1, "a"))
            with pytest.raises(UnavailableError, match="reach Kafka"):
                only(journal).read(0, 10)
            server.start()
            until(lambda: taken(journal, 1, "a"), what="the first batch taken", seconds=60)
            assert "a" in raws(only(journal))
    finally:
        server.remove()


def test_a_batch_too_large_for_a_message_is_parted(server: KafkaServer, tmp_path: Path, journal: Journal) -> None:
    make_topic(server, tmp_path, max_message_bytes="20000")
    texts = [os.urandom(1_500).hex() for _ in range(60)]
    assert journal.append(batch(1, *texts)) == 60
    entries = only(journal).read(0, 1_000)
    assert [entry.event.raw for entry in entries] == texts
    assert [entry.event.sequence for entry in entries] == list(range(1, 61))
    assert entries[-1].position >> INDEX_BITS > 3


def test_a_line_too_large_for_the_topic_says_what_to_change(
    server: KafkaServer, tmp_path: Path, journal: Journal
) -> None:
    make_topic(server, tmp_path, max_message_bytes="20000")
    with pytest.raises(UnavailableError, match=r"raise max\.message\.bytes"):
        journal.append(batch(1, os.urandom(30_000).hex()))
    assert journal.last_sequence("c1", "aaaaaaaa") == 0


def test_a_topic_that_may_not_be_made_is_asked_for_by_name(
    server: KafkaServer, tmp_path: Path, journal: Journal, monkeypatch: pytest.MonkeyPatch
) -> None:
    # Stands for missing rights: this broker, too, refuses to make the topic.
    monkeypatch.setattr(topics, "_SETTINGS", {"retention.ms": "never"})
    with pytest.raises(UnavailableError, match=r"is missing and cannot be made .* with 1 partitions"):
        journal.append(batch(1, "a"))
    monkeypatch.undo()
    make_topic(server, tmp_path)
    until(lambda: taken(journal, 1, "a"), what="the batch taken")


def test_too_few_partitions_are_told_and_more_change_nothing(server: KafkaServer, tmp_path: Path) -> None:
    name = make_topic(server, tmp_path, partitions=2)
    with (
        closing(open_journal(server.url, tmp_path, partitions=3)) as wants_more,
        pytest.raises(UnavailableError, match=r"has 2 partitions, journal\.partitions says 3"),
    ):
        wants_more.append(batch(1, "a"))
    with closing(open_journal(server.url, tmp_path, partitions=2)) as journal:
        for number in range(20):
            journal.append(batch(1, "a", collector=f"c{number}"))
        before = [len(journal.part(number).read(0, 100)) for number in journal.parts()]
        from confluent_kafka.admin import NewPartitions  # type: ignore[attr-defined]

        admin = AdminClient({"bootstrap.servers": server.url})
        admin.create_partitions([NewPartitions(name, 5)])[name].result(30)
    with closing(open_journal(server.url, tmp_path, partitions=2)) as journal:
        for number in range(20):
            journal.append(batch(2, "b", collector=f"c{number}"))
        assert [len(journal.part(number).read(0, 100)) for number in journal.parts()] == [2 * each for each in before]


def test_damaged_and_foreign_messages_become_entries_with_a_fault(
    server: KafkaServer, tmp_path: Path, journal: Journal
) -> None:
    journal.append(batch(1, "a"))
    name = cluster_for(server.url, tmp_path).topic(EVENTS)
    produce(server, name, b"nobody knows", None)
    produce(server, name, b"nobody knows", b"{not json")
    head = {
        "version": 1, "collector": "c1", "agency": "city", "epoch": "aaaaaaaa", "first": 2, "count": 2,
        "received_at": AT, "crc": 1,
    }  # fmt: skip
    produce(server, name, b"\x00" * 50, json.dumps(head).encode())
    produce(server, name, b"", json.dumps(head | {"count": 10**9}).encode())
    produce(server, name, b"", json.dumps(head | {"received_at": "never"}).encode())
    journal.append(batch(2, "b"))
    entries = only(journal).read(0, 100)
    faults = [entry.fault for entry in entries]
    assert [bool(fault) for fault in faults] == [False, True, True, True, True, True, True, False]
    assert "nobody of Sentinel wrote it" in faults[1]
    assert (faults[3], entries[3].event.sequence, entries[4].event.sequence) == (faults[4], 2, 3)
    assert "is damaged" in faults[3]
    records = [normalise(each.event, agency=each.agency, received_at=each.received_at, fault=each.fault)
               for each in entries]  # fmt: skip
    assert len({record.id for record in records[1:4]}) == 3


def test_two_servers_that_take_the_same_batch_at_once_keep_each_line_once(
    server: KafkaServer, tmp_path: Path, journal: Journal
) -> None:
    with closing(open_journal(server.url, tmp_path)) as other:
        for first in range(1, 101, 10):
            texts = [f"line {number}" for number in range(first, first + 10)]
            threads = [
                threading.Thread(target=each.append, args=(batch(first, *texts[: 10 - cut]),))
                for each, cut in ((journal, 0), (other, 3))
            ]
            for thread in threads:
                thread.start()
            for thread in threads:
                thread.join(30)
            assert journal.last_sequence("c1", "aaaaaaaa") == first + 9
    fresh = Once().fresh(only(journal).read(0, 1_000))
    assert [entry.event.raw for entry in fresh] == [f"line {number}" for number in range(1, 101)]


class Place:
    """A pipeline from a journal to a store of its own."""

    def __init__(self, journal: Journal, folder: Path) -> None:
        self.store = LocalStore(folder / "store")
        self.engine = CountingEngine()
        self.pipeline = Pipeline(
            only(journal), self.store, self.engine, normalise, lambda matches: None, partition=1, once=Once()
        )

    def run(self) -> list[str]:
        while self.pipeline.step():
            pass
        return sorted(str(each.fields["event.original"]) for each in self.store.scan(city()))


@pytest.fixture
def make_place(tmp_path: Path) -> Iterator[Callable[[Journal], Place]]:
    places: list[Place] = []

    def make(journal: Journal) -> Place:
        places.append(Place(journal, tmp_path))
        return places[-1]

    yield make
    for place in places:
        place.store.close()


def test_a_log_that_was_cut_before_it_was_stored_is_an_error_and_counted(
    server: KafkaServer,
    tmp_path: Path,
    journal: Journal,
    make_place: Callable[[Journal], Place],
    caplog: pytest.LogCaptureFixture,
) -> None:
    place = make_place(journal)
    journal.append(batch(1, "a"))
    assert place.run() == ["a"]
    for first in range(2, 6):
        journal.append(batch(first, str(first)))
    Journal.part(journal, 1).trim(4 << INDEX_BITS)
    from confluent_kafka import TopicPartition

    where = TopicPartition(cluster_for(server.url, tmp_path).topic(EVENTS), 0, 4)
    admin = AdminClient({"bootstrap.servers": server.url})
    admin.delete_records([where])[where].result(30)
    assert place.run() == ["5", "a"]
    assert place.pipeline.statistics["gaps"] == 1
    assert [each for each in caplog.records if "what lay between is in neither of them" in each.message]


def test_a_topic_that_was_made_anew_is_read_from_its_beginning(
    server: KafkaServer, tmp_path: Path, journal: Journal, make_place: Callable[[Journal], Place]
) -> None:
    place = make_place(journal)
    for first in range(1, 6):
        journal.append(batch(first, str(first)))
    assert place.run() == ["1", "2", "3", "4", "5"]
    delete_topic(server, cluster_for(server.url, tmp_path).topic(EVENTS))
    until(lambda: taken(journal, 6, "6"), what="events taken again", seconds=60)
    until(lambda: moved(place), what="the pipeline goes on", seconds=60)
    assert place.run() == ["1", "2", "3", "4", "5", "6"]
    assert place.engine.seen >= 1


def test_a_topic_made_anew_that_has_grown_past_the_mark_is_read_whole_and_what_is_lost_is_told(
    server: KafkaServer,
    tmp_path: Path,
    journal: Journal,
    make_place: Callable[[Journal], Place],
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    monkeypatch.setattr(topics, "AGAIN_SECONDS", 0.0)
    place = make_place(journal)
    for first in range(1, 6):
        journal.append(batch(first, str(first)))
    assert len(place.run()) == 5
    journal.append(batch(6, "6", "7"))
    delete_topic(server, cluster_for(server.url, tmp_path).topic(EVENTS))
    until(lambda: taken(journal, 8, "8"), what="events taken again", seconds=60)
    for first in range(9, 21):
        journal.append(batch(first, str(first)))

    def is_through() -> bool:
        return moved(place, "20")

    until(is_through, what="the pipeline goes on", seconds=60)
    assert set(place.run()) == {str(number) for number in (*range(1, 6), *range(8, 21))}
    assert place.pipeline.statistics["gaps"] == 1
    told = [each.__dict__["missing"] for each in caplog.records if "acknowledged events are lost" in each.message]
    assert told == [2]


def test_a_pipeline_that_was_away_knows_a_topic_made_anew(
    server: KafkaServer, tmp_path: Path, journal: Journal, make_place: Callable[[Journal], Place]
) -> None:
    before = make_place(journal)
    for first in range(1, 6):
        journal.append(batch(first, str(first)))
    assert len(before.run()) == 5
    before.store.close()
    delete_topic(server, cluster_for(server.url, tmp_path).topic(EVENTS))
    until(lambda: taken(journal, 6, "6"), what="events taken again", seconds=60)
    for first in range(7, 21):
        journal.append(batch(first, str(first)))
    with closing(open_journal(server.url, tmp_path, timeout=TIMEOUT)) as later:
        place = make_place(later)
        until(lambda: moved(place, "20"), what="the pipeline goes on", seconds=60)
        assert set(place.run()) == {str(number) for number in range(1, 21)}
        assert place.pipeline.statistics["gaps"] == 0


def moved(place: Place, last: str = "6") -> bool:
    try:
        return last in place.run()
    except UnavailableError:
        return False


@pytest.mark.parametrize(
    "url", ["kafka:localhost:9092", "kafka://", "kafka://host", "kafka://host:9092/A b", "kafka://user:secret@h:1/x"]
)
def test_an_address_that_cannot_be_is_refused_without_repeating_it(url: str) -> None:
    with pytest.raises(InputError) as caught:
        cluster_of(url, 1)
    assert "secret" not in str(caught.value)


def test_the_client_file_is_read_and_its_faults_have_a_line(tmp_path: Path) -> None:
    path = tmp_path / "client.properties"
    path.write_text("# how we prove who we are\nsecurity.protocol = SASL_SSL\nsasl.password=a=b\n\n")
    cluster = cluster_of("kafka://[::1]:9092,h:9093/city", 4, path)
    assert cluster.client()["sasl.password"] == "a=b"
    assert "a=b" not in repr(cluster)
    path.write_text("security.protocol=PLAINTEXT\nplugin.library.paths=evil.so\n")
    with pytest.raises(InputError, match=r"client\.properties:2: expected"):
        cluster_of("kafka://h:9093", 4, path)


def test_a_batch_of_many_lines_is_read_in_steps(journal: Journal) -> None:
    lines = [line(f"{number}") for number in range(5_000)]
    journal.append(Batch("c1", "city", "aaaaaaaa", 1, lines, AT))
    part, position, found = only(journal), 0, []
    while entries := part.read(position, 999):
        position = entries[-1].position + 1
        found += [entry.event.raw for entry in entries]
    assert found == [f"{number}" for number in range(5_000)]
