"""Several documents in one rule file: what `action: global`, `reset` and `repeat` make of them."""

from collections import Counter
from typing import Any
from uuid import NAMESPACE_URL, uuid5

Document = dict[str, Any]
_STANDS_ALONE = ("correlation", "filter")


def complete(documents: list[Document]) -> list[Document]:
    """Return the rules that the documents of a file describe, each complete in itself.

    A global document is merged over each plain rule after it, until the next global one or a reset; a repeated one is
    merged over the rule before it. Rules that would share an id get one of their own. An action that cannot be carried
    out is left in its document, to be refused there.
    """
    if not any("action" in document for document in documents):
        return documents
    shared: Document = {}
    previous: Document | None = None
    found: list[Document] = []
    taken: Counter[str] = Counter()
    for document in documents:
        own = {key: value for key, value in document.items() if key != "action"}
        match document.get("action"):
            case None if any(key in document for key in _STANDS_ALONE):
                found.append(document)
                continue
            case None:
                previous = _merged(own, shared)
            case "repeat" if previous is not None:
                previous = _merged(previous, own)
            case "global":
                shared = previous = own
                continue
            case "reset":
                shared = {}
                continue
            case _:
                found.append(document)
                continue
        previous = {**previous, "id": own["id"]} if "id" in own else previous
        found.append(_with_free_id(previous, taken))
    return found


def _merged(below: Document, above: Document) -> Document:
    """Return both documents as one; where both say something, `above` wins, maps are merged."""
    merged = dict(below)
    for key, value in above.items():
        known = merged.get(key)
        merged[key] = _merged(known, value) if isinstance(known, dict) and isinstance(value, dict) else value
    return merged


def _with_free_id(document: Document, taken: Counter[str]) -> Document:
    """Return `document`, or where another of its file has the same id (or none, and the same title) with one made."""
    name = str(document.get("id", document.get("title")))
    taken[name] += 1
    if taken[name] == 1:
        return document
    return {**document, "id": str(uuid5(NAMESPACE_URL, f"sigma:{name}#{taken[name]}"))}
