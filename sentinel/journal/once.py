"""Drops what a journal holds twice: a batch comes again where its sender was not told that it had arrived."""

from collections import OrderedDict
from collections.abc import Sequence

import msgspec

from sentinel.errors import InputError
from sentinel.journal import Entry

MAX_SPOOLS = 4_096
"""The latest so many epochs of collectors are remembered; of an older one the store drops what it has by its id."""
_MAGIC = b"SENTINEL-ONCE-1\n"


class _Kept(msgspec.Struct, frozen=True, array_like=True):
    spools: list[tuple[str, str, int]]
    detection: bytes
    identity: str = ""


class Once:
    """The last sequence of every epoch in one part of a journal; written with the mark, so both are right or neither.

    A sender goes on only after all before was acknowledged, so whatever follows a greater sequence is a repeat.
    """

    def __init__(self) -> None:
        self._last: OrderedDict[tuple[str, str], int] = OrderedDict()
        self.identity = ""
        """Which journal this is about; empty where that is not known."""
        self._before: dict[tuple[str, str], int] = {}
        """Last sequences of a journal that was there before this one."""
        self.missing = 0
        """Events that were acknowledged, and went with it before they were read; set it back when it was told."""

    def is_anew(self, identity: str) -> bool:
        """Return whether the journal is another than before, and forget what was seen there; empty says nothing."""
        before, self.identity = self.identity, identity or self.identity
        if before in ("", self.identity):
            return False
        self._before = dict(self._last)
        self._last.clear()
        return True

    def fresh(self, entries: Sequence[Entry]) -> Sequence[Entry]:
        """Return the entries that have not been seen; the same sequence where that is all of them."""
        last: dict[tuple[str, str], int] = {}
        found: list[Entry] = []
        for entry in entries:
            key = entry.event.collector, entry.event.epoch
            if entry.event.sequence > (last.get(key) or self._last.get(key, 0)):
                last[key] = entry.event.sequence
                found.append(entry)
        return entries if len(found) == len(entries) else found

    def note(self, entries: Sequence[Entry]) -> None:
        """Remember that these were seen."""
        for entry in entries:
            key = entry.event.collector, entry.event.epoch
            if (before := self._before.pop(key, None)) is not None:
                # Its sender went on only after all before was acknowledged.
                self.missing += max(0, entry.event.sequence - before - 1)
            self._last[key] = max(entry.event.sequence, self._last.get(key, 0))
            self._last.move_to_end(key)
        while len(self._last) > MAX_SPOOLS:
            self._last.popitem(last=False)

    def seal(self, detection: bytes) -> bytes:
        """Return what is remembered, with the state of the correlations, as a mark keeps it."""
        spools = [(*key, last) for key, last in self._last.items()]
        return _MAGIC + msgspec.msgpack.encode(_Kept(spools, detection, self.identity))

    def open(self, state: bytes) -> bytes:
        """Take back what was sealed and return the state of the correlations; raise InputError where it is damaged."""
        self._last.clear()
        self.identity = ""
        if not state:
            return b""
        try:
            if not state.startswith(_MAGIC):
                raise InputError("the mark's state is of another journal or version; start without it")
            kept = msgspec.msgpack.decode(state[len(_MAGIC) :], type=_Kept)
        except msgspec.DecodeError as error:
            raise InputError(f"the mark's state is damaged ({error}); start without it") from error
        self.identity = kept.identity
        self._last.update({(collector, epoch): last for collector, epoch, last in kept.spools})
        return kept.detection
