"""Shared correlations: the same answers whoever judges, however often it comes and however it is cut."""

import random
from collections.abc import Callable
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sentinel.detect.engine import Engine
from sentinel.detect.rule import RuleSet
from sentinel.errors import InputError, UnavailableError
from sentinel.lanes import hits
from sentinel.lanes.conclusions import STALL_SECONDS, Conclusions
from sentinel.lanes.keys import families
from sentinel.lanes.relay import HitRelay
from tests.lanes.town import START, Source, Topic, line, minutes, rules

PARTS = 3
LATENESS = 2.0
Seen = set[tuple[str, str]]
FAR = START + minutes(600)


@pytest.fixture(scope="module")
def found(tmp_path_factory: pytest.TempPathFactory) -> RuleSet:
    return rules(tmp_path_factory.mktemp("rules"))


@pytest.fixture(scope="module")
def sources(found: RuleSet) -> list[Source]:
    """Two parts of a journal whose senders see the same attack at once."""
    chance = random.Random(7)
    engine = Engine(found)
    texts: list[list[tuple[object, str]]] = [[], []]
    at = START
    for turn in range(400):
        at += timedelta(seconds=chance.choice([0, 0, 1, 3, 9]))
        text = line(at, chance.randrange(4), f"user{chance.randrange(6)}", failed=turn % 7 != 0)
        texts[chance.randrange(2)].append((at + timedelta(milliseconds=turn), text))
    return [Source(number + 1, each, engine) for number, each in enumerate(texts)]  # type: ignore[arg-type]


def conclusions(found: RuleSet, stall: int = 100_000) -> Conclusions:
    return Conclusions(families(found.correlations), [1, 2], LATENESS, stall_seconds=stall)


def judged(found: RuleSet, topic: Topic, again: Callable[[Conclusions], Conclusions] = lambda one: one) -> Seen:
    """Return the matches of all parts; `again` may put another judge in the place of one."""
    seen: Seen = set()
    for part in range(topic.parts):
        judge = conclusions(found)
        for _, body in topic.of(part):
            seen |= {(match.rule.title, record.id) for match, record in judge.take(hits.decode(body))}
            judge = again(judge)
        assert judge.gaps == 0
    return seen


def sent(
    found: RuleSet, sources: list[Source], cuts: Callable[[int], int], order: Callable[[list[int]], int], parts: int
) -> Topic:
    """Return a topic to which all sources have sent everything, in stretches of any size, in any order."""
    topic = Topic(parts)
    relays = [source.relay(topic, found) for source in sources]
    at = [0] * len(sources)
    while waiting := [place for place, source in enumerate(sources) if at[place] < source.end]:
        place = order(waiting)
        upto = min(sources[place].end, at[place] + max(1, cuts(place)))
        relays[place].send(at[place], upto, sources[place].found[at[place] : upto])
        at[place] = upto
    tick(sources, relays)
    return topic


def tick(sources: list[Source], relays: list[HitRelay], at: datetime = FAR) -> None:
    """Let all sources say that nothing waits."""
    for source, relay in zip(sources, relays, strict=True):
        relay._told_at = 0.0
        relay.idle(source.end, at)


@pytest.fixture(scope="module")
def undisturbed(found: RuleSet, sources: list[Source]) -> Seen:
    """Return what one engine finds that sees everything in the order of receipt."""
    engine = Engine(found, lateness_seconds=LATENESS)
    everything = sorted((each for source in sources for each in source.found), key=lambda each: each[0].received_at)
    ids = {each.info.id for each in found.correlations}
    matches = engine.match([record for _, record, _ in everything]) + engine.finish()
    return {(match.rule.title, record.id) for match, record in matches if match.rule.id in ids}


def test_all_kinds_of_correlations_find_something(undisturbed: Seen) -> None:
    assert {title for title, _ in undisturbed} == {"Guessing", "Guessed", "Many users"}


@pytest.mark.parametrize("parts", range(1, PARTS + 1))
@pytest.mark.parametrize("seed", range(6))
def test_cuts_order_and_number_of_judges_change_no_answer(
    found: RuleSet, sources: list[Source], undisturbed: Seen, seed: int, parts: int
) -> None:
    chance = random.Random(seed)
    # However far one part runs ahead of the other: the wait is for the slower one.
    topic = sent(found, sources, lambda place: chance.randrange(1, 90), chance.choice, parts)
    assert judged(found, topic) == undisturbed


@pytest.mark.parametrize("seed", range(8))
def test_a_part_that_is_sent_again_from_an_older_mark_changes_no_answer(
    found: RuleSet, sources: list[Source], undisturbed: Seen, seed: int
) -> None:
    chance = random.Random(seed)
    topic = Topic(2)
    relays = []
    for source in sources:
        relay, mark = source.relay(topic, found), 0
        while mark < source.end:
            upto = min(source.end, mark + chance.randrange(1, 60))
            relay.send(mark, upto, source.found[mark:upto])
            if chance.random() < 0.5:
                # Killed before the mark moved; another worker begins at the mark, with another cut.
                relay = source.relay(topic, found)
                continue
            mark = upto
        relays.append(relay)
    tick(sources, relays)
    assert judged(found, topic) == undisturbed


