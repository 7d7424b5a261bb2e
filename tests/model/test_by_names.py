"""What follows from names is remembered within bounds, whoever chooses the names."""

from sentinel.model import by_names
from sentinel.model.by_names import ByNames


def test_it_gives_what_the_function_gives_and_asks_once() -> None:
    asked: list[tuple[str, ...]] = []

    def longest(names: tuple[str, ...]) -> str:
        asked.append(names)
        return max(names, key=len, default="")

    remembered = ByNames(longest)
    assert [remembered(names) for names in (("a", "bb"), ("bb", "a"), ("a", "bb"), (), ())] == [
        "bb",
        "bb",
        "bb",
        "",
        "",
    ]
    assert asked == [("a", "bb"), ("bb", "a"), ()]


def test_ever_new_names_and_endless_ones_fill_no_memory() -> None:
    remembered = ByNames(len)
    for number in range(3 * by_names.MAX_SETS):
        assert remembered((f"name{number}", "other")) == 2
        assert len(remembered) <= by_names.MAX_SETS
    before = len(remembered)
    assert remembered(("x" * by_names.MAX_CHARACTERS, "y")) == 2
    assert len(remembered) == before


def test_many_short_names_fill_no_memory_either() -> None:
    remembered = ByNames(len)
    names = tuple(map(chr, range(1_000, 2_000)))
    most = 0
    for number in range(500):
        assert remembered((*names, str(number))) == 1_001
        most = max(most, len(remembered))
    assert 200 < most < 250
