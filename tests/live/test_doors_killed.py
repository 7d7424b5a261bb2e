"""Official clients of Elasticsearch and OpenTelemetry send while the server is killed; nothing is lost or doubled."""

import random
import ssl
import threading
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import httpx
import pytest
from elasticsearch import Elasticsearch, helpers
from elasticsearch.exceptions import ApiError, TransportError
from elasticsearch.serializer import JsonSerializer
from opentelemetry.exporter.otlp.proto.http import Compression
from opentelemetry.exporter.otlp.proto.http._log_exporter import OTLPLogExporter
from opentelemetry.sdk._logs import LoggerProvider, ReadableLogRecord
from opentelemetry.sdk._logs.export import (
    InMemoryLogRecordExporter,
    LogRecordExportResult,
    SimpleLogRecordProcessor,
)
from opentelemetry.sdk.resources import Resource

from tests.live.senders.sentinel import SentinelServer
from tests.waiting import until

pytestmark = [pytest.mark.live, pytest.mark.slow, pytest.mark.timeout(420), pytest.mark.xdist_group("doors")]

DOORS = "[doors]\nbulk = true\nhec = true\notlp = true\n"
EVENTS, CHUNK = 3_000, 100
KILLS = (400, 1_300, 2_200)
"""So many events are acknowledged when the server is killed."""
ATTEMPTS = 400


@contextmanager
def killed(server: SentinelServer, acknowledged: Callable[[], int]) -> Iterator[None]:
    """Kill the server each time so many are acknowledged, and start it again, while the block runs."""
    ended = threading.Event()
    faults: list[BaseException] = []

    def kill() -> None:
        try:
            for least in KILLS:
                until(lambda least=least: ended.is_set() or acknowledged() >= least, seconds=300)  # type: ignore[misc]
                server.kill()
                server.start()
        except BaseException as error:
            faults.append(error)
            raise

    thread = threading.Thread(target=kill)
    thread.start()
    try:
        yield
    finally:
        ended.set()
        thread.join()
    assert not faults


@pytest.fixture
def server() -> Iterator[SentinelServer]:
    with SentinelServer(DOORS) as running:
        yield running


def documents(seed: int) -> list[dict[str, object]]:
    """Return documents with unique numbers; every third has an id of its own."""
    dice = random.Random(seed)
    made = []
    for number in range(EVENTS):
        words = " ".join(dice.choice(["Hải Phòng", "đăng nhập", "x" * 50, '"\\', "\u2028"]) for _ in range(3))
        document: dict[str, object] = {
            "@timestamp": f"2026-11-23T08:{number // 60 % 60:02}:{number % 60:02}.{number % 1000:03}Z",
            "message": f"event {number}: {words}",
        }
        if number % 3 == 0:
            document["_id"] = f"own-{number}"
        made.append(document)
    return made


def client(server: SentinelServer, token: str) -> Elasticsearch:
    return Elasticsearch(
        server.url,
        basic_auth=("anything", token),
        ca_certs=str(server.keys.ca),
        retry_on_timeout=True,
        max_retries=3,
        request_timeout=20,
    )


def written(document: dict[str, object]) -> str:
    """Return what the client makes of a document."""
    return JsonSerializer().dumps({name: value for name, value in document.items() if name != "_id"}).decode()


def all_stored(server: SentinelServer, count: int, field: str = "event.original") -> Counter[str]:
    def look() -> Counter[str] | None:
        found = server.stored(field)
        return found if found.total() >= count else None

    found = until(look, seconds=120, what="storing all")
    assert found is not None
    return found


def test_the_official_client_finds_an_elasticsearch_and_sends_in_bulk(server: SentinelServer) -> None:
    wanted = documents(1)[:500]
    with client(server, server.add_sender("bulk", "app.portal")) as sender:
        assert sender.info()["version"]["build_flavor"] == "default"
        assert sender.ping()
        assert sender.cluster.health()["status"] == "green"
        assert helpers.bulk(sender, ({"_op_type": "create", "_index": "x", **each} for each in wanted)) == (500, [])
        with pytest.raises(ApiError, match="only takes documents"):
            sender.search(index="x")
    assert all_stored(server, 500) == Counter(map(written, wanted))


