"""A Record as an Elasticsearch document, and back without loss.

The source is nested ECS that people can read. What a mapping would refuse or change lies as JSON text in
`sentinel.rest`. Helper fields for searching are added and left out of the source that the server keeps (decision 13).
"""

import hashlib
import json
import math
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
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


def to_document(record: Record) -> Document:
    """Return the document of a record; raise `InputError` where it has no proper time."""
    if not is_moment(record.fields.get(TIME)):
        raise InputError(f"record {record.id[:64]!r}: @timestamp is not a time like 2026-11-23T08:00:00.000000Z")
    making = _Making(record)
    return Document(document_id(record.id), str(record.fields.get(DATASET, "")), making.source())


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


class _Making:
    """Sorts the fields of one record into the parts of its document."""

    def __init__(self, record: Record) -> None:
        self._record = record
        self._placed: dict[str, Value] = {}
        self._rest: dict[str, Value | None] = {}
        self._pairs: dict[str, None] = {}
        self._raw: dict[str, list[str]] = {}

    def source(self) -> bytes:
        """Return the document as JSON."""
        fields = {name: value for name, value in self._record.fields.items() if name != EVENT_ID}
        for name, value in fields.items():
            if (clean := _cleaned(value)) is not None:
                self._field(name, clean)
        self._move_prefixes()
        rest = self._identity()
        source = _nested(self._placed)
        if rest or self._rest:
            _place(source, REST, _json({**rest, "fields": self._rest}))
        _place(source, AT, self._placed[TIME])
        _place(source, PAIRS, list(self._pairs))
        _place(source, RAW_VALUES, self._raw)
        for name, texts in self._words():
            _place(source, name, texts)
        return orjson.dumps(source)

    def _field(self, name: str, value: Value) -> None:
        values = scalars({name: value}, name)
        fits = FITS.get(name)
        if fits is None:
            self._unmapped(name, value, values)
        elif all(map(fits, values)) and not (name in SINGLE and isinstance(value, list)):
            self._placed[name] = value
            if name not in PROSE:
                self._beside(name, values)
        else:
            self._misfit(name, value, values)

    def _beside(self, name: str, values: Iterable[Scalar]) -> None:
        for each in values:
            if type(each) is str:
                self._pairs.update(dict.fromkeys(tokens.pairs_beside(name, each)))

    def _misfit(self, name: str, value: Value, values: list[Scalar]) -> None:
        self._rest[_clean_text(name)] = value
        if name == TIME:
            # The stream wants a time in every document; this one is before or after all that it can hold.
            self._placed[TIME] = FIRST_MOMENT if str(value) < FIRST_MOMENT else LAST_MOMENT
        self._tokens(name, values, is_mapped=True)

    def _unmapped(self, name: str, value: Value, values: list[Scalar]) -> None:
        if is_plain(name) and all(map(_is_ordinary, values)):
            self._placed[name] = value
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
        """Put into the rest what is a value and the beginning of another name: no object holds both."""
        above = {name.rsplit(".", count)[0] for name in self._placed for count in range(1, name.count(".") + 1)}
        for name in above.intersection(self._placed):
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
        others = [each for name in FREE_TEXT if name not in PROSE for each in scalars(fields, name)]
        if others:
            yield OTHER_WORDS, [" ".join(words(as_text(each))) for each in others]


def _is_ordinary(value: Scalar) -> bool:
    """Return whether JSON of any reader holds the value as it is."""
    return not isinstance(value, int) or -_INTEGER_LIMIT <= value < _INTEGER_LIMIT


def _nested(fields: Mapping[str, Value]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for name in fields:
        _place(found, name, fields[name])
    return found


def _place(found: dict[str, Any], name: str, value: object) -> None:
    *parents, last = name.split(".")
    for parent in parents:
        found = found.setdefault(parent, {})
    found[last] = value


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
