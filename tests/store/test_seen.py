"""Promises of the memory of ids: whatever is stored is suspected, whichever segments come and go."""

from hypothesis import given
from hypothesis import strategies as st

from sentinel.store.seen import Seen
from sentinel.store.segments import hash_ids

IDS = st.lists(st.text("abcdef0123456789", min_size=1, max_size=6), max_size=20)


@given(st.lists(IDS, max_size=12), IDS)
def test_what_is_stored_is_suspected(batches: list[list[str]], asked: list[str]) -> None:
    seen = Seen()
    segments = {number: hash_ids(batch).sort() for number, batch in enumerate(batches)}
    for number in segments:
        seen.cover(range(number + 1), segments.__getitem__)
    wanted = hash_ids(asked)
    stored = {each for batch in batches for each in batch}
    suspects = set(seen.suspects(wanted))
    assert suspects == {hash_ids([each])[0].as_py() for each in asked if each in stored}


def test_a_merge_of_known_segments_is_not_read_again() -> None:
    seen, read = Seen(), []

    def hashes(number: int) -> object:
        read.append(number)
        return hash_ids([str(number)])

    seen.cover([1, 2], hashes)  # type: ignore[arg-type]
    seen.replaced([1, 2], [3])
    seen.cover([3], hashes)  # type: ignore[arg-type]
    assert read == [1, 2]
    assert seen.suspects(hash_ids(["1", "2", "x"])) == hash_ids(["1", "2"]).to_pylist()
