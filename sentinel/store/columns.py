"""How records lie in Parquet: columns for the fields that searches use most, JSON text for the rest."""

import hashlib
import json
import math
import re
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from operator import itemgetter
from typing import Any, cast

import orjson
import pyarrow as pa
import pyarrow.compute as pc

from sentinel.errors import InputError
from sentinel.model.by_names import ByNames
from sentinel.model.ecs import LISTS, TYPES
from sentinel.model.record import Fields, Record, Value
from sentinel.store.plain import PLAIN, plain
from sentinel.store.quick import Together, column

ID = "#id"
"""Column of the record id; no ECS name begins like this."""
REST = "#rest"
"""Column with the fields that have no column of their own, or do not fit into it, as one flat JSON object."""
TIME = "@timestamp"
AGENCY = "organization.id"
DATASET = "event.dataset"
EVENT_ID = "event.id"
"""Left out where it repeats the record's id, as it does in every record of a collector."""

PROMOTED: tuple[str, ...] = (
    TIME,
    AGENCY,
    "agent.id",
    "destination.bytes",
    "destination.ip",
    "destination.port",
    "dns.question.name",
    "dns.question.type",
    "error.message",
    "event.action",
    "event.agent_id_status",
    "event.category",
    "event.code",
    "event.created",
    "event.dataset",
    "event.ingested",
    "event.kind",
    "event.original",
    "event.outcome",
    "event.provider",
    "event.sequence",
    "event.type",
    "file.path",
    "host.name",
    "http.request.method",
    "http.response.status_code",
    "log.file.path",
    "log.offset",
    "message",
    "network.protocol",
    "network.transport",
    "network.type",
    "process.args",
    "process.command_line",
    "process.executable",
    "process.name",
    "process.parent.command_line",
    "process.parent.executable",
    "process.parent.name",
    "process.parent.pid",
    "process.pid",
    "related.hash",
    "related.hosts",
    "related.ip",
    "related.user",
    "rule.id",
    "sentinel.egov.dossier_id",
    "sentinel.egov.office",
    "source.bytes",
    "source.ip",
    "source.mac",
    "source.port",
    "url.original",
    "url.path",
    "user.effective.name",
    "user.name",
    "user_agent.original",
    "winlog.channel",
    "winlog.event_id",
)
KINDS: dict[str, str] = {name: TYPES.get(name, "keyword") for name in PROMOTED}
_TOGETHER = Together(KINDS, LISTS)

MAX_NAMES = 500
"""Datasets or agencies of a segment that are remembered by name."""
_INTEGER_LIMIT = 2**63
_SURROGATE = re.compile("[\ud800-\udfff]")


_ARROW: dict[str, pa.DataType] = {
    "long": pa.int64(),
    "date": pa.timestamp("us"),
    "boolean": pa.bool_(),
    "float": pa.float64(),
}


def _arrow_type(name: str) -> pa.DataType:
    single = _ARROW.get(KINDS[name], pa.string())
    return pa.list_(single) if name in LISTS else single


SCHEMA = pa.schema(
    [
        (ID, pa.string()),
        *((name, _arrow_type(name)) for name in PROMOTED),
        (REST, pa.string()),
        (PLAIN, pa.bool_()),
    ]
)
LAYOUT = hashlib.sha256(repr([(field.name, str(field.type)) for field in SCHEMA]).encode()).hexdigest()[:16]
"""Names this set of columns; segments of another one are written anew when the store is opened."""


@dataclass(frozen=True, slots=True)
class Block:
    """Records as columns."""

    table: pa.Table
    misfits: frozenset[str]
    """Promoted fields that lie in the rest in at least one record, because their type is not the column's."""
    first_at: str
    last_at: str
    datasets: frozenset[str] | None
    """Those of the records; None where they are too many to name, or one is no text."""
    agencies: frozenset[str] | None
    """Likewise."""


def pack(records: Sequence[Record]) -> Block:
    """Return `records`, at least one, as columns; raise `InputError` naming the record that has no proper time."""
    misfits: set[str] = set()
    # Arrow reads dictionaries alone.
    fields = [each if isinstance(each := record.fields, dict) else dict(each) for record in records]
    shapes = [_shape(tuple(each)) for each in fields]
    rests = [shape.rest(record.id, each) for shape, record, each in zip(shapes, records, fields, strict=True)]
    is_checked = all(shape.check(each) for shape, each in zip(shapes, fields, strict=True))
    columns = _TOGETHER.columns(fields) if is_checked else None
    if columns is None:
        values = zip(*[tuple(map(each.get, PROMOTED)) for each in fields], strict=True)
        columns = {name: _column(name, each, rests, misfits) for name, each in zip(PROMOTED, values, strict=True)}
    if columns[TIME].null_count:
        record = next(record for record in records if _date(record.fields.get(TIME)) is None)
        raise InputError(f"record {record.id}: '{TIME}' must be a UTC time with six digits of a second")
    ids: list[object] = [record.id for record in records]
    texts: list[object] = [_json(rest) for rest in rests]
    arrays = [_array(ids, pa.string()), *columns.values(), _array(texts, pa.string()), plain(fields, columns)]
    times = pc.min_max(columns[TIME])
    return Block(
        table=pa.Table.from_arrays(arrays, schema=SCHEMA),
        misfits=frozenset(misfits),
        first_at=_date_text(times["min"].as_py()),
        last_at=_date_text(times["max"].as_py()),
        datasets=named(columns[DATASET].unique().to_pylist(), is_sure=DATASET not in misfits),
        agencies=named(columns[AGENCY].unique().to_pylist(), is_sure=AGENCY not in misfits),
    )


