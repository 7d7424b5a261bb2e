"""The contract of every event store."""

import unicodedata
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from sentinel.errors import InputError
from sentinel.model.moment import from_text, to_text
from sentinel.model.record import Record
from sentinel.model.search import Bucket, Search
from sentinel.store import Mark, Store
from tests.store.backends import BACKENDS, PARAMETERS
from tests.store.examples import CITY, START, city, record

Reopen = Callable[[], Store]


@pytest.fixture(params=PARAMETERS)
def reopen(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Reopen]:
    """Return a function that opens the same store again, as a restarted server does."""
    opened: list[Store] = []

    def again() -> Store:
        while opened:
            opened.pop().close()
        opened.append(BACKENDS[request.param](request, tmp_path))
        return opened[-1]

    yield again
    while opened:
        opened.pop().close()


@pytest.fixture
def store(reopen: Reopen) -> Store:
    return reopen()


def numbers(store: Store, search: Search) -> list[int]:
    return [int(found.id, 16) for found in store.search(search).records]


def hits(store: Store, query: str) -> set[int]:
    return set(numbers(store, city(query)))


RICH = record(
    1,
    user__name="Nguyễn Văn Hải",
    source__ip="10.1.2.3",
    source__port=50022,
    process__pid=4711,
    related__ip=["10.1.2.3", "2001:db8::7"],
    event__category=["authentication", "session"],
    winlog__event_data__Image="C:\\Windows\\System32\\cmd.exe",
    winlog__event_data__Privileges=["SeDebugPrivilege", "SeBackupPrivilege"],
    sentinel__egov__is_signed=True,
    sentinel__dns__entropy=3.25,
    event__created="2026-11-23T08:00:01.500000Z",
    message="Đăng nhập từ Sở Tài chính Hải Phòng",
)


def test_a_record_comes_back_as_it_was_stored(reopen: Reopen) -> None:
    store = reopen()
    assert store.add([RICH, record(2)], Mark(2)) == 2
    assert store.get(RICH.id, CITY) == RICH
    store = reopen()
    assert store.get(RICH.id, CITY) == RICH
    assert store.search(city("*", newest_first=False)).records == (RICH, record(2))


def test_what_was_added_is_found_at_once(store: Store) -> None:
    for number in range(1, 6):
        store.add([record(number)], Mark(number))
        assert hits(store, "*") == set(range(1, number + 1))


def test_the_mark_moves_with_the_records(reopen: Reopen) -> None:
    store = reopen()
    assert store.mark() == Mark(0)
    store.add([record(1)], Mark(1, b"state"))
    assert reopen().mark() == Mark(1, b"state")


def test_the_mark_moves_without_records_too(reopen: Reopen) -> None:
    reopen().add([], Mark(7, b"x"))
    assert reopen().mark() == Mark(7, b"x")


def test_what_follows_is_put_behind_the_state_of_the_mark_before(reopen: Reopen) -> None:
    store = reopen()
    store.add([record(1)], Mark(1, b"whole\x00"))
    for number in (2, 3):
        store.add([record(number)], Mark(number, b"\xff%d\x00" % number, follows=True))
        assert store.position() == number
    assert reopen().mark() == Mark(3, b"whole\x00\xff2\x00\xff3\x00")
    store = reopen()
    store.mark()
    store.add([], Mark(4, b"anew"))
    store.add([], Mark(5, b"", follows=True))
    store = reopen()
    assert store.mark() == Mark(5, b"anew")
    assert store.position(3) == 0


def test_a_repeated_record_is_kept_once(reopen: Reopen) -> None:
    store = reopen()
    assert store.add([record(1), record(2), record(1)], Mark(3)) == 2
    assert store.add([record(2), record(3)], Mark(5)) == 1
    store = reopen()
    assert store.add([record(1), record(3)], Mark(7)) == 0
    assert store.search(city()).total == 3
    assert store.mark() == Mark(7)


