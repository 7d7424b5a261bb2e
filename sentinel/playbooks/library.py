"""The playbooks of some folders; a broken one is set aside as a fault with its place, the rest works."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sentinel.errors import InputError, SentinelError, UnavailableError
from sentinel.model.alert import Alert
from sentinel.playbooks import check, language
from sentinel.playbooks.action import Action
from sentinel.playbooks.actions import ACTIONS
from sentinel.playbooks.language import Loaded
from sentinel.playbooks.source import MAX_BYTES

SUFFIX = ".yml"
TEST_SUFFIX = ".test.yml"


@dataclass(frozen=True, slots=True)
class Fault:
    """Why a file is set aside."""

    path: Path
    message: str
    """One line for each thing found, each with `file:line` where it has a line."""

    def __str__(self) -> str:
        return self.message


@dataclass(frozen=True)
class Library:
    """Playbooks by id."""

    playbooks: Mapping[str, Loaded]
    faults: Sequence[Fault] = ()

    @classmethod
    def load(cls, folders: Iterable[Path], actions: Mapping[str, Action[Any]] = ACTIONS) -> "Library":
        """Return the playbooks below `folders` (files are taken as they are); nothing broken is among them."""
        playbooks: dict[str, Loaded] = {}
        faults: list[Fault] = []
        for path in files(folders):
            try:
                loaded = read(path)
                check.demand(loaded, actions)
                _new(loaded, playbooks)
            except SentinelError as error:
                faults.append(Fault(path, str(error)))
            else:
                playbooks[loaded.playbook.playbook] = loaded
        return cls(playbooks, tuple(faults))

    def started_by(self, alert: Alert) -> Iterator[Loaded]:
        """Yield the playbooks that `alert` starts, in order of their ids."""
        for _, loaded in sorted(self.playbooks.items()):
            if is_started_by(loaded, alert):
                yield loaded


def is_started_by(loaded: Loaded, alert: Alert) -> bool:
    """Return whether one of the playbook's alert triggers fits."""
    wanted = [trigger.alert for trigger in loaded.playbook.triggers if trigger.alert is not None]
    return any(
        alert.level.rank >= trigger.min_level.rank
        and (alert.rule_id in trigger.rules or not set(alert.tags).isdisjoint(trigger.tags))
        for trigger in wanted
    )


def files(places: Iterable[Path]) -> list[Path]:
    """Return the playbook files below `places`, sorted; raise `InputError` for a place that is not there."""
    found: list[Path] = []
    for place in places:
        if place.is_dir():
            inside = sorted(place.rglob(f"*{SUFFIX}"))
            found += [path for path in inside if not path.name.endswith(TEST_SUFFIX)]
        elif place.is_file():
            found.append(place)
        else:
            raise InputError(f"{place}: no such file or folder of playbooks")
    return found


def read(path: Path) -> Loaded:
    """Return the playbook in one file; raise `InputError` with its faults, `UnavailableError` if unreadable."""
    return language.parse(read_text(path), str(path))


def read_text(path: Path) -> str:
    """Return a file's text, bounded in size; raise `InputError` or `UnavailableError`."""
    try:
        with path.open("rb") as file:
            body = file.read(MAX_BYTES + 1)
        return body.decode("utf-8")
    except OSError as error:
        raise UnavailableError(f"{path}: cannot be read: {error.strerror}") from error
    except UnicodeDecodeError as error:
        raise InputError(f"{path}:1: not UTF-8 at byte {error.start}; save the file as UTF-8") from error


def _new(loaded: Loaded, playbooks: Mapping[str, Loaded]) -> None:
    other = playbooks.get(loaded.playbook.playbook)
    if other is not None:
        place = loaded.document.where(("playbook",))
        raise InputError(f"{place}: playbook '{loaded.playbook.playbook}' is in {other.document.name} already")
