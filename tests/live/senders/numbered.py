"""Numbered lines for a real sender, and what became of them."""

import re
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass

_NUMBER = re.compile(r"trial line (\d{6}) Hải Phòng, đường số 9 \[x=\"1\"\]")


def line(number: int) -> str:
    """Return a line as a program gives it to its syslog socket."""
    return f'<38>Nov 23 15:04:05 sshd[12]: trial line {number:06} Hải Phòng, đường số 9 [x="1"]'


@dataclass(frozen=True)
class Verdict:
    """What a store holds of numbered lines."""

    lost: list[int]
    doubled: int
    altered: list[str]
    """Texts that no line was; what a sender says of itself is left out."""


def judge(count: int, stored: Mapping[str, int]) -> Verdict:
    """Return what became of the lines 0 to `count`, by the texts that are stored and how often each is."""
    seen: Counter[int] = Counter()
    altered = []
    for text, times in stored.items():
        found = _NUMBER.search(text)
        if found is not None and text.endswith(found[0]):
            seen[int(found[1])] += times
        elif "trial" in text:
            altered.append(text)
    return Verdict(
        lost=[number for number in range(count) if number not in seen],
        doubled=sum(seen.values()) - len(seen),
        altered=altered,
    )