class _Shape:
    """What follows from the names of a record's fields."""

    def __init__(self, names: tuple[str, ...]) -> None:
        self.check = _TOGETHER.check(names)
        """Says of the fields whether they may be made into columns together with others."""
        self._without = without = tuple(name for name in names if name not in KINDS)
        # Of one name `itemgetter` gives no tuple, and of none it cannot be made.
        self._read: Callable[[Fields], tuple[Value, ...]] = (
            itemgetter(*without) if len(without) > 1 else lambda fields: tuple(map(fields.__getitem__, without))
        )

    def rest(self, record_id: str, fields: Fields) -> dict[str, object]:
        """Return the fields that have no column."""
        rest: dict[str, object] = dict(zip(self._without, self._read(fields), strict=True))
        named = rest.get(EVENT_ID)
        if named is None:
            rest[EVENT_ID] = None
        elif named == record_id:
            del rest[EVENT_ID]
        return rest


_shape = ByNames(_Shape)


def _column(
    name: str, values: Sequence[Value | None], rests: Sequence[dict[str, object]], misfits: set[str]
) -> "pa.Array[Any]":
    """Return one column; what does not fit is put into the rests, and the field is named among the misfits."""
    made = column(values, KINDS[name], is_list=name in LISTS)
    if made is not None:
        return made
    fit = _FITS[name]
    fitting = [None if value is None else fit(value) for value in values]
    for place, (value, kept) in enumerate(zip(values, fitting, strict=True)):
        if value is not None and kept is None:
            rests[place][name] = value
            misfits.add(name)
    return _array(fitting, SCHEMA.field(name).type)


def named(values: Collection[object], *, is_sure: bool) -> frozenset[str] | None:
    """Return the names among the values, None where they are too many or not all there are."""
    names = frozenset(str(_clean(value)) for value in values if isinstance(value, str))
    return names if is_sure and len(names) <= MAX_NAMES else None


def unpack(row: Sequence[object], names: Sequence[str] = (ID, *PROMOTED, REST)) -> Record:
    """Return the record in one row of values in the order of `names`."""
    fields: Fields = {}
    rest: Mapping[str, Value | None] = {}
    identity = ""
    for name, value in zip(names, row, strict=True):
        if value is None or name == PLAIN:
            continue
        if name == ID:
            identity = str(value)
        elif name == REST:
            rest = orjson.loads(str(value))
        elif isinstance(value, datetime):
            fields[name] = _date_text(value)
        else:
            fields[name] = cast(Value, value)
    fields[EVENT_ID] = identity
    for name, kept in rest.items():
        if kept is None:
            fields.pop(name, None)
        else:
            fields[name] = kept
    return Record(identity, fields)


def _text(value: object) -> object:
    return value if type(value) is str else None


def _integer(value: object) -> object:
    return value if type(value) is int and -_INTEGER_LIMIT <= value < _INTEGER_LIMIT else None


def _date(value: object) -> object:
    """Return the time in a text exactly as `moment.to_text` writes it, without zone."""
    if type(value) is not str:
        return None
    try:
        parsed = datetime.fromisoformat(value).replace(tzinfo=None)
    except ValueError:
        return None
    return parsed if _date_text(parsed) == value else None


def _date_text(value: datetime) -> str:
    return value.isoformat(timespec="microseconds") + "Z"


def _boolean(value: object) -> object:
    return value if type(value) is bool else None


def _float(value: object) -> object:
    return value if type(value) is float and math.isfinite(value) else None


_SINGLES: dict[str, Callable[[object], object]] = {
    "long": _integer,
    "date": _date,
    "boolean": _boolean,
    "float": _float,
}


def _fit(name: str) -> Callable[[object], object]:
    """Return the function that gives a value as its column holds it, or None where it does not fit."""
    single = _SINGLES.get(KINDS[name], _text)
    if name not in LISTS:
        return single

    def many(value: object) -> object:
        return value if type(value) is list and all(single(item) is not None for item in value) else None

    return many


_FITS: dict[str, Callable[[object], object]] = {name: _fit(name) for name in PROMOTED}


def _array(values: list[object], kind: pa.DataType) -> "pa.Array[Any]":
    try:
        return pa.array(values, kind)
    except UnicodeEncodeError:
        return pa.array([_clean(value) for value in values], kind)


def _json(rest: dict[str, object]) -> bytes | str:
    try:
        return orjson.dumps(rest)
    except (TypeError, UnicodeEncodeError):
        # Integers beyond 64 bits and lone surrogates, which orjson refuses.
        return json.dumps(_clean(rest), ensure_ascii=False, separators=(",", ":"), allow_nan=False)


def _clean(value: object) -> object:
    """Return `value` with what no JSON text in UTF-8 can hold replaced: lone surrogates, endless numbers."""
    if isinstance(value, str):
        return _SURROGATE.sub("\N{REPLACEMENT CHARACTER}", value)
    if isinstance(value, list):
        return [_clean(item) for item in value]
    if isinstance(value, dict):
        return {_clean(name): _clean(item) for name, item in value.items()}
    if isinstance(value, float) and not math.isfinite(value):
        return None
    return value
