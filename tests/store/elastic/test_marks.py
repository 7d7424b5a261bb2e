"""A mark is moved only by whoever saw it last, and what may be stored already stays in doubt until it is passed."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import Engine

from sentinel.errors import ConflictError
from sentinel.store import Mark
from sentinel.store.elastic.marks import Held, Marks
from tests.database.fresh import empty


def test_a_part_that_nobody_touched_is_at_its_beginning(engine: Engine) -> None:
    assert Marks(engine, "a").read(3) == (Mark(0, b"", 3), Held(3, 0, ""))


def test_parts_do_not_touch_each_other(engine: Engine) -> None:
    worker = Marks(engine, "a")
    for partition in (0, 1, 7):
        held = worker.intend(worker.read(partition)[1], 10 + partition, {"s"})
        worker.move(held, Mark(10 + partition, b"state", partition))
    assert worker.read(1)[0] == Mark(11, b"state", 1)
    assert worker.read(2)[0].position == 0


def test_an_intent_is_open_until_the_mark_has_passed_it(engine: Engine) -> None:
    worker = Marks(engine, "a")
    held = worker.intend(worker.read(0)[1], 50, {"one"})
    assert Marks(engine, "b").read(0) == (Mark(0), Held(0, 0, "a", 50, frozenset({"one"})))
    held = worker.move(held, Mark(30))
    assert held.is_in_doubt
    held = worker.intend(held, 60, {"two"})
    assert (held.doubt, held.streams) == (60, {"one", "two"})
    assert not worker.move(held, Mark(60)).is_in_doubt
    assert Marks(engine, "b").read(0)[1] == Held(0, 60, "a")


def test_what_follows_is_put_behind_the_state_there(engine: Engine) -> None:
    worker = Marks(engine, "a")
    held = worker.move(worker.read(0)[1], Mark(1, b"whole\x00\xff"))
    held = worker.move(held, Mark(2, b"\x00\xfe", follows=True))
    worker.move(held, Mark(3, b"", follows=True))
    assert Marks(engine, "b").read(0)[0] == Mark(3, b"whole\x00\xff\x00\xfe")
    assert (worker.position(0), worker.position(1)) == (3, 0)


def test_a_mark_that_moves_back_leaves_in_doubt_what_lies_behind_it(engine: Engine) -> None:
    worker = Marks(engine, "a")
    held = worker.move(worker.read(0)[1], Mark(100))
    held = worker.move(held, Mark(0))
    assert (held.position, held.doubt) == (0, 100)
    held = worker.move(worker.intend(held, 40, {"s"}), Mark(40))
    assert Marks(engine, "b").read(0)[1].doubt == 100
    assert not worker.move(held, Mark(100)).is_in_doubt


Change = Callable[[Marks, Held], object]


@pytest.mark.parametrize(
    "change",
    [
        lambda marks, held: marks.intend(held, 9, {"s"}),
        lambda marks, held: marks.move(held, Mark(9)),
        lambda marks, held: marks.check(held),
    ],
    ids=["intend", "move", "check"],
)
def test_who_saw_an_older_mark_can_change_nothing(engine: Engine, change: Change) -> None:
    one, two = Marks(engine, "one"), Marks(engine, "two")
    seen = one.move(one.read(0)[1], Mark(5))
    two.intend(two.read(0)[1], 8, {"s"})
    before = two.read(0)
    with pytest.raises(ConflictError, match="part 0"):
        change(one, seen)
    assert two.read(0) == before


def test_only_one_of_two_gets_a_part_that_is_new(engine: Engine) -> None:
    one, two = Marks(engine, "one"), Marks(engine, "two")
    seen_by_one, seen_by_two = one.read(0)[1], two.read(0)[1]
    one.intend(seen_by_one, 5, {"s"})
    with pytest.raises(ConflictError):
        two.intend(seen_by_two, 5, {"s"})


def test_two_processes_never_have_the_same_name(engine: Engine) -> None:
    names = {Marks(engine).owner for _ in range(50)}
    assert len(names) == 50
    assert all(len(name) <= 64 for name in names)


def test_a_thread_that_was_left_behind_does_not_pass_for_its_successor(engine: Engine) -> None:
    marks = Marks(engine)
    left = marks.intend(marks.read(0)[1], 50, {"s"})
    with ThreadPoolExecutor(1) as successor:
        successor.submit(lambda: marks.intend(marks.read(0)[1], 50, {"s"})).result()
    with pytest.raises(ConflictError):
        marks.move(left, Mark(50))


@settings(max_examples=200, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    st.lists(st.tuples(st.integers(0, 1), st.sampled_from(["read", "intend", "move"]), st.integers(0, 50)), max_size=25)
)
def test_whatever_workers_do_a_stretch_that_was_sent_is_passed_or_in_doubt(
    engine: Engine, steps: list[tuple[int, str, int]]
) -> None:
    empty(engine)
    workers = [Marks(engine, "a"), Marks(engine, "b")]
    seen = [worker.read(0)[1] for worker in workers]
    sent = 0
    for who, action, position in steps:
        worker = workers[who]
        try:
            if action == "read":
                seen[who] = worker.read(0)[1]
            elif action == "intend":
                seen[who] = worker.intend(seen[who], position, {"s"})
                sent = max(sent, position)
            else:
                seen[who] = worker.move(seen[who], Mark(position))
        except ConflictError:
            continue
        now = worker.read(0)[1]
        assert now == seen[who]
        assert max(now.position, now.doubt) >= sent
        sent = max(sent, now.position)
