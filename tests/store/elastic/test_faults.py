"""Whatever Elasticsearch does wrong, nothing is lost or doubled, it is counted, and people get a clear sentence."""

import pytest
from sqlalchemy import Engine

from sentinel.errors import ConflictError, InputError, UnavailableError
from sentinel.store import Mark
from sentinel.store.elastic import deadline
from tests.store.elastic import fake as faults
from tests.store.elastic.fake import FakeElastic, Fault, error, every, refuse, some
from tests.store.elastic.scene import ids, records, scene


@pytest.mark.parametrize(
    ("fault", "counter"),
    [
        (refuse(429, "es_rejected_execution_exception"), "again"),
        (refuse(429, "circuit_breaking_exception"), "again"),
        (refuse(503), "unclear"),
        (refuse(502), "unclear"),
        (refuse(403, "cluster_block_exception", "disk usage exceeded flood-stage watermark"), "again"),
        (every(error(429, "es_rejected_execution_exception")), "again"),
        (every(error(503, "unavailable_shards_exception", "primary shard is not active")), "again"),
        (every(error(403, "cluster_block_exception", "read-only / allow delete")), "again"),
        (every(error(400, "validation_exception", "maximum normal shards open")), "again"),
        (every(error(500, "node_closed_exception")), "unclear"),
        (faults.cut_before, "unclear"),
        (faults.commit_then_cut, "unclear"),
        (faults.commit_half_then_cut, "unclear"),
        (faults.half_an_answer, "unclear"),
        (faults.answer_without_the_last, "unclear"),
        (faults.not_json, "unclear"),
    ],
)
@pytest.mark.parametrize("rolls_over", [False, True])
def test_a_passing_fault_loses_and_doubles_nothing(
    fake: FakeElastic, engine: Engine, fault: Fault, counter: str, rolls_over: bool
) -> None:
    def and_roll_over(call: faults.Call) -> None:
        try:
            fault(call)
        finally:
            fake.rollover()

    fake.script.extend([and_roll_over if rolls_over else fault, None])
    with scene(fake.url, engine) as place:
        assert place.writer.add(records(0, 10), Mark(10)) == 10
        assert fake.stored == ids(0, 10)
        assert place.counts[counter] >= 1
        assert place.writer.mark(0) == Mark(10)
        assert not place.rejected