@pytest.mark.parametrize("seed", range(8))
def test_the_state_moves_to_another_judge_at_any_time(
    found: RuleSet, sources: list[Source], undisturbed: Seen, seed: int
) -> None:
    chance = random.Random(seed)

    def again(judge: Conclusions) -> Conclusions:
        if chance.random() < 0.6:
            return judge
        state = judge.dump()
        following = conclusions(found)
        following.load(state)
        assert following.dump() == state
        return following

    topic = sent(found, sources, lambda place: chance.randrange(1, 40), chance.choice, 2)
    assert judged(found, topic, again) == undisturbed


def test_messages_that_would_be_too_large_are_parted_and_lose_nothing(
    found: RuleSet, sources: list[Source], undisturbed: Seen
) -> None:
    topic = Topic(2)
    relays = [source.relay(topic, found, max_bytes=900) for source in sources]
    for source, relay in zip(sources, relays, strict=True):
        relay.send(0, source.end, source.found)
    tick(sources, relays)
    assert max(map(len, topic.messages[0] + topic.messages[1])) <= 900
    assert len(topic.messages[0]) > 10
    assert judged(found, topic) == undisturbed


def test_hits_too_large_for_the_topic_are_refused_with_what_to_do(found: RuleSet, sources: list[Source]) -> None:
    relay = sources[0].relay(Topic(1), found, max_bytes=60)
    with pytest.raises(UnavailableError, match=r"raise max\.message\.bytes"):
        relay.send(0, sources[0].end, sources[0].found)


def test_lost_messages_are_counted(found: RuleSet, sources: list[Source]) -> None:
    topic = Topic(1)
    relay = sources[0].relay(topic, found)
    for first in (0, 10, 20):
        relay.send(first, first + 10, sources[0].found[first : first + 10])
    judge = conclusions(found)
    judge.take(hits.decode(topic.messages[0][0]))
    judge.take(hits.decode(topic.messages[0][2]))
    assert judge.gaps == 1


def test_a_part_without_worker_is_not_waited_for_forever(found: RuleSet, sources: list[Source]) -> None:
    topic = Topic(1)
    relay = sources[0].relay(topic, found)
    relay.send(0, sources[0].end, sources[0].found)
    tick(sources[:1], [relay], FAR + timedelta(seconds=STALL_SECONDS + 10))
    judge = conclusions(found, STALL_SECONDS)
    judge.take(hits.decode(topic.messages[0][0]))
    assert judge.take(hits.decode(topic.messages[0][1])) != []


@settings(deadline=None)
@given(body=st.binary(max_size=300))
def test_no_message_can_break_the_reader(body: bytes) -> None:
    with pytest.raises(InputError):
        hits.decode(body)


@settings(deadline=None)
@given(place=st.integers(0, 10_000), change=st.integers(1, 255))
def test_a_changed_message_is_noticed(found: RuleSet, sources: list[Source], place: int, change: int) -> None:
    topic = Topic(1)
    sources[0].relay(topic, found).send(0, 40, sources[0].found[:40])
    body = bytearray(topic.messages[0][0])
    body[place % len(body)] ^= change
    try:
        assert hits.decode(bytes(body)) == hits.decode(topic.messages[0][0])
    except InputError:
        return


@settings(deadline=None)
@given(state=st.binary(max_size=200))
def test_a_damaged_state_is_told(found: RuleSet, state: bytes) -> None:
    if state:
        with pytest.raises(InputError):
            conclusions(found).load(state)


def test_a_clock_in_the_past_is_no_reason_to_wait(tmp_path: Path, found: RuleSet) -> None:
    source = Source(1, [(START, line(START, 1, "root", failed=True))] * 3, Engine(found))
    topic = Topic(1)
    relay = source.relay(topic, found)
    relay.send(0, 3, source.found)
    other = Source(2, [], Engine(found)).relay(topic, found)
    tick([source, source], [relay, other], START + timedelta(seconds=3))
    judge = conclusions(found)
    titles = [match.rule.title for _, body in topic.of(0) for match, _ in judge.take(hits.decode(body))]
    assert titles == ["Guessing"]


@pytest.mark.parametrize("later", ["one", "two"])
def test_a_journal_made_anew_begins_again_and_its_hits_are_no_repeats(found: RuleSet, later: str) -> None:
    engine, topic, known = Engine(found), Topic(1), families(found.correlations)
    judge, fired = Conclusions(known, [1], LATENESS), []
    for log, minute in (("one", 0), (later, 30)):
        at = START + minutes(minute)
        # Less in the second one: by its positions alone all of it is older than what is known.
        count = 8 if minute == 0 else 3
        texts = [(at + timedelta(seconds=each), line(at, 1, "root", failed=True)) for each in range(count)]
        source = Source(1, texts, engine)
        relay = HitRelay(1, 1, lambda: known, topic.send, 1_000_000, log=lambda log=log: log)  # type: ignore[misc]
        relay.send(0, source.end, source.found)
        tick([source], [relay], at + minutes(20))
        matches = [match for _, body in topic.of(0) for match, _ in judge.take(hits.decode(body))]
        fired.append({match.rule.title for match in matches})
        topic.messages.clear()
        # Whoever takes over knows it as well.
        state, judge = judge.dump(), Conclusions(known, [1], LATENESS)
        judge.load(state)
    assert fired == [{"Guessing"}, {"Guessing"} if later == "two" else set()]
    assert judge.gaps == 0