def test_bulk_survives_kills_of_the_server(server: SentinelServer) -> None:
    wanted = documents(2)
    done: set[int] = set()
    token = server.add_sender("bulk", "app.portal")

    def send(sender: Elasticsearch, places: list[int]) -> None:
        """Send some documents as a program would that keeps what was not acknowledged."""
        actions = [{"_op_type": "create", "_index": "x", **wanted[place]} for place in places]
        try:
            results = helpers.streaming_bulk(
                sender, actions, chunk_size=CHUNK, max_retries=5, initial_backoff=0.1, raise_on_error=False
            )
            for place, (is_kept, _) in zip(places, results, strict=False):
                if is_kept:
                    done.add(place)
        except (TransportError, ApiError):
            threading.Event().wait(0.2)

    with client(server, token) as sender, killed(server, lambda: len(done)):
        for _ in range(ATTEMPTS):
            waiting = [place for place in range(EVENTS) if place not in done]
            if not waiting:
                break
            # In pieces of other sizes than before, so that a document comes again in another company.
            size = random.Random(len(waiting)).randrange(150, 500)
            send(sender, waiting[:size])
    assert len(done) == EVENTS
    assert all_stored(server, EVENTS) == Counter(map(written, wanted))


def records(seed: int) -> list[ReadableLogRecord]:
    """Return log records as OpenTelemetry's own library makes them."""
    kept = InMemoryLogRecordExporter()
    provider = LoggerProvider(resource=Resource({"service.name": "portal", "host.name": "web01"}))
    provider.add_log_record_processor(SimpleLogRecordProcessor(kept))
    logger = provider.get_logger("vn.portal", "1")
    for number in range(EVENTS):
        logger.emit(
            timestamp=1_795_420_800_000_000_000 + number // 2 * 1_000_000,
            observed_timestamp=1_795_420_800_000_000_000,
            severity_text="INFO",
            body=f"sự kiện {number // 2}",
            attributes={"seed": seed, "tags": ["a", "b"]},
        )
    found = list(kept.get_finished_logs())
    provider.shutdown()
    return found


# The exporter's library leaves sockets behind that broke.
@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
def test_otlp_survives_kills_of_the_server(server: SentinelServer, monkeypatch: pytest.MonkeyPatch) -> None:
    # With these the exporter's library trusts others than the certificate it is given.
    for name in ("REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE"):
        monkeypatch.delenv(name, raising=False)
    wanted = records(3)
    token = server.add_sender("otlp", "app.portal")
    exporter = OTLPLogExporter(
        endpoint=f"{server.url}/v1/logs",
        certificate_file=str(server.keys.ca),
        headers={"Authorization": f"Bearer {token}"},
        compression=Compression.Gzip,
        timeout=5,
    )
    done = 0

    def send() -> None:
        nonlocal done
        for _ in range(ATTEMPTS):
            if done == EVENTS:
                return
            if exporter.export(wanted[done : done + CHUNK]) is LogRecordExportResult.SUCCESS:
                done += CHUNK

    with killed(server, lambda: done):
        send()
    exporter.shutdown()
    assert done == EVENTS
    assert all_stored(server, EVENTS, "message") == Counter(str(each.log_record.body) for each in wanted)


def test_hec_with_acknowledgement_survives_kills_of_the_server(server: SentinelServer) -> None:
    token = server.add_sender("hec", "app.portal")
    wanted = [f"sự kiện {number}" for number in range(EVENTS)]
    headers = {"Authorization": f"Splunk {token}", "X-Splunk-Request-Channel": "0e7a5a8c-0000-4000-8000-000000000001"}
    done = 0
    asked: Counter[str] = Counter()

    def post(sender: httpx.Client, path: str, **more: Any) -> dict[str, Any] | None:
        try:
            answer = sender.post(f"{server.url}/services/collector{path}", headers=headers, **more)
        except httpx.TransportError:
            asked["lost"] += 1
            threading.Event().wait(0.1)
            return None
        assert answer.status_code == 200, answer.text
        found: dict[str, Any] = answer.json()
        return found

    def send(sender: httpx.Client) -> None:
        """Send as Splunk's documentation tells: again, unless the id is acknowledged."""
        nonlocal done
        events = "".join(
            f'{{"time": 1795420800.{place:05}, "event": "{wanted[place]}"}}' for place in range(done, done + CHUNK)
        )
        if (given := post(sender, "/event", content=events.encode())) is None:
            return
        number = given["ackId"]
        if (found := post(sender, "/ack", json={"acks": [number]})) is None:
            return
        asked[str(found["acks"][str(number)])] += 1
        if found["acks"][str(number)]:
            done += CHUNK

    trust = ssl.create_default_context(cafile=str(server.keys.ca))
    with httpx.Client(verify=trust, timeout=20) as sender, killed(server, lambda: done):
        for _ in range(ATTEMPTS):
            if done == EVENTS:
                break
            send(sender)
    assert done == EVENTS
    assert asked["lost"] > 0
    assert all_stored(server, EVENTS) == Counter(wanted)
