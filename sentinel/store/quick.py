"""Makes whole columns at once where every value fits; where one may not, `columns` goes value by value."""

from collections.abc import Callable, Container, Mapping, Sequence
from itertools import chain
from operator import contains, itemgetter
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

_NONE = type(None)
_TYPES: dict[str, type] = {"long": int, "boolean": bool, "date": str}
_ARROW: dict[str, pa.DataType] = {"long": pa.int64(), "boolean": pa.bool_()}
_WITHOUT_ZONE = 26
"""Characters of `2026-11-23T08:00:00.000000`."""


class Together:
    """Makes all columns of some records in one go: Arrow reads the fields itself, which takes half of the time."""

    def __init__(self, kinds: Mapping[str, str], lists: Container[str]) -> None:
        """Make columns of these names and ECS kinds; those in `lists` hold lists, of texts."""
        self._kinds = kinds
        texts = pa.string()  # Times too: Arrow reads more as a time than we write.
        singles = {name: _ARROW.get(kind, texts) for name, kind in kinds.items()}
        self._type = pa.struct([(name, pa.list_(texts) if name in lists else kind) for name, kind in singles.items()])
        # Arrow takes 1.0 for an integer, and a text for a list of letters.
        self._strict = {
            name: {list if name in lists else _TYPES[kind], _NONE}
            for name, kind in kinds.items()
            if name in lists or kind in _ARROW
        }

    def check(self, names: Sequence[str]) -> "Callable[[Mapping[str, object]], bool]":
        """Return what says of fields with these names, in order, that Arrow takes none of them for what it is not."""
        strict = [name for name in names if name in self._strict]
        if not strict:
            return lambda _fields: True
        allowed = [self._strict[name] for name in strict]
        # Of one name `itemgetter` gives no tuple.
        read = itemgetter(*strict, strict[0])
        usual = tuple(next(iter(each - {_NONE})) for each in (*allowed, allowed[0]))

        def check(fields: Mapping[str, object]) -> bool:
            types = tuple(map(type, read(fields)))
            return types == usual or all(map(contains, allowed, types))

        return check

    def columns(self, fields: Sequence[Mapping[str, object]]) -> "dict[str, pa.Array[Any]] | None":
        """Return the columns by name; None where any value may not fit into its own. All fields must be checked."""
        try:
            table: Any = pa.array(fields, self._type)  # The stubs know no arrays of structs.
            made = dict(zip(self._kinds, table.flatten(), strict=True))
        except (TypeError, UnicodeEncodeError, OverflowError, pa.ArrowInvalid):
            return None
        for name, array in made.items():
            if self._kinds[name] == "date":
                times = _times(array)
                if times is None:
                    return None
                made[name] = times
            elif isinstance(array, pa.ListArray) and array.values.null_count:
                return None
        return made


def column(values: Sequence[object], kind: str, *, is_list: bool) -> "pa.Array[Any] | None":
    """Return values, with None for nothing, as a column of an ECS kind; None where a value may not fit into it."""
    if kind == "float":
        return None  # They may be endless.
    wanted = {list if is_list else _TYPES.get(kind, str), _NONE}
    if not wanted.issuperset(map(type, values)):
        return None
    if not is_list:
        return _dates(values) if kind == "date" else _array(values, _ARROW.get(kind, pa.string()))
    lists = [each for each in values if isinstance(each, list)]
    if kind in _TYPES or not {str}.issuperset(map(type, chain.from_iterable(lists))):
        return None
    return _array(values, pa.list_(pa.string()))


def _array(values: Sequence[object], kind: pa.DataType) -> "pa.Array[Any] | None":
    try:
        return pa.array(values, kind)
    except (UnicodeEncodeError, OverflowError, pa.ArrowInvalid):
        return None  # Lone surrogates, and numbers of more than 64 bits.


def _dates(values: Sequence[object]) -> "pa.Array[Any] | None":
    """Return texts as times; None unless every text is exactly as `moment.to_text` writes it."""
    texts = _array(values, pa.string())
    return None if texts is None else _times(texts)


def _times(texts: "pa.Array[Any]") -> "pa.Array[Any] | None":
    try:
        times = pc.cast(pc.utf8_slice_codeunits(texts, 0, _WITHOUT_ZONE), pa.timestamp("us"))
    except pa.ArrowInvalid:
        return None
    again = pc.utf8_replace_slice(pc.cast(times, pa.string()), 10, 11, "T")
    whole: Any = pc.call_function("binary_join_element_wise", [again, pa.scalar("Z"), pa.scalar("")])
    is_same = pc.all(pc.equal(whole, texts)).as_py()
    return times if is_same in (True, None) and times.null_count == texts.null_count else None
