"""Shipping: nothing is forgotten before the server has it, and no answer wedges the collector."""

import json
from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from collectors.client import Answer, Client
from collectors.reading import Reading
from collectors.ship import BATCH_BYTES, BATCH_EVENTS, Shipper, encodings
from collectors.spool import Spool
from sentinel.errors import UnavailableError

AT = datetime(2026, 11, 23, 8, 0, tzinfo=UTC)
SECRET = "the secret of a collector that is enrolled already"
Reply = Callable[[str, int, list[bytes]], tuple[int, dict[str, Any], dict[str, str]] | None]


@pytest.fixture
def spool(tmp_path: Path) -> Iterator[Spool]:
    spool = Spool(tmp_path / "spool", limit_bytes=100_000_000, host="web1", now=lambda: AT)
    yield spool
    spool.close()


@pytest.fixture
def shipper(spool: Spool, receiver: Any, home: Path) -> Iterator[Shipper]:
    client = Client(receiver.url, home / "ca.pem", SECRET)
    yield Shipper(spool, client, uniform=lambda _, high: high, clock=lambda: 1000.0)
    client.close()


def fill(spool: Spool, count: int, raw: str = "line") -> list[str]:
    lines = [f"{raw} {n}" for n in range(count)]
    spool.append([Reading("linux.auth", line, AT) for line in lines], "log", "c")
    return lines


def ship(shipper: Shipper) -> None:
    while (pause := shipper.step()) is not None:
        assert pause == 0


def reply(status: int, document: dict[str, Any] | None = None, **headers: str) -> Callable[..., Any]:
    return lambda *_: (status, document or {}, headers)


def test_everything_arrives_once_and_is_forgotten(shipper: Shipper, spool: Spool, receiver: Any) -> None:
    lines = fill(spool, BATCH_EVENTS * 2 + 10)
    ship(shipper)
    assert receiver.raws == lines
    assert spool.state().events == 0
    assert shipper.sent_events == len(lines)
    assert shipper.step() is None


def test_batches_are_bounded(shipper: Shipper, spool: Spool, receiver: Any) -> None:
    sizes: list[tuple[int, int]] = []

    def note(_: Any, epoch: str, first: int, lines: list[bytes]) -> None:
        sizes.append((len(lines), sum(len(line) + 1 for line in lines)))

    receiver.answers = [note] * 100
    fill(spool, 8_000)
    fill(spool, 2_000, "x" * 2000)
    ship(shipper)
    assert len(sizes) > 4
    assert all(count <= BATCH_EVENTS and size <= BATCH_BYTES for count, size in sizes)


@pytest.mark.parametrize("number", range(len(encodings())))
def test_every_compression_is_understood(shipper: Shipper, spool: Spool, receiver: Any, number: int) -> None:
    receiver.answers = [reply(415)] * number
    lines = fill(spool, 10)
    ship(shipper)
    assert receiver.raws == lines


def test_a_lost_reply_doubles_nothing(shipper: Shipper, spool: Spool, receiver: Any) -> None:
    lines = fill(spool, 10)
    receiver.replies_to_lose = 1
    while shipper.step() is not None:
        pass
    assert receiver.raws == lines


def test_pauses_grow_to_a_minute_with_full_jitter(spool: Spool) -> None:
    class Gone:
        def post(self, path: str, body: bytes, headers: Mapping[str, str], timeout: float) -> Answer:
            raise UnavailableError("the server is gone")

    fill(spool, 1)
    bounds: list[tuple[float, float]] = []

    def uniform(low: float, high: float) -> float:
        bounds.append((low, high))
        return high

    shipper = Shipper(spool, Gone(), uniform=uniform)
    assert [shipper.step() for _ in range(9)] == [0.5, 1, 2, 4, 8, 16, 32, 60, 60]
    assert bounds[3] == (0.0, 4.0)
    assert shipper.trouble == "the server is gone"
    assert spool.state().events == 1


