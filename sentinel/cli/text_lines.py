"""Lines of a text log become what is handed to a parser: each with its dataset, and with what stands above it.

Some lines do not stand alone: Zeek and W3C logs name their columns once, at the top, and one event of the Linux audit
system is written as several records, which are handed on one by one and once more all together.
"""

import re
from collections import OrderedDict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field

from sentinel.cli.guess import AUTH, SYSLOG, TEXT, guess_line, has_clock
from sentinel.event import Hint
from sentinel.model.hints import COLUMNS

MAX_OPEN_EVENTS = 32
MAX_RECORDS = 256
AUDIT, AUDIT_EVENT = "linux.auditd", "linux.audit_event"
_SERIAL = re.compile(r"\btype=(?P<type>\w{1,40}) (?:msg=)?audit\((?P<id>[\d.]{1,20}:\d{1,12})\)")
_LAST_TYPES = frozenset({"PROCTITLE", "EOE"})
_ZEEK_NAME = re.compile(r"[a-z0-9_]{1,30}")


@dataclass(frozen=True, slots=True)
class Line:
    """What one parser call gets."""

    number: int
    """Line in the file, from 1; of joined records the first one's."""
    text: str
    dataset: str
    hints: Mapping[str, Hint] = field(default_factory=dict)
    is_joined: bool = False
    """Several lines in one, each of which was handed on alone as well."""


def read(lines: Iterable[tuple[int, str]], dataset: str, *, is_guessed: bool) -> Iterator[Line]:
    """Yield the lines of a log of `dataset`; a guessed log may hold lines of other kinds, which are taken as theirs."""
    if dataset.startswith("zeek."):
        yield from _zeek(lines, dataset)
    elif dataset in ("iis.access", "microsoft.firewall"):
        yield from _w3c(lines, dataset)
    else:
        yield from _plain(lines, dataset, is_guessed)


def _plain(lines: Iterable[tuple[int, str]], dataset: str, is_guessed: bool) -> Iterator[Line]:
    joiner = _Joiner()
    for number, text in lines:
        kind = _kind(text, dataset) if is_guessed else dataset
        if kind != AUDIT:
            yield Line(number, text, kind)
        elif text.strip("- "):  # ausearch parts events by a line of dashes
            yield Line(number, text, kind)
            yield from joiner.add(number, text)
    yield from joiner.rest()


def _kind(text: str, dataset: str) -> str:
    """Return what a line is in a log guessed to be `dataset`; with a time, but like no log we know, it is text."""
    kind = guess_line(text)
    if kind is None:
        return TEXT if has_clock(text) and not dataset.startswith("app.") else dataset
    return dataset if kind == SYSLOG and dataset == AUTH else kind


class _Joiner:
    """Holds records of audit events until each event is complete."""

    def __init__(self) -> None:
        self._open: OrderedDict[str, list[tuple[int, str]]] = OrderedDict()

    def add(self, number: int, text: str) -> Iterator[Line]:
        found = _SERIAL.search(text)
        if found is None:
            return
        records = self._open.setdefault(found["id"], [])
        if len(records) < MAX_RECORDS:
            records.append((number, text))
        if found["type"] in _LAST_TYPES:
            yield from self._close(found["id"])
        elif len(self._open) > MAX_OPEN_EVENTS:
            yield from self._close(next(iter(self._open)))

    def rest(self) -> Iterator[Line]:
        for serial in list(self._open):
            yield from self._close(serial)

    def _close(self, serial: str) -> Iterator[Line]:
        records = self._open.pop(serial)
        text = "\n".join(text for _, text in records)
        if len(records) > 1 and "type=SYSCALL" in text:
            yield Line(records[0][0], text, AUDIT_EVENT, is_joined=True)


def _w3c(lines: Iterable[tuple[int, str]], dataset: str) -> Iterator[Line]:
    hints: dict[str, Hint] = {}
    for number, text in lines:
        if text.startswith("#"):
            if text.startswith("#Fields:"):
                hints = {COLUMNS: text.removeprefix("#Fields:").strip()}
        else:
            yield Line(number, text.rstrip(), dataset, hints)


def _zeek(lines: Iterable[tuple[int, str]], dataset: str) -> Iterator[Line]:
    names: list[str] = []
    kinds: list[str] = []
    for number, text in lines:
        if not text.startswith("#"):
            columns = [f"{name}:{kind}" for name, kind in zip(names, kinds or [""] * len(names), strict=False)]
            yield Line(number, text, dataset, {COLUMNS: " ".join(columns)})
            continue
        key, *values = text.split("\t")
        if key == "#path" and values and _ZEEK_NAME.fullmatch(values[0]):
            dataset = f"zeek.{values[0]}"
        elif key == "#fields":
            names, kinds = values, []
        elif key == "#types":
            kinds = values
