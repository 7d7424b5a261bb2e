"""What an answer of Elasticsearch means for a document: pure rules, no network."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum

MAX_REASON_CHARACTERS = 500

_SURROUNDINGS = frozenset(
    {
        "circuit_breaking_exception",
        "cluster_block_exception",
        "es_rejected_execution_exception",
        "index_closed_exception",
        "index_not_found_exception",
        "no_shard_available_action_exception",
        "process_cluster_event_timeout_exception",
        "security_exception",
        "unavailable_shards_exception",
        "validation_exception",
    }
)
"""Errors that say something about the server, whatever their status: no room, no right, a closed index.

`cluster_block_exception` is what a full disk looks like, as 403 or 429; `validation_exception` is what the limit of
shards looks like, as 400. The same document is welcome when that is over.
"""


_NOT_ITS_FAULT = frozenset({401, 403, 404, 429})


class Outcome(Enum):
    """What became of one document."""

    STORED = "stored"
    KNOWN = "known"
    """Its id is there already: what we wanted (409)."""
    FAILURE_STORE = "failure_store"
    """Taken, but into the failure store of the data stream, where nobody searches."""
    AGAIN = "again"
    """Not stored, through no fault of its own."""
    UNCLEAR = "unclear"
    """Stored or not: nobody told us."""
    REJECTED = "rejected"
    """Never to be stored as it is."""


@dataclass(frozen=True, slots=True)
class Verdict:
    """An outcome with the reason where it is not the wanted one."""

    outcome: Outcome
    reason: str = ""


STORED = Verdict(Outcome.STORED)
KNOWN = Verdict(Outcome.KNOWN)
MISSING = Verdict(Outcome.UNCLEAR, "the answer does not speak of it")


def judge(item: Mapping[str, object]) -> Verdict:
    """Return what the answer to one document means: its `status`, `error` and `failure_store`."""
    status = item.get("status")
    if status in (200, 201):
        if item.get("failure_store") == "used":
            return Verdict(Outcome.FAILURE_STORE, "Elasticsearch put it into its failure store")
        return STORED
    if not isinstance(status, int):
        return MISSING
    if status == 409:
        return KNOWN
    kind, reason = _error(item.get("error"))
    if kind in _SURROUNDINGS or status in _NOT_ITS_FAULT:
        return Verdict(Outcome.AGAIN, reason)
    # Beyond 500 it may have been written before whatever failed.
    return Verdict(Outcome.REJECTED if 400 <= status < 500 and status != 408 else Outcome.UNCLEAR, reason)


def read(answer: object, count: int) -> list[Verdict]:
    """Return a verdict for each of `count` documents of a bulk request; what the answer leaves out is unclear."""
    items = answer.get("items") if isinstance(answer, Mapping) else None
    if not isinstance(items, list) or len(items) != count:
        # Whose verdicts they are cannot be known.
        return [MISSING] * count
    return [_judge_item(item) for item in items]


def wholesale(status: int, kind: str, reason: str) -> Verdict:
    """Return what an error instead of an answer means for every document of the request.

    A proxy may give up on a request that the server carries out, so only what the server itself says before it begins
    is certain. 413 is not for here: such a request is divided.
    """
    reason = f"{status}: {reason}"[:MAX_REASON_CHARACTERS]
    if status == 429 or kind in _SURROUNDINGS:
        return Verdict(Outcome.AGAIN, reason)
    return Verdict(Outcome.UNCLEAR, reason)


def _judge_item(item: object) -> Verdict:
    inner = next(iter(item.values()), None) if isinstance(item, Mapping) else None
    return judge(inner) if isinstance(inner, Mapping) else MISSING


def _error(error: object) -> tuple[str, str]:
    if not isinstance(error, Mapping):
        return "", str(error or "no reason given")[:MAX_REASON_CHARACTERS]
    kind = str(error.get("type", ""))
    cause = error.get("caused_by")
    because = f" ({cause.get('type')}: {cause.get('reason')})" if isinstance(cause, Mapping) else ""
    text = f"{kind}: {error.get('reason', '')}{because}"
    return kind, " ".join(text.split())[:MAX_REASON_CHARACTERS]
