"""What a rule asks of a field, in a form of our own: small values that can be kept on disk and read without pySigma."""

from msgspec import Struct

Piece = tuple[str | None, ...]
"""A stretch without `*`: texts, with None for each `?`."""


class Text(Struct, frozen=True, tag="text", array_like=True):
    """A text with Sigma's wildcards, cut at its `*`."""

    pieces: tuple[Piece, ...]
    """`a*b?` is `(("a",), ("b", None))`; a `*` at an end leaves an empty piece there. Written as in the rule."""
    is_cased: bool = False
    """Modifier `cased`."""


class Expression(Struct, frozen=True, tag="re", array_like=True):
    """A regular expression, searched for."""

    expression: str
    flags: str = ""
    """Some of `ims`, in this order."""


class Network(Struct, frozen=True, tag="cidr", array_like=True):
    """An IPv4 or IPv6 network."""

    cidr: str


class Number(Struct, frozen=True, tag="number", array_like=True):
    """A number, compared by its canonical text."""

    text: str


class Boolean(Struct, frozen=True, tag="bool", array_like=True):
    """True or false."""

    is_true: bool


class Comparison(Struct, frozen=True, tag="compare", array_like=True):
    """A number or a part of a time that lies on one side of a limit."""

    operator: str
    """`lt`, `lte`, `gt`, `gte` or `neq`."""
    limit: float
    part: str = ""
    """Which part of a time is compared (`hour`); empty for plain numbers."""


class TimePart(Struct, frozen=True, tag="time", array_like=True):
    """A part of a time, such as its hour."""

    part: str
    """`minute`, `hour`, `day`, `week`, `month` or `year`."""
    number: int


class Null(Struct, frozen=True, tag="null", array_like=True):
    """The field is absent."""


class Exists(Struct, frozen=True, tag="exists", array_like=True):
    """The field is there, or is not."""

    is_wanted: bool


class Reference(Struct, frozen=True, tag="field", array_like=True):
    """Another field of the same record."""

    field: str
    starts_with: bool = False
    """Both flags together mean `contains`."""
    ends_with: bool = False


Value = Text | Expression | Network | Number | Boolean | Comparison | TimePart | Null | Exists | Reference
