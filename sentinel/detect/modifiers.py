"""Modifiers as the specification means them, where pySigma's own are wrong, unbounded, or know no values.

They stand in pySigma's table beside its own, under names of ours that `rewrite` puts into the rules it reads.
"""

import re
from base64 import b64encode
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from itertools import product
from math import prod
from typing import Any

from sigma.modifiers import (
    SigmaBase64Modifier,
    SigmaBase64OffsetModifier,
    SigmaCIDRModifier,
    SigmaExpandModifier,
    SigmaModifier,
    SigmaValueModifier,
    SigmaWindowsDashModifier,
    modifier_mapping,
)
from sigma.rule import SigmaDetection
from sigma.types import (
    Placeholder,
    SigmaCasedString,
    SigmaCIDRExpression,
    SigmaExpansion,
    SigmaRegularExpression,
    SigmaString,
    SpecialChars,
)

from sentinel.errors import InputError

MAX_DASHES = 5
"""Dashes in one value with `windash`; each has five forms, so 5 of them make 3,125 texts."""
MAX_EXPANDED = 20_000
"""Texts that the placeholders of one value may make."""
MAX_TEXTS = 100_000
"""Texts that all expansions of one rule may make."""
Values = Mapping[str, Sequence[str]]
"""Placeholder name -> what it stands for."""
_known: ContextVar[Values | None] = ContextVar("placeholders", default=None)
_left: ContextVar[list[int] | None] = ContextVar("left", default=None)
_WILDCARDS = {SpecialChars.WILDCARD_MULTI: "*", SpecialChars.WILDCARD_SINGLE: "?"}
_DASH = re.compile(r"\B[-/]\b")
_OFFSET_STARTS = (0, 2, 3)
_OFFSET_ENDS = (None, -3, -2)


@contextmanager
def expanding(values: Values) -> Iterator[None]:
    """Let modifier `expand` put in `values` while rules are read; a name it does not hold is left for a pipeline."""
    before = _known.set(values)
    try:
        yield
    finally:
        _known.reset(before)


@contextmanager
def allowance() -> Iterator[None]:
    """Bound the texts that the expansions of one rule may make together."""
    before = _left.set([MAX_TEXTS])
    try:
        yield
    finally:
        _left.reset(before)


def _spend(texts: int) -> None:
    left = _left.get()
    if left is None:
        return
    left[0] -= texts
    if left[0] < 0:
        raise InputError(f"windash and placeholders make more than {MAX_TEXTS} texts of this rule; split it")


def unresolved(name: str) -> InputError:
    """Return the error for a placeholder that nothing gives a value."""
    return InputError(f"placeholder %{name}% has no value; list its values in a placeholders file (placeholders.yml)")


def placeholder_in(value: SigmaString) -> str | None:
    """Return the name of a placeholder that is left in a value, or None."""
    return next((part.name for part in value.s if isinstance(part, Placeholder)), None)


class _Encoded(SigmaString):
    """A text whose characters stand for the bytes that an encoding made of it."""


def _like(value: SigmaString, text: str) -> SigmaString:
    """Return `text`, wildcards meaning themselves, with case counting where it counts in `value`."""
    made = SigmaCasedString() if isinstance(value, SigmaCasedString) else SigmaString()
    made.s = [text] if text else []
    return made


def _bytes(value: SigmaString) -> bytes:
    """Return what is encoded; escaped wildcards are the characters themselves."""
    if (name := placeholder_in(value)) is not None:
        raise unresolved(name)
    if value.contains_special():
        raise InputError("a value with wildcards cannot be encoded; escape them or leave them out")
    text = "".join(str(part) for part in value.s)
    return text.encode("latin-1" if isinstance(value, _Encoded) else "utf-8")


class _Base64(SigmaBase64Modifier):
    """The Base64 text of the value's bytes."""

    def modify(self, val: SigmaString) -> SigmaString:
        """Return the encoded value."""
        return _like(val, b64encode(_bytes(val)).decode())


class _Base64Offset(SigmaBase64OffsetModifier):
    """What the value looks like inside a Base64 text, at each of the three places it can begin."""

    def modify(self, val: SigmaString) -> SigmaExpansion:
        """Return the three forms; a value of one byte has none, because it fills no character of its own."""
        data = _bytes(val)
        if len(data) < 2:
            raise InputError("a value of less than two bytes cannot be found at every offset in Base64")
        forms = [
            b64encode(b" " * offset + data)[_OFFSET_STARTS[offset] : _OFFSET_ENDS[(len(data) + offset) % 3]].decode()
            for offset in range(3)
        ]
        return SigmaExpansion([_like(val, form) for form in forms])


class _Encoding(SigmaValueModifier[SigmaString, SigmaString]):
    """The value in another encoding, one character for each byte."""

    codec = ""
    mark = b""

    def modify(self, val: SigmaString) -> SigmaString:
        """Return the encoded value; its wildcards stay wildcards."""
        if (name := placeholder_in(val)) is not None:
            raise unresolved(name)
        made = _Encoded()
        parts = [part.encode(self.codec).decode("latin-1") if isinstance(part, str) else part for part in val.s]
        made.s = [self.mark.decode("latin-1"), *parts] if self.mark else parts
        return made


class _LittleEndian(_Encoding):
    """UTF-16, low byte first: `wide` and `utf16le`."""

    codec = "utf-16-le"


class _BigEndian(_Encoding):
    """UTF-16, high byte first."""

    codec = "utf-16-be"


class _ByteOrderMark(_Encoding):
    """UTF-16, low byte first, behind a byte order mark."""

    codec = "utf-16-le"
    mark = b"\xff\xfe"


