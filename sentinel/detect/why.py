"""Why a rule did or did not match a record: every part of its condition with its verdict."""

from dataclasses import dataclass

from sentinel.detect.compile import holds, place_of
from sentinel.detect.facts import Facts, members, text_of
from sentinel.detect.notation import notation
from sentinel.detect.place import Resolver
from sentinel.detect.reason import MAX_VALUE_CHARACTERS, Kind, reason, refers_to
from sentinel.detect.tree import Group, Item, Negation, Node, Selection

MAX_VALUES_SHOWN = 4
MAX_LINES = 1_000
"""Of a tree as text; a rule may have ten thousand parts."""


@dataclass(frozen=True, slots=True)
class Verdict:
    """What became of one part of a condition."""

    what: str
    """The part in words: `selection_img`, `all of`, `not`, `Image|endswith: \\cmd.exe`."""
    holds: bool
    reason: str = ""
    """What the record says there, for a line of a selection."""
    parts: tuple["Verdict", ...] = ()
    kind: Kind | None = None
    """For a line of a selection: found, absent, other value, case, wrong type, present."""

    def lines(self, depth: int = 0) -> list[str]:
        """Return the verdict as indented text that needs no colours, at most `MAX_LINES` lines of it."""
        # "found" and "other value" are plain to see from the value itself.
        is_plain = self.kind in (None, Kind.FOUND, Kind.OTHER_VALUE)
        kind = "" if is_plain else f"{self.kind}: "
        told = f"   ({kind}{self.reason})" if self.reason else ""
        found = [f"{'  ' * depth}{'PASS' if self.holds else 'FAIL'} {self.what}{told}"]
        for part in self.parts:
            if len(found) > MAX_LINES:
                return [*found[:MAX_LINES], f"{'  ' * (depth + 1)}..."]
            found += part.lines(depth + 1)
        return found

    def as_dict(self) -> dict[str, object]:
        """Return the verdict for programs."""
        told: dict[str, object] = {"what": self.what, "pass": self.holds}
        if self.kind is not None:
            told |= {"kind": str(self.kind), "reason": self.reason}
        if self.parts:
            told["parts"] = [part.as_dict() for part in self.parts]
        return told


def why(node: Node, facts: Facts, resolve: Resolver, keywords: tuple[str, ...] = ()) -> Verdict:
    """Return the verdict on `node` and on all its parts."""
    match node:
        case Selection():
            part = why(node.part, facts, resolve, keywords)
            return Verdict(node.name, part.holds, parts=(part,))
        case Negation():
            part = why(node.part, facts, resolve, keywords)
            return Verdict("not", not part.holds, parts=(part,))
        case Group():
            parts = tuple(why(part, facts, resolve, keywords) for part in node.parts)
            what = "all of" if node.needs_all else "one of" if node.at_least == 1 else f"{node.at_least} of"
            return Verdict(what, sum(part.holds for part in parts) >= node.at_least, parts=parts)
        case Item():
            verdict = holds(node, facts, resolve, keywords)
            found = reason(node, facts, place_of(node, resolve, keywords), resolve)
            return Verdict(_asked(node), verdict, found.words + _others(node, facts, resolve), kind=found.kind)


def _asked(item: Item) -> str:
    values = [value for choice in item.values for value in choice]
    shown = [notation(item.field, value) for value in values[:MAX_VALUES_SHOWN]]
    more = len(values) - len(shown)
    text = (" and " if item.needs_all else " or ").join(shown) + (f", {more} more" if more else "")
    return f"not ({text})" if item.is_negated else text


def _others(item: Item, facts: Facts, resolve: Resolver) -> str:
    """Return what the fields say that an item compares with."""
    told = ""
    for field in refers_to(item)[:MAX_VALUES_SHOWN]:
        name = facts.first(resolve(field))
        text = None if name is None else ", ".join(map(text_of, members(facts.fields[name])))[:MAX_VALUE_CHARACTERS]
        told += f"; {field} is {'absent' if text is None else repr(text)}"
    return told
