"""Lanes come and go with their parts, and a crew ends with the last who needs it."""

import threading
from collections.abc import Callable, Mapping, Sequence
from typing import cast

import pytest

from sentinel.crew.crew import Ticket
from sentinel.journal import Entry
from sentinel.lanes import lanes as module
from sentinel.lanes.lanes import Lane, Lanes, Place
from sentinel.lanes.shares import Shares
from tests.waiting import until


class Worker:
    """Says when it runs; goes on after being told to stop until it may end."""

    trouble = ""
    position = 3 << 14
    statistics: Mapping[str, object] = {}

    def __init__(self) -> None:
        self.is_running = threading.Event()
        self.may_end = threading.Event()
        self.may_end.set()
        self.is_closed = False

    def run(self, stop: threading.Event, wake: threading.Event, idle: Callable[[], object]) -> None:
        self.is_running.set()
        stop.wait(20)
        self.may_end.wait(20)

    def close(self) -> None:
        self.is_closed = True


class Hall:
    """Lanes with their workers and readers at hand."""

    def __init__(self) -> None:
        self.workers: dict[Place, Worker] = {}
        self.released: list[Place] = []
        self.lanes = Lanes(self._make)

    def _make(self, place: Place) -> Lane:
        worker = self.workers[place] = Worker()
        return Lane(place, worker, lambda: None, lambda: self.released.append(place), 14)


def test_a_lane_runs_while_its_part_is_ours() -> None:
    hall = Hall()
    hall.lanes.gain([("events", 0), ("events", 1)])
    hall.lanes.gain([("events", 1)])
    assert all(worker.is_running.wait(20) for worker in hall.workers.values())
    assert hall.lanes.progress() == {("events", 0): 3, ("events", 1): 3}
    hall.lanes.lose([("events", 0), ("hits", 7)])
    assert (hall.workers["events", 0].is_closed, hall.released) == (True, [("events", 0)])
    assert [lane.place for lane in hall.lanes.present()] == [("events", 1)]
    hall.lanes.close()
    assert hall.workers["events", 1].is_closed


def test_a_lane_that_does_not_end_is_left_behind(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "STOP_SECONDS", 0.05)
    hall = Hall()
    hall.lanes.gain([("events", 0)])
    worker = hall.workers["events", 0]
    worker.may_end.clear()
    hall.lanes.lose([("events", 0)])
    assert (worker.is_closed, hall.lanes.present()) == (False, [])
    worker.may_end.set()
    until(lambda: worker.is_closed, what="the end of the lane")


def test_what_stands_still_is_said() -> None:
    hall = Hall()
    hall.lanes.gain([("events", 0)])
    assert hall.lanes.trouble == ""
    hall.workers["events", 0].trouble = "no store"
    assert hall.lanes.trouble == "no store"
    hall.lanes.close()


class Crew:
    """Counts its ends."""

    ends = 0

    def begin(self, entries: Sequence[Entry]) -> Ticket:
        return cast("Ticket", None)

    def close(self) -> None:
        self.ends += 1


def test_a_replaced_crew_ends_with_its_last_share_and_once() -> None:
    crew = Crew()
    shares = Shares(crew)
    one, two = shares.take(), shares.take()
    assert one is not None
    assert two is not None
    one.close()
    one.close()
    shares.retire()
    assert crew.ends == 0
    two.close()
    assert crew.ends == 1


def test_a_crew_that_nobody_took_ends_when_it_is_replaced() -> None:
    crew = Crew()
    Shares(crew).retire()
    assert crew.ends == 1
    assert Shares(None).take() is None
