"""A bounded memory: of more keys than it holds, the one that was not used for longest is forgotten."""

from collections import OrderedDict
from typing import Generic, TypeVar

Key = TypeVar("Key")
Value = TypeVar("Value")


class Recent(Generic[Key, Value]):
    """What was seen lately, at most `limit` keys."""

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self._values: OrderedDict[Key, Value] = OrderedDict()

    def __len__(self) -> int:
        return len(self._values)

    def get(self, key: Key) -> Value | None:
        """Return what was put last under `key`, None when it is not known or was forgotten."""
        return self._values.get(key)

    def put(self, key: Key, value: Value) -> None:
        """Remember `value` under `key`, as the newest."""
        self._values[key] = value
        self._values.move_to_end(key)
        if len(self._values) > self._limit:
            self._values.popitem(last=False)
