"""Files that somebody hands us, as Events: EVTX, JSON in lines or pretty-printed, text logs; all may be gzipped."""

import gzip
import json
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import IO

from sentinel.cli import text_lines
from sentinel.cli.guess import OBJECT, TEXT, guess_json, guess_line, guess_text
from sentinel.cli.text_lines import Line
from sentinel.errors import InputError, UnavailableError
from sentinel.event import MAX_LINE_BYTES, Event, decode

MAX_WHOLE_BYTES = 256_000_000
"""A file of JSON that is not one object a line has to be held in memory."""
MAX_FAULTS_NAMED = 5
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
                stream.seek(0)
                yield from self._choose(stream, head)
        except (OSError, EOFError, gzip.BadGzipFile) as error:
            raise UnavailableError(f"cannot read {self.path}: {error}") from error

    def _choose(self, stream: IO[bytes], head: bytes) -> Iterator[Event]:
        if head.startswith(_EVTX_MAGIC):
            self._settle("windows.evtx")
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
            yield self._event(number, found["data"], "windows.evtx")

    def _lines(self, stream: IO[bytes]) -> Iterator[tuple[int, str]]:
        number = 0
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
        for number, text in self._lines(stream):
            yield from self._object(number, text)

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


def files_in(paths: Iterable[Path]) -> Iterator[Path]:
    """Yield every file in `paths`, folders in depth and in a stable order; raise InputError for a missing path."""
    for path in paths:
        if path.is_dir():
            yield from (file for file in sorted(path.rglob("*")) if file.is_file() and not file.name.startswith("."))
        elif path.exists():
            yield path
        else:
            raise InputError(f"{path}: there is no such file or folder")


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
