"""Documents in which others ship a line: one file per kind, and `WRAPPINGS` says which is which."""

from collections.abc import Callable

from sentinel.normalise.wrapped import Unwrapped
from sentinel.normalise.wrappings import ecs, otlp

WRAPPINGS: dict[str, Callable[[str], Unwrapped]] = {
    "ecs": ecs.unwrap,
    "otlp": otlp.unwrap,
}
"""Name in the hint `sentinel.wrapping` to the function that opens it."""