def test_what_is_known_is_known_with_when_it_was_received(store: Store) -> None:
    at = "2026-11-23T08:00:07.000123Z"
    store.add([record(1, event__ingested=at), record(2)], Mark(2))
    assert store.known([record(1).id, record(2).id, record(3).id]) == {record(1).id: at, record(2).id: ""}
    store.add([record(1, event__ingested="2026-11-23T09:00:00.000000Z")], Mark(3))
    assert store.known([record(1).id]) == {record(1).id: at}


def test_a_repeated_record_is_known_after_maintenance(store: Store) -> None:
    for number in range(20):
        store.add([record(number)], Mark(number))
    store.maintain()
    assert store.add([record(number) for number in range(20)], Mark(99)) == 0
    assert store.search(city()).total == 20


def test_nobody_sees_beyond_the_scope(store: Store) -> None:
    store.add([record(1, agency="dept-a"), record(2, agency="dept-b"), record(3, agency=None)], Mark(3))
    for query in (
        "*",
        "number1 OR number2 OR number3",
        "organization.id:dept-b",
        "NOT organization.id:dept-b",
        "_exists_:event.id",
    ):
        seen = store.search(Search(scope=frozenset({"dept-a"}), query=query, histogram_buckets=10))
        assert {found.id for found in seen.records} <= {record(1).id}
        assert seen.total == len(seen.records)
        assert sum(bucket.count for bucket in seen.buckets) == seen.total
    assert store.get(record(2).id, frozenset({"dept-a"})) is None
    assert store.get(record(3).id, CITY) is None
    assert list(store.scan(Search(scope=frozenset({"dept-a"})))) == [record(1, agency="dept-a")]


def test_an_empty_scope_sees_nothing(store: Store) -> None:
    store.add([record(1), record(2, agency=None)], Mark(2))
    assert store.search(Search(scope=frozenset())).total == 0
    assert store.get(record(1).id, frozenset()) is None
    assert list(store.scan(Search(scope=frozenset()))) == []


def test_the_time_range_takes_the_start_and_leaves_the_end(store: Store) -> None:
    store.add([record(number) for number in range(5)], Mark(5))
    assert numbers(store, city(start=record(1).at, end=record(3).at)) == [2, 1]


def test_pages_follow_each_other_in_time(store: Store) -> None:
    for first in (0, 4, 2):
        store.add([record(first), record(first + 1)], Mark(first + 1))
    assert numbers(store, city(limit=4)) == [5, 4, 3, 2]
    assert numbers(store, city(limit=4, offset=4)) == [1, 0]
    assert numbers(store, city(limit=2, newest_first=False)) == [0, 1]
    assert store.search(city(limit=0)).total == 6
    assert numbers(store, city(limit=0)) == []


def test_records_of_the_same_moment_are_paged_without_repeats(store: Store) -> None:
    store.add([record(number, second=0) for number in range(9)], Mark(9))
    pages = [numbers(store, city(limit=2, offset=offset)) for offset in range(0, 10, 2)]
    assert sorted(number for page in pages for number in page) == list(range(9))


def test_a_scan_yields_everything_oldest_first(store: Store) -> None:
    store.add([record(number, second=100 - number) for number in range(50)], Mark(50))
    store.add([record(number, second=100 - number) for number in range(50, 100)], Mark(100))
    found = [int(each.id, 16) for each in store.scan(city("number*", limit=3, offset=5))]
    assert found == list(range(99, -1, -1))


def test_the_histogram_has_round_bars_without_holes(store: Store) -> None:
    store.add([record(0), record(1), record(65), record(66)], Mark(4))
    found = store.search(city(histogram_buckets=10, limit=0))
    assert {_seconds(bucket) for bucket in found.buckets} == {10.0}
    assert [bucket.count for bucket in found.buckets] == [2, 0, 0, 0, 0, 0, 2]
    assert found.buckets[0].start == to_text(START)


def test_the_histogram_covers_the_time_asked_for(store: Store) -> None:
    store.add([record(1000)], Mark(1))
    asked = city(histogram_buckets=24, start="2026-11-23T00:00:00.000000Z", end="2026-11-24T00:00:00.000000Z")
    found = store.search(asked)
    assert len(found.buckets) <= 24
    assert (found.buckets[0].start, found.buckets[-1].end) == (asked.start, asked.end)
    assert sum(bucket.count for bucket in found.buckets) == 1


