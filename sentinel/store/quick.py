"""Makes whole columns at once where every value fits; where one may not, `columns` goes value by value."""

from collections.abc import Sequence
from itertools import chain
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

_NONE = type(None)
_TYPES: dict[str, type] = {"long": int, "boolean": bool, "date": str}
_WITHOUT_ZONE = 26
"""Characters of `2026-11-23T08:00:00.000000`."""


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


_ARROW: dict[str, pa.DataType] = {"long": pa.int64(), "boolean": pa.bool_()}


def _array(values: Sequence[object], kind: pa.DataType) -> "pa.Array[Any] | None":
    try:
        return pa.array(values, kind)
    except (UnicodeEncodeError, OverflowError, pa.ArrowInvalid):
        return None  # Lone surrogates, and numbers of more than 64 bits.


def _dates(values: Sequence[object]) -> "pa.Array[Any] | None":
    """Return times; None unless every text is exactly as `moment.to_text` writes it."""
    texts = _array(values, pa.string())
    if texts is None:
        return None
    try:
        times = pc.cast(pc.utf8_slice_codeunits(texts, 0, _WITHOUT_ZONE), pa.timestamp("us"))
    except pa.ArrowInvalid:
        return None
    again = pc.utf8_replace_slice(pc.cast(times, pa.string()), 10, 11, "T")
    whole: Any = pc.call_function("binary_join_element_wise", [again, pa.scalar("Z"), pa.scalar("")])
    is_same = pc.all(pc.equal(whole, texts)).as_py()
    return times if is_same in (True, None) and times.null_count == texts.null_count else None