def test_an_answer_that_drips_is_cut(fake: FakeElastic, engine: Engine, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(deadline, "GRACE_SECONDS", 0.1)
    fake.script.append(faults.drip)
    with scene(fake.url, engine, timeout=0.5) as place:
        assert place.writer.add(records(0, 3), Mark(3)) == 3
        assert place.counts["unclear"] == 3
    assert fake.stored == ids(0, 3)


def test_what_is_there_already_is_not_new(fake: FakeElastic, engine: Engine) -> None:
    with scene(fake.url, engine) as place:
        assert place.writer.add(records(0, 5), Mark(5)) == 5
        assert place.writer.add([*records(3, 8), *records(3, 4)], Mark(10)) == 3
        assert place.counts["known"] == 2
    assert fake.stored == ids(0, 8)


def test_only_the_ones_that_were_pushed_back_are_sent_again(fake: FakeElastic, engine: Engine) -> None:
    fake.script.append(some({ids(0, 9)[4]: error(429, "es_rejected_execution_exception")}))
    with scene(fake.url, engine) as place:
        assert place.writer.add(records(0, 9), Mark(9)) == 9
    assert fake.bulks == [9, 1]
    assert not [path for path in fake.paths if "_search" in path], "nothing was in doubt"


def test_a_request_that_is_too_large_is_divided(fake: FakeElastic, engine: Engine) -> None:
    fake.most_bytes = 700
    with scene(fake.url, engine) as place:
        assert place.writer.add(records(0, 40), Mark(40)) == 40
        assert place.counts["divided"] > 0
        assert max(fake.bulks) < 10
    assert fake.stored == ids(0, 40)


def test_a_document_that_is_too_large_alone_is_rejected(fake: FakeElastic, engine: Engine) -> None:
    fake.most_bytes = 20
    with scene(fake.url, engine) as place:
        assert place.writer.add(records(0, 2), Mark(2)) == 0
        assert [each.record.id for each in place.rejected] == ids(0, 2)
        assert "413" in place.rejected[0].reason
        assert place.writer.mark(0) == Mark(2)


def test_a_document_that_spoils_a_request_is_found_and_rejected(fake: FakeElastic, engine: Engine) -> None:
    poison = ids(0, 30)[17]

    def spoil(call: faults.Call) -> None:
        fake.script.append(spoil)
        if poison in [identity for _, identity, _ in call.documents()]:
            refuse(400, "parse_exception", "cannot read this")(call)
        else:
            call.answer(200, call.store())

    with scene(fake.url, engine) as place:
        fake.script.append(spoil)
        assert place.writer.add(records(0, 30), Mark(30)) == 29
        assert [each.record.id for each in place.rejected] == [poison]
    assert poison not in fake.stored


def test_a_server_that_refuses_everything_rejects_nothing(fake: FakeElastic, engine: Engine) -> None:
    fake.script.extend([refuse(400, "illegal_argument_exception", "unknown parameter")] * 99)
    with scene(fake.url, engine, patience_seconds=0.1) as place:
        with pytest.raises(UnavailableError, match="unknown parameter"):
            place.writer.add(records(0, 4), Mark(4))
        assert not place.rejected


@pytest.mark.parametrize(
    "verdict",
    [
        error(400, "document_parsing_exception", "failed to parse field [n]"),
        {"status": 201, "failure_store": "used"},
    ],
)
def test_a_poisonous_document_is_rejected_with_its_reason(
    fake: FakeElastic, engine: Engine, verdict: faults.Answer
) -> None:
    poison = ids(0, 5)[2]
    fake.script.append(some({poison: verdict}))
    with scene(fake.url, engine) as place:
        assert place.writer.add(records(0, 5), Mark(5)) == 4
        assert [each.record.id for each in place.rejected] == [poison]
        assert "failed to parse" in place.rejected[0].reason or "failure store" in place.rejected[0].reason
        assert place.counts["rejected"] + place.counts["failure_store"] == 1
        assert place.writer.mark(0) == Mark(5)


def test_where_nobody_keeps_the_rejected_the_batch_is_refused(fake: FakeElastic, engine: Engine) -> None:
    fake.script.append(some({ids(0, 3)[1]: error(400, "document_parsing_exception", "no such thing")}))
    with scene(fake.url, engine, keep_rejected=False) as place:
        with pytest.raises(InputError, match=f"{ids(0, 3)[1]}.*no such thing"):
            place.writer.add(records(0, 3), Mark(3))
        assert place.writer.mark(0) == Mark(0)
        # The caller sends it again without the culprit, as the pipeline does.
        assert place.writer.add([records(0, 1)[0], records(2, 3)[0]], Mark(3)) == 0
    assert fake.stored == [ids(0, 3)[0], ids(0, 3)[2]]


@pytest.mark.parametrize(
    ("fault", "sentence"),
    [
        (faults.wrong_product, "not Elasticsearch"),
        (refuse(401, "security_exception", "unable to authenticate"), r"store\.user"),
        (refuse(403, "security_exception", "action is unauthorized"), "privileges"),
    ],
)
def test_what_a_person_must_mend_is_said_at_once(
    fake: FakeElastic, engine: Engine, fault: Fault, sentence: str
) -> None:
    fake.script.append(fault)
    with scene(fake.url, engine) as place:
        with pytest.raises(UnavailableError, match=sentence):
            place.writer.add(records(0, 3), Mark(3))
        assert place.writer.mark(0) == Mark(0)
        place.writer.add(records(0, 3), Mark(3))
    assert fake.stored == ids(0, 3)


def test_without_progress_the_batch_is_given_back_with_the_reason(fake: FakeElastic, engine: Engine) -> None:
    fake.script.extend([refuse(429, "es_rejected_execution_exception", "queue is full")] * 200)
    with scene(fake.url, engine, patience_seconds=0.2) as place:
        with pytest.raises(UnavailableError, match="queue is full"):
            place.writer.add(records(0, 3), Mark(3))
        assert place.writer.mark(0) == Mark(0)
        fake.script.clear()
        assert place.writer.add(records(0, 3), Mark(3)) == 3
    assert fake.stored == ids(0, 3)


def test_a_red_index_is_no_proof_that_an_event_is_missing(fake: FakeElastic, engine: Engine) -> None:
    fake.script.append(faults.commit_then_cut)
    fake.broken = faults.red
    with scene(fake.url, engine, patience_seconds=0.2) as place:
        with pytest.raises(UnavailableError, match="missing shards"):
            place.writer.add(records(0, 3), Mark(3))
        assert fake.bulks == [3], "nothing is sent again on a guess"
        fake.broken = None
        fake.rollover()
        place.writer.mark(0)
        assert place.writer.add(records(0, 3), Mark(3)) == 0
    assert fake.stored == ids(0, 3)


def test_nobody_listening_is_told_and_survived(engine: Engine) -> None:
    with scene("http://127.0.0.1:1", engine, patience_seconds=0.1) as place:
        with pytest.raises(UnavailableError, match="no answer"):
            place.writer.add(records(0, 1), Mark(1))
        assert place.writer.mark(0) == Mark(0)


def test_closing_ends_the_waiting(fake: FakeElastic, engine: Engine) -> None:
    with scene(fake.url, engine, patience_seconds=100, first_pause_seconds=100) as place:

        def close_meanwhile(call: faults.Call) -> None:
            place.stop.set()
            refuse(429)(call)

        fake.script.append(close_meanwhile)
        with pytest.raises(UnavailableError, match="being closed"):
            place.writer.add(records(0, 1), Mark(1))
        with pytest.raises(UnavailableError, match="being closed"):
            place.writer.add(records(0, 1), Mark(1))
        assert fake.bulks == [1]


def test_a_late_request_that_overtakes_a_rollover_leaves_no_second_copy(fake: FakeElastic, engine: Engine) -> None:
    late: list[faults.Call] = []

    def hold(call: faults.Call) -> None:
        late.append(call)
        call.cut()

    def arrive_late_then_roll_over(call: faults.Call) -> None:
        # What was asked about a moment ago as missing is stored after all, and then the index rolls over.
        late[0].store()
        fake.rollover()
        call.answer(200, call.store())

    fake.script.extend([hold, arrive_late_then_roll_over])
    with scene(fake.url, engine) as place:
        assert place.writer.add(records(0, 4), Mark(4)) == 4
        assert place.counts["mended"] == 4
    assert fake.stored == ids(0, 4)


def test_a_worker_that_lost_its_part_cannot_move_the_mark(fake: FakeElastic, engine: Engine) -> None:
    with scene(fake.url, engine) as one, scene(fake.url, engine) as two:
        one.writer.mark(0)

        def taken_over(call: faults.Call) -> None:
            assert two.writer.mark(0) == Mark(0)
            assert two.writer.add(records(0, 5), Mark(5, b"two")) == 5
            call.cut()

        fake.script.append(taken_over)
        with pytest.raises(ConflictError, match="another worker"):
            one.writer.add(records(0, 3), Mark(3, b"one"))
        with pytest.raises(ConflictError, match="read the mark again"):
            one.writer.add(records(0, 3), Mark(3, b"one"))
        assert two.writer.mark(0) == Mark(5, b"two")
        assert one.writer.mark(0) == Mark(5, b"two")
        assert one.writer.add(records(5, 6), Mark(6)) == 1
        with pytest.raises(ConflictError):
            two.writer.add(records(5, 6), Mark(6))
    assert fake.stored == ids(0, 6)
