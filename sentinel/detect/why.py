"""Why a rule did or did not match a record: every part of its condition with its verdict."""

from dataclasses import dataclass

from sentinel.detect.compile import holds, place_of
from sentinel.detect.facts import Facts, members, text_of
from sentinel.detect.notation import notation
from sentinel.detect.place import Place, Resolver
from sentinel.detect.tree import Group, Item, Negation, Node, Selection

MAX_VALUES_SHOWN = 4
MAX_VALUE_CHARACTERS = 200


@dataclass(frozen=True, slots=True)
class Verdict:
    """What became of one part of a condition."""

    what: str
    """The part in words: `selection_img`, `all of`, `not`, `Image|endswith: \\cmd.exe`."""
    holds: bool
    reason: str = ""
    """What the record says there, for a line of a selection."""
    parts: tuple["Verdict", ...] = ()

    def lines(self, depth: int = 0) -> list[str]:
        """Return the verdict as indented text."""
        reason = f"   ({self.reason})" if self.reason else ""
        own = f"{'  ' * depth}{'yes' if self.holds else 'no '} {self.what}{reason}"
        return [own, *(line for part in self.parts for line in part.lines(depth + 1))]


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
            return Verdict(_asked(node), verdict, _said(facts, place_of(node, resolve, keywords)))


def _asked(item: Item) -> str:
    values = [value for choice in item.values for value in choice]
    shown = [notation(item.field, value) for value in values[:MAX_VALUES_SHOWN]]
    more = len(values) - len(shown)
    text = (" and " if item.needs_all else " or ").join(shown) + (f", {more} more" if more else "")
    return f"not ({text})" if item.is_negated else text


def _said(facts: Facts, place: Place) -> str:
    if place.is_keyword:
        return "searched in every text of the record"
    name = facts.first(place.names)
    if name is None:
        return f"the record has no {' or '.join(place.names)}"
    text = ", ".join(text_of(value) for value in members(facts.fields[name]))
    return f"{name} is {text[:MAX_VALUE_CHARACTERS]!r}{'...' if len(text) > MAX_VALUE_CHARACTERS else ''}"
