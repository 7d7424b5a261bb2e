"""What the pipeline and its workers say to each other: frames of msgpack between our own processes."""

import os
import struct
from collections.abc import Sequence
from datetime import datetime
from typing import IO, Any

import msgspec

from sentinel.crew.notes import Notes, joined
from sentinel.detect.correlate.hit import Hit
from sentinel.event import Event, Hint, decode, encode
from sentinel.journal import Entry
from sentinel.journal.lines import Lines, Run
from sentinel.model.record import Record
from sentinel.store.frame import Frame

_LENGTH = struct.Struct(">I")


class Line(msgspec.Struct, array_like=True, frozen=True):
    """A journal entry on its way to a worker."""

    position: int
    agency: str
    received_at: str
    fault: str
    collector: str
    epoch: str
    sequence: int
    event: "Plain | bytes"
    """The rest of the event; encoded as collectors do it where its texts hold what UTF-8 has not."""


class Plain(msgspec.Struct, array_like=True, frozen=True):
    """An event whose texts are text."""

    dataset: str
    host: str
    seen_at: datetime
    raw: str
    hints: dict[str, Hint]
    key: str = ""


class Start(msgspec.Struct, tag="start"):
    """The first word to a worker: which rules to load."""

    rules: list[str]
    cache: str = ""
    """Folder where compiled rules are kept; empty for none."""
    watched: list[str] = []
    """All files and folders that the rules depend on."""
    fingerprint: str = ""
    """Of these, when the server read them: other rules must not be used. Empty where it is not known."""
    pipelines: list[str] = []
    """Files or names of those that rewrite the rules."""
    placeholders: str = ""
    """File of their values; empty for none."""
    in_columns: bool = False
    """Whether records come back as columns, for a store that keeps them so."""
    explains_all: bool = False
    """As for `Engine`."""


class Ready(msgspec.Struct, tag="ready"):
    """A worker has its rules."""

    rules: int


class Work(msgspec.Struct, tag="work"):
    """Lines to judge."""

    lines: list[Line]


class Unread(msgspec.Struct, tag="unread"):
    """The same as they lie in the journal: who judges them decodes them."""

    runs: list[Run]


class Done(msgspec.Struct, tag="done"):
    """Records in the order of the lines, and their hits: places in the list to what was found there."""

    records: list[tuple[str, dict[str, Any]]]
    hits: dict[int, list[Hit]]
    notes: Notes
    spent: dict[str, float] = {}
    """Processor seconds by stage."""


class Columns(msgspec.Struct, tag="columns"):
    """The same where the store takes columns: most records are never looked at again outside of it."""

    frame: Frame
    hits: dict[int, list[Hit]]
    notes: Notes
    spent: dict[str, float] = {}


class Failed(msgspec.Struct, tag="failed"):
    """A worker cannot judge these lines, or load these rules; whoever asked finds out why by trying alone."""

    reason: str


Answer = Done | Columns
Message = Start | Ready | Work | Unread | Done | Columns | Failed
_encoder = msgspec.msgpack.Encoder()
_decoder: msgspec.msgpack.Decoder[Message] = msgspec.msgpack.Decoder(Message)


def pack(message: Message) -> bytes:
    """Return the message as bytes; raise what msgspec raises for values it does not take."""
    return _encoder.encode(message)


def unpack(frame: bytes) -> Message:
    """Return the message in `frame`."""
    return _decoder.decode(frame)


def pack_lines(entries: Sequence[Entry]) -> bytes:
    """Return these entries as a message; of those decoded, texts with lone surrogates travel as collectors do it."""
    if isinstance(entries, Lines):
        return pack(Unread(list(entries.runs)))
    try:
        return pack(Work([_line(entry, is_plain=True) for entry in entries]))
    except (UnicodeEncodeError, OverflowError):
        return pack(Work([_line(entry, is_plain=_is_plain(entry)) for entry in entries]))


def entries_of(work: Work | Unread) -> list[Entry]:
    """Return the entries that a message was made of."""
    if isinstance(work, Unread):
        return list(Lines(work.runs))
    return [_entry_of(line) for line in work.lines]


