"""What a lane found, as Markdown."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Section:
    """The report of one lane."""

    title: str
    text: str
    is_right: bool = True
    """False where matches are wrong; a figure that is worse than wished for is not that."""


def table(head: Sequence[str], rows: Iterable[Sequence[str]], *, words: int = 1) -> str:
    """Return a table of which the first columns hold `words` and the others numbers."""
    lines = [head, ["---"] * words + ["--:"] * (len(head) - words), *rows]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines) + "\n"


def seconds(value: float) -> str:
    """Return seconds as people compare them."""
    return f"{value:.2f}"


def goal(text: str, is_met: Callable[[float], bool], wall: float, processor: float) -> str:
    """Return as a sentence whether a goal is met, by the clock and by processor time."""
    by_clock, by_processor = ("met" if is_met(each) else "**missed**" for each in (wall, processor))
    return (
        f"- Goal: {text}: {by_clock} by the clock ({wall:.2f}), {by_processor} by processor time ({processor:.2f}).\n"
    )
