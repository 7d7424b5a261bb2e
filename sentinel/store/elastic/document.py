"""A Record as an Elasticsearch document, and back without loss.

The source is nested ECS that people can read. What a mapping would refuse or change lies as JSON text in
`sentinel.rest`. Helper fields for searching are added and left out of the source that the server keeps (decision 13).
"""

import hashlib
import json
import math
import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, cast

import orjson

from sentinel.errors import InputError
from sentinel.model.record import Fields, Record, Scalar, Value
from sentinel.store.elastic import tokens
from sentinel.store.elastic.mapping import (
    AT,
    FIRST_MOMENT,
    FITS,
    LAST_MOMENT,
    OTHER_WORDS,
    PAIRS,
    PROSE,
    RAW_VALUES,
    REST,
    SINGLE,
    can_be_asked,
    is_moment,
    is_plain,
    words_field,
)
from sentinel.store.values import as_text, scalars
from sentinel.store.words import FREE_TEXT, MAX_COMPARED_CHARACTERS, words

TIME, EVENT_ID, DATASET = "@timestamp", "event.id", "event.dataset"
MAX_ID_BYTES = 512
"""Of `_id`, which Elasticsearch limits."""
_INTEGER_LIMIT = 2**63
_OTHER_FREE_TEXT = tuple(name for name in FREE_TEXT if name not in PROSE)
_SURROGATE = re.compile("[\ud800-\udfff]")


@dataclass(frozen=True, slots=True)
class Document:
    """What is sent to Elasticsearch for one record."""

    id: str
    dataset: str
    """Chooses the data stream."""
    source: bytes
    """JSON, with the helper fields."""


def document_id(record_id: str) -> str:
    """Return the `_id` for a record's id: the same, or a hash where Elasticsearch could not take it."""
    clean = _clean_text(record_id)
    if clean and len(clean.encode()) <= MAX_ID_BYTES:
        return clean
    return "hash-" + hashlib.sha256(clean.encode()).hexdigest()


def check(record: Record) -> None:
    """Raise `InputError` where a record has no proper time: what no store can keep."""
    if not is_moment(record.fields.get(TIME)):
        raise InputError(f"record {record.id[:64]!r}: @timestamp is not a time like 2026-11-23T08:00:00.000000Z")


def dataset(record: Record) -> str:
    """Return the dataset of a record, which chooses its data stream."""
    return str(record.fields.get(DATASET, ""))


def to_document(record: Record) -> Document:
    """Return the document of a record; raise `InputError` where it has no proper time."""
    check(record)
    return Document(document_id(record.id), dataset(record), _Making(record).source())


def to_record(source: Mapping[str, Any]) -> Record:
    """Return the record of a document as `_source` has it."""
    fields: Fields = {}
    _flatten(source, "", fields)
    rest = json.loads(cast("str", fields.pop(REST, "{}")))
    identity = str(rest.get("id", fields.get(EVENT_ID, "")))
    for name, kept in rest.get("fields", {}).items():
        if kept is None:
            fields.pop(name, None)
        else:
            fields[name] = kept
    return Record(identity, fields)


def _flatten(source: Mapping[str, Any], prefix: str, fields: Fields) -> None:
    for name, value in source.items():
        if isinstance(value, dict):
            _flatten(value, f"{prefix}{name}.", fields)
        else:
            fields[prefix + name] = value


@dataclass(frozen=True, slots=True)
class _Plan:
    """What is known of a field by its name alone."""

    fits: Callable[[object], bool] | None
    """Whether a value fits its mapping; None: it has none."""
    is_single: bool
    is_prose: bool
    parent: str
    """Name of the object that it lies in; empty for the document itself."""
    last: str
    above: tuple[str, ...]
    """Names of all objects that it lies in."""


@lru_cache(maxsize=16_384)
def _plan(name: str) -> _Plan:
    parent, _, last = name.rpartition(".")
    above = tuple(name.rsplit(".", count)[0] for count in range(1, name.count(".") + 1))
    return _Plan(FITS.get(name), name in SINGLE, name in PROSE, parent, last, above)


