"""A rule's condition over bits: every item is a bit, and what holds of a record is the sum of its bits."""

from collections.abc import Callable, Mapping

from msgspec import Struct

Verdict = Callable[[int], bool]


class Bit(Struct, frozen=True, tag="bit", array_like=True):
    """Holds where an item does."""

    bit: int


class AtLeast(Struct, frozen=True, tag="least", array_like=True):
    """Holds where so many of its parts do."""

    count: int
    parts: tuple["Expression", ...]


class Not(Struct, frozen=True, tag="not", array_like=True):
    """Holds where its part does not."""

    part: "Expression"


Expression = Bit | AtLeast | Not


def at_least(count: int, parts: list[Expression | bool]) -> Expression | bool:
    """Return that so many of `parts` hold, with those decided already taken out."""
    count -= sum(part is True for part in parts)
    left = [part for part in parts if not isinstance(part, bool)]
    if count <= 0:
        return True
    if count > len(left):
        return False
    return left[0] if len(left) == 1 else AtLeast(count, tuple(left))


def negation(part: Expression | bool) -> Expression | bool:
    """Return that `part` does not hold."""
    return (not part) if isinstance(part, bool) else part.part if isinstance(part, Not) else Not(part)


def witnesses(node: Expression, rank: Mapping[int, int]) -> frozenset[int] | None:
    """Return bits of which one at least is set wherever `node` holds; None where nothing of the kind is sure.

    `rank` says how rare each bit is, the rarest lowest; a conjunction is watched by its rarest part.
    """
    match node:
        case Bit():
            return frozenset((node.bit,)) if node.bit in rank else None
        case Not():
            return None
    known = [witnesses(part, rank) for part in node.parts]
    usable = sorted((each for each in known if each is not None), key=lambda bits: _weight(bits, rank))
    # One of any `len - count + 1` parts must hold, or there would not be `count` of them.
    needed = len(node.parts) - node.count + 1
    return frozenset().union(*usable[:needed]) if len(usable) >= needed else None


def _weight(bits: frozenset[int], rank: Mapping[int, int]) -> tuple[int, int]:
    return max(rank[bit] for bit in bits), len(bits)


def bits_of(node: Expression) -> set[int]:
    """Return every bit that `node` looks at."""
    match node:
        case Bit():
            return {node.bit}
        case Not():
            return bits_of(node.part)
    return {bit for part in node.parts for bit in bits_of(part)}


def compiled(node: Expression) -> Verdict:
    """Return a function from the bits of a record to the verdict."""
    match node:
        case Bit():
            mask = 1 << node.bit
            return lambda bits: bits & mask != 0
        case Not():
            verdict = compiled(node.part)
            return lambda bits: not verdict(bits)
    mask = sum(1 << bit for bit in {part.bit for part in node.parts if isinstance(part, Bit)})
    others = [compiled(part) for part in node.parts if not isinstance(part, Bit)]
    if node.count == len(node.parts):
        return lambda bits: bits & mask == mask and all(verdict(bits) for verdict in others)
    if node.count == 1:
        return lambda bits: bits & mask != 0 or any(verdict(bits) for verdict in others)
    every = [compiled(part) for part in node.parts]
    return lambda bits: sum(verdict(bits) for verdict in every) >= node.count
