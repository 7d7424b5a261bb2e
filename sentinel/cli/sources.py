"""Files that somebody hands us, as Events: EVTX, JSON in lines or pretty-printed, text logs; all may be gzipped."""

import gzip
import io
import json
import os
import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import IO, cast

from sentinel.cli import text_lines
from sentinel.cli.guess import OBJECT, TEXT, guess_json, guess_line, guess_text
from sentinel.cli.text_lines import Line
from sentinel.errors import InputError, UnavailableError
from sentinel.event import MAX_LINE_BYTES, Event, decode

MAX_WHOLE_BYTES = 256_000_000
"""A file of JSON that is not one object a line has to be held in memory."""
MAX_FAULTS_NAMED = 5
WINDOWS = "windows.evtx"
"""The dataset of Windows events in any layout; their parser refines it."""
BLOCK_BYTES = 65_536
"""Lines are sifted in blocks of about this size, which a processor keeps near it while they are worked on."""
Sift = Callable[[bytes], tuple[int, list[tuple[int, bytes]]]]
"""See `sentinel.sieve.Sieve.sift`."""
_EVTX_MAGIC = b"ElfFile\x00"
_GZIP_MAGIC = b"\x1f\x8b"
_JSON_START = re.compile(rb"(?:\xef\xbb\xbf)?\s*(?:\{|\[\s*[{\]])")
_BETWEEN = re.compile(r"[\s,\[\]]*")
_NEXT_OBJECT = re.compile(r"^\{", re.MULTILINE)


class UnknownSourceError(InputError):
    """Nothing in a file, nor its name, says what wrote it."""