def _entry_of(line: Line) -> Entry:
    said = line.event
    if isinstance(said, bytes):
        event = decode(said, collector=line.collector, epoch=line.epoch, sequence=line.sequence)
    else:
        event = Event(
            collector=line.collector,
            epoch=line.epoch,
            sequence=line.sequence,
            dataset=said.dataset,
            host=said.host,
            seen_at=said.seen_at,
            raw=said.raw,
            hints=said.hints,
            key=said.key,
        )
    return Entry(line.position, line.agency, line.received_at, event, line.fault)


def done(records: Sequence[Record], hits: Sequence[list[Hit]], notes: Notes, *, in_columns: bool = False) -> Answer:
    """Return the answer that carries records, at least one where they go as columns, and what was found on them."""
    found = {place: each for place, each in enumerate(hits) if each}
    if in_columns:
        from sentinel.store.packed import frame_of  # Slow to import, and not needed by all.

        # Of most hits only that they are there is of interest: correlations count them.
        shown = {place for place, each in found.items() if any(hit.evidence for hit in each)}
        return Columns(frame_of(records, {*shown, *notes.unusual}), found, notes)
    return Done([(record.id, dict(record.fields)) for record in records], found, notes)


def results(answers: Sequence[Answer]) -> tuple[Sequence[Record], list[list[Hit]], Notes]:
    """Return what is in answers, in order; the records are `Packed` where they came as columns."""
    records: Sequence[Record]
    columns = [answer for answer in answers if isinstance(answer, Columns)]
    if columns:
        from sentinel.store.packed import Packed

        records = Packed([answer.frame for answer in columns])
        sizes = [block.table.num_rows for block in records.blocks]
    else:
        plain = [answer for answer in answers if isinstance(answer, Done)]
        records = [Record(record_id, fields) for answer in plain for record_id, fields in answer.records]
        sizes = [len(answer.records) for answer in plain]
    hits = [answer.hits.get(place, []) for answer, size in zip(answers, sizes, strict=True) for place in range(size)]
    return records, hits, joined([(size, answer.notes) for answer, size in zip(answers, sizes, strict=True)])


class Channel:
    """Two ways between server and worker: lengths on pipes, frames in shared memory.

    A frame on a pipe would arrive in dozens of pieces, and a thread of the server that reads them waits for the
    interpreter's lock after each; a frame in shared memory is one call on each side. One frame is under way at a time.
    """

    def __init__(self, read: IO[bytes], write: IO[bytes], inbox: int, outbox: int) -> None:
        """Read lengths from `read` and frames from the file `inbox`; write them to `write` and `outbox`."""
        self._read = read
        self._write = write
        self._inbox = inbox
        self._outbox = outbox

    def send(self, frame: bytes) -> None:
        """Send a frame; raise `BrokenPipeError` where nobody reads any more."""
        view, place = memoryview(frame), 0
        while place < len(frame):
            place += os.pwrite(self._outbox, view[place:], place)
        self._write.write(_LENGTH.pack(len(frame)))
        self._write.flush()

    def receive(self) -> bytes | None:
        """Return the next frame, None at the end."""
        head = self._read.read(_LENGTH.size)
        if len(head) < _LENGTH.size:
            return None
        (length,) = _LENGTH.unpack(head)
        frame = os.pread(self._inbox, length, 0)
        while len(frame) < length:
            if not (more := os.pread(self._inbox, length - len(frame), len(frame))):
                return None
            frame += more
        return frame


def _line(entry: Entry, *, is_plain: bool) -> Line:
    event = entry.event
    plain = Plain(event.dataset, event.host, event.seen_at, event.raw, dict(event.hints), event.key)
    said = plain if is_plain else encode(event)
    return Line(
        entry.position,
        entry.agency,
        entry.received_at,
        entry.fault if is_plain else entry.fault.encode("utf-8", "replace").decode(),
        event.collector,
        event.epoch,
        event.sequence,
        said,
    )


def _is_plain(entry: Entry) -> bool:
    try:
        _encoder.encode(_line(entry, is_plain=True))
    except (UnicodeEncodeError, OverflowError):
        return False
    return True
