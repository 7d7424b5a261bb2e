"""Records that lie in columns already, made so by another process; each is a record again when it is looked at."""

from bisect import bisect_right
from collections.abc import Collection, Iterator, Mapping, Sequence
from itertools import accumulate
from typing import Any, cast, overload

import pyarrow as pa

from sentinel.errors import InputError
from sentinel.model.record import Record, Value
from sentinel.store.columns import ID, PROMOTED, SCHEMA, Block, named, pack, unpack
from sentinel.store.frame import Frame
from sentinel.store.segments import Hashes, hash_ids

_HASH = "#hash"
_SCHEMA = SCHEMA.append(pa.field(_HASH, pa.uint64()))
_TEXTS = frozenset(PROMOTED) & {field.name for field in SCHEMA if field.type == pa.string()}


def frame_of(records: Sequence[Record], looked_at: Collection[int]) -> Frame:
    """Return at least one record as a frame; those at the places `looked_at` travel whole too."""
    block = pack(records)
    ids = block.table.column(ID).to_pylist()
    table = block.table.append_column(_SCHEMA.field(_HASH), hash_ids(ids))
    sink = pa.BufferOutputStream()
    with pa.ipc.new_stream(sink, _SCHEMA) as writer:
        writer.write_table(table)
    whole = {place: dict(records[place].fields) for place in looked_at}
    return Frame(
        columns=memoryview(sink.getvalue()),
        misfits=sorted(block.misfits),
        first_at=block.first_at,
        last_at=block.last_at,
        datasets=None if block.datasets is None else sorted(block.datasets),
        agencies=None if block.agencies is None else sorted(block.agencies),
        whole=whole,
    )


def joined(blocks: Sequence[Block]) -> Block:
    """Return blocks, at least one, as one."""
    return Block(
        table=pa.concat_tables([block.table for block in blocks]),
        misfits=frozenset[str]().union(*(block.misfits for block in blocks)),
        first_at=min(block.first_at for block in blocks),
        last_at=max(block.last_at for block in blocks),
        datasets=_together([block.datasets for block in blocks]),
        agencies=_together([block.agencies for block in blocks]),
    )


def _together(parts: Sequence[frozenset[str] | None]) -> frozenset[str] | None:
    known = [part for part in parts if part is not None]
    return named(frozenset[str]().union(*known), is_sure=len(known) == len(parts))


def _block(table: pa.Table, frame: Frame) -> Block:
    return Block(
        table=table,
        misfits=frozenset(frame.misfits),
        first_at=frame.first_at,
        last_at=frame.last_at,
        datasets=None if frame.datasets is None else frozenset(frame.datasets),
        agencies=None if frame.agencies is None else frozenset(frame.agencies),
    )


class Packed(Sequence[Record]):
    """Records in the order in which they were made, as columns that a store of columns takes as they are."""

    def __init__(self, frames: Sequence[Frame]) -> None:
        """Take over frames; raise `InputError` for one that is not of this version."""
        self.blocks: list[Block] = []
        """The columns, one table a frame."""
        self.hashes: list[Hashes] = []
        """Of the ids, one array a frame."""
        self._whole: list[Mapping[int, dict[str, Any]]] = []
        self._ids: list[Sequence[str]] = []
        """Of those that are not known yet none."""
        for frame in frames:
            self._take(frame)
        self._begins = list(accumulate((block.table.num_rows for block in self.blocks), initial=0))

    def _take(self, frame: Frame) -> None:
        with pa.ipc.open_stream(pa.py_buffer(frame.columns)) as reader:
            if reader.schema != _SCHEMA:
                raise InputError("a worker of another version packs records otherwise; restart the server")
            table = reader.read_all()
        self.hashes.append(table.column(_HASH).combine_chunks())
        self.blocks.append(_block(table.drop_columns([_HASH]), frame))
        self._whole.append(frame.whole)
        self._ids.append(())

    @overload
    def __getitem__(self, place: int) -> Record: ...
    @overload
    def __getitem__(self, place: slice) -> list[Record]: ...
    def __getitem__(self, place: int | slice) -> Record | list[Record]:
        """Return one record, or a list of some; it is made whenever it is asked for."""
        if isinstance(place, slice):
            return [self[each] for each in range(*place.indices(len(self)))]
        wanted = place + len(self) if place < 0 else place
        if not 0 <= wanted < len(self):
            raise IndexError(place)
        part = bisect_right(self._begins, wanted) - 1
        inside = wanted - self._begins[part]
        table = self.blocks[part].table
        whole = self._whole[part].get(inside)
        # All at once: one is asked for after the other, and each by itself takes thirty times as long.
        ids = self._ids[part] = self._ids[part] or cast(list[str], table.column(ID).to_pylist())
        return Record(ids[inside], _Kept(table, inside) if whole is None else whole)

    def __len__(self) -> int:
        """Return how many there are."""
        return self._begins[-1]


class _Kept(Mapping[str, Value]):
    """The fields in one row, read when one is asked for."""

    __slots__ = ("_fields", "_place", "_table")

    def __init__(self, table: pa.Table, place: int) -> None:
        self._table = table
        self._place = place
        self._fields: Mapping[str, Value] | None = None

    def __getitem__(self, name: str) -> Value:
        """Return a field; one of the texts that have a column does not cost the whole row."""
        if self._fields is None and name in _TEXTS:
            text = self._table.column(name)[self._place].as_py()
            if text is not None:
                return cast(str, text)
        return self._all()[name]

    def __iter__(self) -> Iterator[str]:
        """Yield the names."""
        return iter(self._all())

    def __len__(self) -> int:
        """Return how many fields there are."""
        return len(self._all())

    def _all(self) -> Mapping[str, Value]:
        if self._fields is None:
            row = [column[self._place].as_py() for column in self._table.columns]
            self._fields = unpack(row, self._table.column_names).fields
        return self._fields