def _seconds(bucket: Bucket) -> float:
    return (from_text(bucket.end) - from_text(bucket.start)).total_seconds()


@pytest.mark.parametrize(
    "query",
    [
        "process.pid:4711",
        "process.pid:[4000 TO 5000]",
        "process.pid:>4710",
        "process.pid:>=4711 AND process.pid:<=4711",
        "process.pid:47*",
        "source.ip:10.1.2.3",
        "source.ip:10.0.0.0/8",
        "source.ip:10.1.2.0/22",
        "source.ip:[10.1.2.0 TO 10.1.2.9]",
        "related.ip:10.1.0.0/16",
        'related.ip:"2001:db8::/32"',
        'related.ip:"2001:0db8:0::7"',
        "event.category:session",
        "event.category:sess*",
        'user.name:"nguyen van hai"',
        "user.name:nguyễn*",
        "user.name:NGUY?N*",
        "winlog.event_data.Image:*\\\\CMD.exe",
        'winlog.event_data.Image:"C:\\\\Windows\\\\System32\\\\cmd.exe"',
        "winlog.event_data.Privileges:sebackupprivilege",
        "sentinel.egov.is_signed:true",
        "sentinel.dns.entropy:[3 TO 3.5]",
        "_exists_:winlog.event_data.Image",
        "winlog.event_data.Image:*",
        "user.name:*",
        "event.created:2026-11-23",
        'event.created:[2026-11-23 TO "2026-11-23T08:00:02Z"]',
        "message:(dang nhap)",
        "hai phong",
        "Hải AND Phòng",
        '"sở tài chính"',
        "d?ng nh*p",
        "phòng",
        '"tai chinh hai"',
        "message:h?i",
        "user.name:/nguyen .* h[aă]i/",
        "message:/ph.ng/",
        "process.pid:/47\\d+/",
        "source.ip:10.1.*",
        "user.name:[Nguy TO Nguz]",
        "-_exists_:nothing AND user.name:*",
        "NOT (number2 OR number3)",
        f"event.id:{1:040x}",
        "+number1 -number2",
    ],
)
def test_a_query_finds_the_one_record_it_describes(store: Store, query: str) -> None:
    store.add([RICH, record(2, process__pid=1, source__ip="192.0.2.1"), record(3)], Mark(3))
    assert hits(store, query) == {1}


@pytest.mark.parametrize("form", ["NFC", "NFD"])
@pytest.mark.parametrize("query", ["hai phong", "HẢI PHÒNG", "Hải", "duong di", "ĐƯỜNG", "message:hải", "đi"])
def test_vietnamese_is_found_with_and_without_its_marks(store: Store, form: str, query: str) -> None:
    text = unicodedata.normalize(form, "Hải Phòng, đường Đi")
    store.add([record(1, message=text), record(2)], Mark(2))
    assert hits(store, query) == {1}


def test_words_are_whole_unless_a_wildcard_says_otherwise(store: Store) -> None:
    store.add([record(1, message="powershell started"), record(2, message="started power"), record(3)], Mark(3))
    assert hits(store, "power") == {2}
    assert hits(store, "power*") == {1, 2}
    assert hits(store, "*shell") == {1}
    assert hits(store, '"started power"') == {2}
    assert hits(store, "power*started") == set()
    assert hits(store, '"..."') == set()
    assert hits(store, 'NOT "..."') == {1, 2, 3}


def test_a_text_without_words_fits_no_expression(store: Store) -> None:
    store.add([record(1, message=" - "), record(2, message="a"), record(3, message="")], Mark(3))
    assert hits(store, "message:/.*/") == {2}


def test_words_stand_beside_each_other_within_one_value(store: Store) -> None:
    store.add([record(1, message="red", user__name="blue"), record(2, message=["red", "blue"])], Mark(2))
    assert hits(store, '"red blue"') == set()
    assert hits(store, "red blue") == {1, 2}
    assert hits(store, "message:(red AND blue)") == {2}