@dataclass(slots=True)
class Source:
    """One file being read, and what was wrong with it."""

    path: Path
    dataset: str | None
    """As asked for, or as guessed once the file is open."""
    seen_at: datetime
    is_guessed: bool = False
    events: int = 0
    broken: int = 0
    faults: list[str] = field(default_factory=list)
    """The first few, each with its place."""
    sift: Sift | None = None
    """Takes out the lines of JSON on which no rule can fire; they are counted and not yielded."""

    _start: int = 0
    _end: int | None = None
    _before: int = 0

    def part(self, start: int, end: int | None, before: int) -> None:
        """Read only the lines between two places in a file of JSON lines; `before` lines come first."""
        self._start, self._end, self._before = start, end, before

    def fault(self, number: int, message: object) -> None:
        """Count a record that cannot be read, and remember the first few."""
        self.broken += 1
        if len(self.faults) < MAX_FAULTS_NAMED:
            self.faults.append(f"{self.path}:{number}: {message}")

    def read(self) -> Iterator[Event]:
        """Yield the file's events, numbered by record or line from 1; what is broken is counted and left out.

        Raises UnavailableError where the file cannot be read, UnknownSourceError where nobody can tell what it holds.
        """
        try:
            with _open(self.path) as stream:
                head = stream.read(65_536)
                stream.seek(self._start)
                yield from self._choose(stream if self._end is None else _part(stream, self._end - self._start), head)
        except (OSError, EOFError, gzip.BadGzipFile) as error:
            raise UnavailableError(f"cannot read {self.path}: {getattr(error, 'strerror', None) or error}") from error

    def _choose(self, stream: IO[bytes], head: bytes) -> Iterator[Event]:
        if head.startswith(_EVTX_MAGIC):
            self._settle(WINDOWS)
            return self._evtx(stream)
        if _JSON_START.match(head):
            return self._json_lines(stream) if _is_lines(head) else self._json_whole(stream)
        return self._text(stream, head)

    def _settle(self, guessed: str | None) -> str:
        if self.dataset is None:
            if guessed is None:
                raise UnknownSourceError(f"{self.path}: cannot tell what wrote this file; say it with --dataset NAME")
            self.dataset, self.is_guessed = guessed, True
        return self.dataset

    def _event(self, number: int, raw: str, dataset: str) -> Event:
        return self._line(Line(number, raw, dataset))

    def _line(self, line: Line) -> Event:
        self.events += not line.is_joined
        return Event(
            collector="scan",
            epoch=f"{self.path}#joined" if line.is_joined else str(self.path),
            sequence=line.number,
            dataset=line.dataset,
            host="",
            seen_at=self.seen_at,
            raw=line.text,
            hints={"log.file.path": str(self.path), **line.hints},
        )

    def _evtx(self, stream: IO[bytes]) -> Iterator[Event]:
        from evtx import PyEvtxParser

        try:
            records = iter(PyEvtxParser(stream, number_of_threads=1).records_json())
        except RuntimeError as error:
            raise UnavailableError(f"cannot read {self.path}: {error}") from error
        number = 0
        while True:
            number += 1
            try:
                found = next(records)
            except StopIteration:
                return
            except RuntimeError as error:
                self.fault(number, error)
                continue
            if found is None:
                return
            yield self._event(number, found["data"], WINDOWS)

    def _lines(self, stream: IO[bytes]) -> Iterator[tuple[int, str]]:
        number = self._before
        while line := stream.readline(MAX_LINE_BYTES + 1):
            number += 1
            if len(line) > MAX_LINE_BYTES:
                self.fault(number, f"longer than {MAX_LINE_BYTES} bytes")
                while line and not line.endswith(b"\n"):
                    line = stream.readline(MAX_LINE_BYTES)
                continue
            text = line.decode("utf-8", "surrogateescape").rstrip("\r\n").removeprefix("\ufeff")
            if text.strip():
                yield number, text

    def _text(self, stream: IO[bytes], head: bytes) -> Iterator[Event]:
        dataset = self._settle(guess_text(self.path.name, head.decode("utf-8", "replace")))
        for line in text_lines.read(self._lines(stream), dataset, is_guessed=self.is_guessed):
            yield self._line(line)

    def _json_lines(self, stream: IO[bytes]) -> Iterator[Event]:
        lines = self._lines(stream) if self.sift is None else self._sifted(stream, self.sift)
        for number, text in lines:
            yield from self._object(number, text)

    def _sifted(self, stream: IO[bytes], sift: Sift) -> Iterator[tuple[int, str]]:
        """Yield the lines that `sift` keeps, as `_lines` does."""
        before = self._before
        for block in blocks(stream):
            count, kept = sift(block)
            self.events += count - len(kept)
            for index, (place, line) in enumerate(kept):
                if place > index:
                    self._settle_by_sieve()
                number = before + place + 1
                if len(line) > MAX_LINE_BYTES:
                    self.fault(number, f"longer than {MAX_LINE_BYTES} bytes")
                    continue
                text = line.decode("utf-8", "surrogateescape").rstrip("\r").removeprefix("\ufeff")
                if text.strip():
                    yield number, text
            if count > len(kept):
                self._settle_by_sieve()
            before += count

    def _settle_by_sieve(self) -> None:
        """Take in that an event of Windows fell through the sieve."""
        if self.dataset is None:
            self.dataset, self.is_guessed = WINDOWS, True

    def _json_whole(self, stream: IO[bytes]) -> Iterator[Event]:
        content = stream.read(MAX_WHOLE_BYTES + 1)
        if len(content) > MAX_WHOLE_BYTES:
            raise InputError(f"{self.path}: JSON larger than {MAX_WHOLE_BYTES} bytes must be one object a line")
        text = content.decode("utf-8", "surrogateescape").removeprefix("\ufeff")
        decoder = json.JSONDecoder()
        position = number = 0
        while (position := _after(_BETWEEN, text, position)) < len(text):
            number += 1
            try:
                _, end = decoder.raw_decode(text, position)
            except (ValueError, RecursionError) as error:
                self.fault(number, f"not JSON: {error}")
                found = _NEXT_OBJECT.search(text, position + 1)
                end = found.start() if found else len(text)
            else:
                yield from self._object(number, text[position:end])
            position = end

    def _object(self, number: int, text: str) -> Iterator[Event]:
        """Yield the event in one JSON object: a source's own, or an encoded Event as collectors ship them."""
        if self.dataset is not None and not self.is_guessed:
            yield self._event(number, text, self.dataset)
            return
        try:
            found = json.loads(text)
        except (ValueError, RecursionError) as error:
            if self.dataset == OBJECT and not text.lstrip().startswith("{"):
                yield self._event(number, text, guess_line(text) or TEXT)
            else:
                self.fault(number, f"not JSON: {error}")
            return
        if isinstance(found, dict) and isinstance(found.get("raw"), str) and "dataset" in found:
            yield from self._encoded(number, text)
            return
        guessed = guess_json(found, self.path.name) or (OBJECT if self.dataset == OBJECT else None)
        if guessed is None:
            if self.dataset is None:
                self._settle(None)
            self.fault(number, "no known kind of event; say it with --dataset NAME")
            return
        self.dataset, self.is_guessed = self.dataset or guessed, True
        yield self._event(number, text, guessed)

    def _encoded(self, number: int, text: str) -> Iterator[Event]:
        try:
            event = decode(
                text.encode("utf-8", "surrogateescape"), collector="scan", epoch=str(self.path), sequence=number
            )
        except InputError as error:
            self.fault(number, error)
            return
        self.dataset, self.is_guessed = self.dataset or event.dataset, True
        self.events += 1
        yield event


