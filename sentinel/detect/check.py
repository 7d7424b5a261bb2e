"""A check: whether one text, or one typed value, is what a rule asks for."""

from collections.abc import Callable
from dataclasses import dataclass
from enum import Enum, auto
from typing import Any


class Reads(Enum):
    """In which form a check wants a value."""

    FOLDED = auto()
    """Canonical text without the difference of case."""
    TEXT = auto()
    """Canonical text as it is."""
    SCALAR = auto()
    """The typed value."""


@dataclass(frozen=True, slots=True)
class Check:
    """A verdict on one value at a time."""

    reads: Reads
    holds: Callable[[Any], bool]
