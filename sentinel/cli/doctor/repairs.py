"""What the doctor can repair while the server is stopped; nothing is ever deleted."""

from collections.abc import Callable
from dataclasses import dataclass

from sentinel.errors import InputError
from sentinel.store.local import LocalStore
from sentinel.store.repair import file_faults, make_anew, manifest_fault, rebuild
from sentinel.wiring import Home


@dataclass(frozen=True, slots=True)
class Repair:
    """One repair."""

    needed: Callable[[Home], str]
    """Returns what is wrong, empty where nothing is."""
    question: str
    carry_out: Callable[[Home], str]
    """Does it and returns what was done."""


def _manifest_needed(opened: Home) -> str:
    return manifest_fault(opened.local_store) if opened.local_store is not None else ""


def _rebuild(opened: Home) -> str:
    if opened.local_store is None:
        raise InputError("store.url: the events are not on this machine")
    done = rebuild(opened.local_store)
    more = f"; damaged and set aside: {'; '.join(done.damaged)}" if done.damaged else ""
    return (
        f"{done.segments} segments with {done.events} events count, {done.superseded} repeated others; the pipeline "
        f"reads the journal anew, correlations begin anew{more}"
    )


def _damaged(opened: Home) -> str:
    return "; ".join(file_faults(opened.local_store).segments) if opened.local_store is not None else ""


def _set_aside(opened: Home) -> str:
    if not isinstance(opened.store, LocalStore):
        raise InputError("store.url: the events are not on this machine")
    return f"{opened.store.repair()} segments were moved to {opened.path / 'events' / 'damaged'}"


def _made(opened: Home) -> str:
    broken = file_faults(opened.local_store).made_anew if opened.local_store is not None else ""
    return f"{broken} are not as they were written" if broken else ""


def _rewrite(opened: Home) -> str:
    if opened.local_store is None:
        raise InputError("store.url: the events are not on this machine")
    return f"{make_anew(opened.local_store)} were written anew"


REPAIRS: dict[str, Repair] = {
    "store manifest": Repair(_manifest_needed, "Make it anew from the segments?", _rebuild),
    "store segments": Repair(
        _damaged,
        "Set them aside, so that searches do not meet them? What is in them is lost unless a backup has it.",
        _set_aside,
    ),
    "store ids": Repair(_made, "Write them anew from the segments?", _rewrite),
}
