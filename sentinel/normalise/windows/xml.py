"""A Windows event as XML becomes the object that the `evtx` library would write for it."""

import re
from xml.etree.ElementTree import Element, ParseError, XMLParser

from sentinel.errors import InputError
from sentinel.normalise.decode import MAX_DEPTH

MAX_CHARACTERS = 1_000_000
START = re.compile(r"\s*(?:-\s*)?(?=<Event[\s>])")
"""What stands before an event in XML; the dash is what browsers and the event viewer copy with it."""
# Entities and document types have no place in an event, and are how XML is made to grow without end.
_FORBIDDEN = re.compile(r"<!(?:DOCTYPE|ENTITY)", re.IGNORECASE)


def event_of(text: str) -> dict[str, object]:
    """Return `{"Event": {...}}` for the text of one `<Event>`; raise `InputError` where it is none."""
    if len(text) > MAX_CHARACTERS or _FORBIDDEN.search(text):
        raise InputError("not an event: too long, or with a document type")
    parser = XMLParser()  # noqa: S314 - expat, without document types and so without entities
    try:
        parser.feed(text)
        root = parser.close()
    except (ParseError, ValueError) as error:
        raise InputError(f"not XML: {error}") from error
    if _name(root) != "Event":
        raise InputError(f"not an event: found <{_name(root)[:40]}>")
    event: dict[str, object] = {}
    for part in root:
        event[_name(part)] = _data(part) if _name(part) == "EventData" else _object(part, 1)
    return {"Event": event}


def _name(element: Element) -> str:
    return element.tag.rpartition("}")[2]


def _data(element: Element) -> dict[str, object]:
    """Return the named values of `<Data Name="...">`."""
    return {child.get("Name") or f"Data{index}": child.text or "" for index, child in enumerate(element)}


def _object(element: Element, depth: int) -> object:
    if depth > MAX_DEPTH:
        raise InputError(f"nested more than {MAX_DEPTH} deep")
    found: dict[str, object] = {_name(child): _object(child, depth + 1) for child in element}
    if element.attrib:
        found["#attributes"] = dict(element.attrib)
    if not found:
        return element.text or ""
    if element.text and element.text.strip():
        found["#text"] = element.text
    return found