class _Windash(SigmaWindowsDashModifier):
    """Every dash or slash that begins a parameter, in each of the five forms Windows takes for it."""

    def modify(self, val: SigmaString) -> SigmaExpansion:
        """Return all forms; refuse a value with so many that they cannot be listed."""
        dashes = sum(len(_DASH.findall(part)) for part in val.s if isinstance(part, str))
        if dashes > MAX_DASHES:
            raise InputError(f"a value with {dashes} dashes under windash; {MAX_DASHES} are allowed, split the value")
        _spend(5**dashes)
        expansion = super().modify(val)
        if isinstance(val, SigmaCasedString):
            texts = [each for each in expansion.values if isinstance(each, SigmaString)]
            return SigmaExpansion([SigmaCasedString.from_sigma_string(each) for each in texts])
        return expansion


class _Expand(SigmaExpandModifier):
    """Placeholders replaced by their values, of which any may be found."""

    def modify(self, val: SigmaString | SigmaRegularExpression) -> Any:
        """Return the value with every known placeholder replaced, or as it is where none is."""
        marked = super().modify(val)
        text = marked.regexp if isinstance(marked, SigmaRegularExpression) else marked
        known = _known.get() or {}
        choices = [known.get(part.name) if isinstance(part, Placeholder) else None for part in text.s]
        if not any(choices):
            return marked
        if (count := prod(len(choice) for choice in choices if choice)) > MAX_EXPANDED:
            raise InputError(f"placeholders make {count} texts of one value; {MAX_EXPANDED} are allowed")
        _spend(count)
        ways = [choice or (part,) for part, choice in zip(text.s, choices, strict=True)]
        made = [_filled(marked, list(zip(way, choices, strict=True))) for way in product(*ways)]
        return SigmaExpansion(made)


def _filled(value: SigmaString | SigmaRegularExpression, parts: list[tuple[Any, Any]]) -> Any:
    """Return `value` made of `parts`: pairs of a part and whether it came from a placeholder."""
    if isinstance(value, SigmaRegularExpression):
        texts = [re.escape(part) if is_new else _WILDCARDS.get(part, part) for part, is_new in parts]
        if any(isinstance(text, Placeholder) for text in texts):
            raise unresolved(next(text.name for text in texts if isinstance(text, Placeholder)))
        return SigmaRegularExpression("".join(map(str, texts)), value.flags)
    made = type(value)()
    for part, is_new in parts:
        made = made + type(value)(part) if is_new else made + part
    return made


class _Network(SigmaCIDRModifier):
    """Networks from a placeholder: pySigma's own refuses any modifier before it."""

    def modify(self, val: SigmaString) -> SigmaCIDRExpression:
        """Return the network."""
        if (name := placeholder_in(val)) is not None:
            raise unresolved(name)
        return SigmaCIDRExpression(str(val), source=self.source)


class _ReContains(SigmaValueModifier[SigmaRegularExpression, SigmaRegularExpression]):
    """An expression is searched for anyway."""

    before = after = ""

    def modify(self, val: SigmaRegularExpression) -> SigmaRegularExpression:
        """Return the expression, anchored where the modifier says so."""
        if not (self.before or self.after):
            return val
        return SigmaRegularExpression(f"{self.before}(?:{val.regexp}){self.after}", val.flags)


class _ReStartsWith(_ReContains):
    """An expression at the beginning of the text."""

    before = "(?-m:^)"


class _ReEndsWith(_ReContains):
    """An expression at the end of the text."""

    after = "(?-m:$)"


_OURS: dict[str, type[SigmaModifier[Any, Any]]] = {
    "base64": _Base64,
    "base64offset": _Base64Offset,
    "wide": _LittleEndian,
    "utf16le": _LittleEndian,
    "utf16be": _BigEndian,
    "utf16": _ByteOrderMark,
    "windash": _Windash,
    "expand": _Expand,
}
_BESIDE_EXPAND: dict[str, type[SigmaModifier[Any, Any]]] = {"cidr": _Network}
_BESIDE_RE: dict[str, type[SigmaModifier[Any, Any]]] = {
    "contains": _ReContains,
    "startswith": _ReStartsWith,
    "endswith": _ReEndsWith,
}
_PREFIX = "sentinel-"
for _name, _modifier in {**_OURS, **_BESIDE_EXPAND}.items():
    modifier_mapping[f"{_PREFIX}{_name}"] = _modifier
for _name, _modifier in _BESIDE_RE.items():
    modifier_mapping[f"{_PREFIX}re-{_name}"] = _modifier


_THEIRS: dict[type[SigmaModifier[Any, Any]], type[SigmaModifier[Any, Any]]] = {
    modifier: modifier_mapping["wide" if name == "utf16le" else name]
    for name, modifier in {**_BESIDE_EXPAND, **_BESIDE_RE, **_OURS}.items()
}


def name_as_theirs(detection: SigmaDetection) -> None:
    """Let a detection that was read say pySigma's modifiers again where ours have done their work: validators ask."""
    for item in detection.detection_items:
        if isinstance(item, SigmaDetection):
            name_as_theirs(item)
        else:
            item.modifiers = [_THEIRS.get(modifier, modifier) for modifier in item.modifiers]


def our_names(modifiers: Sequence[str]) -> list[str]:
    """Return a chain of modifiers with those replaced that we have a better one for."""
    chain = list(modifiers)
    if "expand" in chain and "cidr" in chain:
        chain = ["expand", *(each for each in chain if each != "expand")]
    return [_our_name(each, chain) for each in chain]


def _our_name(name: str, chain: Sequence[str]) -> str:
    if name in _OURS or ("expand" in chain and name in _BESIDE_EXPAND):
        return f"{_PREFIX}{name}"
    return f"{_PREFIX}re-{name}" if "re" in chain and name in _BESIDE_RE else name