class _Making:
    """Sorts the fields of one record into the parts of its document."""

    def __init__(self, record: Record) -> None:
        self._record = record
        self._placed: dict[str, Value] = {}
        self._unmapped_names: list[str] = []
        self._rest: dict[str, Value | None] = {}
        self._pairs: dict[str, None] = {}
        self._raw: dict[str, list[str]] = {}

    def source(self) -> bytes:
        """Return the document as JSON."""
        for name, value in self._record.fields.items():
            if name == EVENT_ID:
                continue
            if type(value) is str and value.isascii():
                self._text(name, value)
            elif (clean := _cleaned(value)) is not None:
                self._field(name, clean)
        self._move_prefixes()
        rest = self._identity()
        source = _Source(self._placed)
        if rest or self._rest:
            source.place(REST, _json({**rest, "fields": self._rest}))
        source.place(AT, self._placed[TIME])
        source.place(PAIRS, list(self._pairs))
        source.place(RAW_VALUES, self._raw)
        for name, texts in self._words():
            source.place(name, texts)
        return orjson.dumps(source.document)

    def _text(self, name: str, value: str) -> None:
        """Do for a text of ASCII, which most values are, what `_field` does for all."""
        plan = _plan(name)
        if plan.fits is None or not plan.fits(value):
            self._field(name, value)
            return
        self._placed[name] = value
        if not plan.is_prose and (value[:1] in tokens.NUMBER_BEGINS or tokens.has_folded(value)):
            self._beside(name, [value])

    def _field(self, name: str, value: Value) -> None:
        values: list[Scalar] = list(value) if isinstance(value, list) else [value]
        plan = _plan(name)
        if plan.fits is None:
            self._unmapped(name, value, values)
        elif all(map(plan.fits, values)) and not (plan.is_single and isinstance(value, list)):
            self._placed[name] = value
            if not plan.is_prose:
                self._beside(name, values)
        else:
            self._misfit(name, value, values)

    def _beside(self, name: str, values: Iterable[Scalar]) -> None:
        for each in values:
            if type(each) is str and (found := tokens.pairs_beside(name, each)):
                self._pairs.update(dict.fromkeys(found))

    def _misfit(self, name: str, value: Value, values: list[Scalar]) -> None:
        self._rest[_clean_text(name)] = value
        if name == TIME:
            # The stream wants a time in every document; this one is before or after all that it can hold.
            self._placed[TIME] = FIRST_MOMENT if str(value) < FIRST_MOMENT else LAST_MOMENT
        self._tokens(name, values, is_mapped=True)

    def _unmapped(self, name: str, value: Value, values: list[Scalar]) -> None:
        if is_plain(name) and all(map(_is_ordinary, values)):
            self._placed[name] = value
            self._unmapped_names.append(name)
        else:
            self._rest[_clean_text(name)] = value
        if can_be_asked(name):
            self._tokens(name, values, is_mapped=False)

    def _tokens(self, name: str, values: list[Scalar], *, is_mapped: bool) -> None:
        for each in values:
            self._pairs.update(dict.fromkeys(tokens.pairs(name, each, is_mapped=is_mapped)))
        if values:
            self._raw[name] = [tokens.compared(each) for each in values]

    def _move_prefixes(self) -> None:
        """Put into the rest what is a value and the beginning of another name: no object holds both.

        Only names without mapping can be so: those with one are made for each other, and `is_plain` keeps the others
        off them.
        """
        above = {parent for name in self._unmapped_names for parent in _plan(name).above}
        for name in above.intersection(self._unmapped_names):
            self._rest[name] = self._placed.pop(name)

    def _identity(self) -> dict[str, str]:
        """Place the record's id as `event.id`, under which it is searched, and keep what the field itself says."""
        identity = _clean_text(self._record.id)
        said = self._record.fields.get(EVENT_ID)
        if said != self._record.id:
            self._rest[EVENT_ID] = None if said is None else _cleaned(said)
        self._placed[EVENT_ID] = identity[:MAX_COMPARED_CHARACTERS]
        self._beside(EVENT_ID, [identity[:MAX_COMPARED_CHARACTERS]])
        if len(identity) <= MAX_COMPARED_CHARACTERS:
            return {}
        if said == self._record.id:
            self._rest[EVENT_ID] = identity
        return {"id": identity}

    def _words(self) -> Iterable[tuple[str, list[str]]]:
        fields = self._record.fields
        for name in PROSE:
            if name in fields:
                yield words_field(name), [" ".join(words(as_text(each))) for each in scalars(fields, name)]
        others = [each for name in _OTHER_FREE_TEXT for each in scalars(fields, name)]
        if others:
            yield OTHER_WORDS, [" ".join(words(as_text(each))) for each in others]


class _Source:
    """A document of nested objects."""

    def __init__(self, fields: Mapping[str, object]) -> None:
        self.document: dict[str, Any] = {}
        self._objects: dict[str, dict[str, Any]] = {"": self.document}
        for name, value in fields.items():
            self.place(name, value)

    def place(self, name: str, value: object) -> None:
        """Put a value where its dotted name says."""
        plan = _plan(name)
        self._object(plan.parent)[plan.last] = value

    def _object(self, name: str) -> dict[str, Any]:
        found = self._objects.get(name)
        if found is None:
            parent, _, last = name.rpartition(".")
            found = self._objects[name] = {}
            self._object(parent)[last] = found
        return found


def _is_ordinary(value: Scalar) -> bool:
    """Return whether JSON of any reader holds the value as it is."""
    return not isinstance(value, int) or -_INTEGER_LIMIT <= value < _INTEGER_LIMIT


def _cleaned(value: Value) -> Value | None:
    """Return the value without what no JSON in UTF-8 can hold: lone surrogates, numbers without end."""
    if isinstance(value, str):
        return value if value.isascii() else _clean_text(value)
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if isinstance(value, list):
        return cast("Value", [kept for each in value if (kept := _cleaned(each)) is not None])
    return value


def _clean_text(text: str) -> str:
    return _SURROGATE.sub("\N{REPLACEMENT CHARACTER}", text)


def _json(rest: Mapping[str, object]) -> str:
    try:
        return orjson.dumps(rest).decode()
    except TypeError:  # Integers beyond 64 bits.
        return json.dumps(rest, ensure_ascii=False, separators=(",", ":"), allow_nan=False)