def test_retry_after_is_kept(shipper: Shipper, spool: Spool, receiver: Any) -> None:
    fill(spool, 1)
    date = "Thu, 01 Jan 1970 00:17:10 GMT"
    receiver.answers = [reply(503, {"error": "full"}, **{"Retry-After": after}) for after in ("7", date, "rubbish")]
    assert shipper.step() == 7.5
    assert shipper.trouble == "the server says: full"
    assert shipper.step() == 30 + 1
    assert shipper.step() == 2
    ship(shipper)
    assert shipper.trouble == ""


def test_a_batch_too_large_is_halved_until_it_fits(shipper: Shipper, spool: Spool, receiver: Any) -> None:
    def at_most_10(_: Any, epoch: str, first: int, lines: list[bytes]) -> Any:
        return (413, {"error": "too large"}, {}) if len(lines) > 10 else None

    receiver.answers = [at_most_10] * 1000
    lines = fill(spool, 100)
    ship(shipper)
    assert receiver.raws == lines


def test_a_poisoned_line_is_found_and_set_aside_and_no_other(shipper: Shipper, spool: Spool, receiver: Any) -> None:
    def no_poison(_: Any, epoch: str, first: int, lines: list[bytes]) -> Any:
        return (400, {"error": "poison"}, {}) if any(b"line 77" in line for line in lines) else None

    receiver.answers = [no_poison] * 1000
    lines = fill(spool, 100)
    ship(shipper)
    lines[77] = "1 event set aside: the server says: poison"
    assert receiver.raws == lines
    assert spool.state().refused == 1


def test_a_server_that_refuses_everything_costs_one_line_at_most(shipper: Shipper, spool: Spool, receiver: Any) -> None:
    receiver.answers = [reply(400, {"error": "no"})] * 60
    fill(spool, 100)
    for _ in range(60):
        shipper.step()
    assert spool.state().refused == 1
    assert spool.state().events == 100


def test_a_server_that_lags_is_sent_from_where_it_is(shipper: Shipper, spool: Spool, receiver: Any) -> None:
    lines = fill(spool, 20)
    receiver.ledger[spool.epoch] = [json.dumps({"raw": raw}).encode() for raw in lines[:5]]
    receiver.answers = [reply(409, {"error": "gap", "expected": 6})]
    ship(shipper)
    assert receiver.raws == lines


@pytest.mark.parametrize(("sent", "expected"), [(10, 3), (10, 500)])
def test_a_server_whose_numbering_does_not_meet_ours_gets_a_new_epoch(
    shipper: Shipper, spool: Spool, receiver: Any, sent: int, expected: int
) -> None:
    old = spool.epoch
    first = fill(spool, sent)
    ship(shipper)
    receiver.answers = [reply(409, {"error": "gap", "expected": expected})]
    second = fill(spool, 5, "second")
    ship(shipper)
    assert spool.epoch != old
    assert receiver.raws[: sent + 5] == first + second
    assert "numbering started again" in receiver.raws[-1]


def test_a_server_that_has_more_than_was_written_gets_a_new_epoch(
    shipper: Shipper, spool: Spool, receiver: Any
) -> None:
    old = spool.epoch
    receiver.ledger[old] = [b'{"raw": "of a former life"}'] * 50
    lines = fill(spool, 5)
    ship(shipper)
    assert spool.epoch != old
    assert receiver.raws[50:55] == lines


@pytest.mark.parametrize(
    "answer",
    [
        reply(200, {}),
        reply(200, {"acknowledged": "5"}),
        reply(200, {"acknowledged": 0}),
        reply(409, {"expected": None}),
        reply(409, {"expected": 1}),
        reply(401, {"error": "unknown"}),
        reply(403),
        reply(404),
        reply(500),
        reply(302),
    ],
)
def test_a_strange_answer_forgets_nothing(shipper: Shipper, spool: Spool, receiver: Any, answer: Any) -> None:
    lines = fill(spool, 10)
    receiver.answers = [answer]
    pause = shipper.step()
    assert pause is not None
    assert pause > 0
    assert shipper.trouble
    assert spool.state().events == 10
    ship(shipper)
    assert receiver.raws == lines