def blocks(stream: IO[bytes]) -> Iterator[bytes]:
    """Yield whole lines, many at a time, without the last line end; of a line too long only its beginning."""
    rest = b""
    while block := stream.read(BLOCK_BYTES):
        end = block.rfind(b"\n")
        if end >= 0:
            yield rest[: MAX_LINE_BYTES + 1] + block[:end]
            rest = block[end + 1 :]
        elif len(rest) <= MAX_LINE_BYTES:
            rest += block
    if rest:
        yield rest[: MAX_LINE_BYTES + 1]


def _part(stream: IO[bytes], size: int) -> IO[bytes]:
    return cast(IO[bytes], _Part(stream, size))


class _Part(io.RawIOBase):
    """A stream that ends after some bytes."""

    def __init__(self, stream: IO[bytes], size: int) -> None:
        self._stream, self._left = stream, size

    def read(self, size: int = -1) -> bytes:
        """Return at most `size` bytes."""
        block = self._stream.read(self._left if size < 0 else min(size, self._left))
        self._left -= len(block)
        return block

    def readline(self, size: int | None = -1) -> bytes:
        """Return a line, or as much of it as `size` allows."""
        line = self._stream.readline(self._left if size is None or size < 0 else min(size, self._left))
        self._left -= len(line)
        return line


def is_json_lines(path: Path) -> bool:
    """Return whether a file is JSON, one object a line, and not packed; False for one that cannot be read."""
    try:
        with path.open("rb") as stream:
            head = stream.read(65_536)
    except OSError:
        return False
    return _JSON_START.match(head) is not None and _is_lines(head)


def files_in(paths: Iterable[Path]) -> Iterator[Path]:
    """Yield every file in `paths`, folders in depth and in a stable order; raise InputError for a missing path.

    A folder that may not be looked into is yielded itself, so that who reads it says so.
    """
    for path in paths:
        if path.is_dir() and not _is_closed(path):
            for file in sorted(path.rglob("*")):
                if not file.name.startswith(".") and (file.is_file() or _is_closed(file)):
                    yield file
        elif path.exists():
            yield path
        else:
            raise InputError(f"{path}: there is no such file or folder")


def _is_closed(path: Path) -> bool:
    return path.is_dir() and not os.access(path, os.R_OK | os.X_OK)


def _open(path: Path) -> IO[bytes]:
    with path.open("rb") as stream:
        is_packed = stream.read(2) == _GZIP_MAGIC
    return gzip.open(path) if is_packed else path.open("rb")  # type: ignore[return-value]


def _is_lines(head: bytes) -> bool:
    """Return whether the first line that says anything is a whole JSON object."""
    text = head.decode("utf-8", "replace").removeprefix("\ufeff").lstrip()
    line, end, _ = text.partition("\n")
    if not end and len(head) >= 65_536:
        return line.startswith("{")
    try:
        return isinstance(json.loads(line), dict)
    except (ValueError, RecursionError):
        return False


def _after(pattern: re.Pattern[str], text: str, position: int) -> int:
    found = pattern.match(text, position)
    return position if found is None else found.end()