def test_a_range_of_texts_goes_by_their_characters_as_they_are(store: Store) -> None:
    store.add([record(1, user__name="Zoe"), record(2, user__name="anna"), record(3, user__name="đạt")], Mark(3))
    assert hits(store, "user.name:[a TO z]") == {2}
    assert hits(store, "user.name:[A TO Z]") == set()
    assert hits(store, "user.name:>z") == {3}


def test_an_empty_list_is_no_value(store: Store) -> None:
    store.add([record(1, tags=[], related__user=[]), record(2, tags=["a"], related__user=["b"])], Mark(2))
    assert hits(store, "_exists_:tags") == {2}
    assert hits(store, "related.user:*") == {2}


def test_signs_of_sql_and_like_are_plain_characters(store: Store) -> None:
    store.add([record(1, user__name="100%_'; DROP"), record(2, user__name="100x")], Mark(2))
    assert hits(store, "user.name:100%*") == {1}
    assert hits(store, "user.name:100%_*") == {1}
    assert hits(store, 'user.name:"100%_\'; DROP"') == {1}


@pytest.mark.parametrize(
    ("query", "place"),
    [
        ("user.name:(a", "end"),
        ("a AND AND b", "character 7"),
        ("source.ip:10.0.0.0/99", "character 11"),
        ("process.pid:many", "character 13"),
        ("user.name:/a(?i)b/", "character 13"),
        ("process.executable:/usr/bin/id", "character 20"),
        ("/a.*/", "character 1"),
        ("message:[a TO b]", "character 9"),
        ("a~2", "character 1"),
        ("@timestamp:yesterday", "character 12"),
        ("source.ip:fe80::1", "character 16"),
        ("[1 TO 2]", "character 1"),
    ],
)
def test_a_wrong_query_says_what_and_where(store: Store, query: str, place: str) -> None:
    store.add([record(1)], Mark(1))
    with pytest.raises(InputError, match="query") as caught:
        store.search(city(query))
    assert place in str(caught.value)


def test_a_wrong_query_is_told_even_where_nothing_is_stored(store: Store) -> None:
    with pytest.raises(InputError):
        store.search(city("a AND"))


def test_a_value_of_an_unusual_type_is_kept_and_found(store: Store) -> None:
    odd = record(1, process__pid="n/a", user__name=["a", "b"], event__category="web", host__name=5, x__big=2**70)
    store.add([odd, record(2, process__pid=7)], Mark(2))
    assert store.get(odd.id, CITY) == odd
    assert hits(store, "process.pid:n*") == {1}
    assert hits(store, "process.pid:7") == {2}
    assert hits(store, "user.name:b") == {1}
    assert hits(store, "event.category:web") == {1}
    assert hits(store, "NOT user.name:b") == {2}


def test_broken_text_is_kept_as_far_as_it_is_text(store: Store) -> None:
    broken = record(1, message="a\udce9b", x__y="c\udcffd", user__name="nul\0nul")
    assert store.add([broken], Mark(1)) == 1
    found = store.get(broken.id, CITY)
    assert found is not None
    assert found.fields["message"] == "a\N{REPLACEMENT CHARACTER}b"
    assert found.fields["user.name"] == "nul\0nul"


def test_a_record_without_a_proper_time_is_refused_and_nothing_kept(store: Store) -> None:
    wrong = Record("w", {**record(2).fields, "@timestamp": "2026-11-23 08:00"})
    with pytest.raises(InputError, match="@timestamp"):
        store.add([record(1), wrong], Mark(2))
    assert store.search(city()).total == 0
    assert store.mark() == Mark(0)


def test_maintenance_changes_nothing_that_is_seen(reopen: Reopen) -> None:
    store = reopen()
    for number in range(30):
        store.add([record(number), record(100 + number)], Mark(number))
    before = store.search(city(limit=100, histogram_buckets=20))
    store.maintain()
    assert store.search(city(limit=100, histogram_buckets=20)) == before
    assert reopen().search(city(limit=100, histogram_buckets=20)) == before
