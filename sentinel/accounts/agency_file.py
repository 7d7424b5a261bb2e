"""Reads data files of agencies and checks that together they make one dated tree."""

import json
import unicodedata
from collections.abc import Mapping, Sequence
from datetime import date

from sentinel.errors import InputError
from sentinel.model.agency import Agency, AgencyKind

_REQUIRED = {"id", "kind", "name", "name_en"}
_OPTIONAL = {"parent", "valid_from", "valid_to", "successor"}
_PARENTS: dict[AgencyKind, set[AgencyKind | None]] = {
    AgencyKind.CITY: {None},
    AgencyKind.DEPARTMENT: {AgencyKind.CITY},
    AgencyKind.DISTRICT: {AgencyKind.CITY},
    AgencyKind.COMMUNE: {AgencyKind.CITY, AgencyKind.DISTRICT},
}
_MAX_ID_CHARACTERS = 64


def parse(texts: Mapping[str, str]) -> list[Agency]:
    """Return the agencies in `texts` (file name to JSON text), parents before children.

    The format is described in `data/README.md`. Raises `InputError` naming file, agency and fault.
    """
    found: dict[str, Agency] = {}
    for name, text in texts.items():
        for agency in _file(name, text):
            if agency.id in found:
                raise InputError(f"{name}: agency '{agency.id}' is listed twice")
            found[agency.id] = agency
    return _in_order(found)


def _file(name: str, text: str) -> list[Agency]:
    try:
        document = json.loads(text)
        entries = document["agencies"]
        defaults = {key: document[key] for key in ("valid_from", "valid_to", "parent") if key in document}
    except (ValueError, KeyError, TypeError, RecursionError) as error:
        raise InputError(f"{name}: expected a JSON object with a list 'agencies' ({error})") from error
    if not isinstance(entries, list):
        raise InputError(f"{name}: 'agencies' must be a list")
    return [_agency(f"{name}: agency {index}", entry, defaults) for index, entry in enumerate(entries, 1)]


def _agency(place: str, entry: object, defaults: Mapping[str, object]) -> Agency:
    if not isinstance(entry, dict):
        raise InputError(f"{place}: expected an object")
    if missing := _REQUIRED - entry.keys():
        raise InputError(f"{place}: {sorted(missing)[0]} is missing")
    if unknown := entry.keys() - _REQUIRED - _OPTIONAL:
        raise InputError(f"{place}: unknown key '{sorted(unknown)[0]}'")
    values = {**defaults, **entry}
    for key in _REQUIRED | {"valid_from"}:
        if not isinstance(values.get(key), str) or not values[key]:
            raise InputError(f"{place}: {key} must be a text")
    if len(str(values["id"])) > _MAX_ID_CHARACTERS:
        raise InputError(f"{place}: the id is longer than {_MAX_ID_CHARACTERS} characters")
    try:
        kind = AgencyKind(values["kind"])
    except ValueError as error:
        raise InputError(f"{place}: unknown kind '{values['kind']}'") from error
    agency = Agency(
        id=values["id"],
        kind=kind,
        name=values["name"],
        name_en=values["name_en"],
        parent=_text_or_none(place, values, "parent"),
        valid_from=values["valid_from"],
        valid_to=_text_or_none(place, values, "valid_to"),
        successor=_text_or_none(place, values, "successor"),
    )
    _check_texts(place, agency)
    return agency


def _text_or_none(place: str, values: Mapping[str, object], key: str) -> str | None:
    value = values.get(key)
    if value is not None and not isinstance(value, str):
        raise InputError(f"{place}: {key} must be a text or null")
    return value


def _check_texts(place: str, agency: Agency) -> None:
    for text in (agency.id, agency.name, agency.name_en):
        if not unicodedata.is_normalized("NFC", text):
            raise InputError(f"{place}: '{text}' is not in Unicode form NFC")
    for day in (agency.valid_from, agency.valid_to):
        try:
            well_formed = day is None or date.fromisoformat(day).isoformat() == day
        except ValueError:
            well_formed = False
        if not well_formed:
            raise InputError(f"{place}: '{day}' is not a day as YYYY-MM-DD")
    if agency.valid_to is not None and agency.valid_to < agency.valid_from:
        raise InputError(f"{place}: it ends before it begins")


def _in_order(found: Mapping[str, Agency]) -> list[Agency]:
    for agency in found.values():
        _check_parent(agency, found)
        _check_successors(agency, found)
    depth = {AgencyKind.CITY: 0, AgencyKind.DEPARTMENT: 1, AgencyKind.DISTRICT: 1, AgencyKind.COMMUNE: 2}
    return sorted(found.values(), key=lambda agency: depth[agency.kind])


def _check_parent(agency: Agency, found: Mapping[str, Agency]) -> None:
    parent = found.get(agency.parent) if agency.parent is not None else None
    if agency.parent is not None and parent is None:
        raise InputError(f"agency '{agency.id}': there is no parent '{agency.parent}'")
    # The order of kinds also rules out circles.
    if (parent.kind if parent else None) not in _PARENTS[agency.kind]:
        raise InputError(f"agency '{agency.id}': a {agency.kind} cannot lie below '{agency.parent}'")
    if parent is not None and not (
        parent.valid_from <= agency.valid_from and (agency.valid_to or "9999") <= (parent.valid_to or "9999")
    ):
        raise InputError(f"agency '{agency.id}': its parent '{parent.id}' does not exist all that time")


def _check_successors(agency: Agency, found: Mapping[str, Agency]) -> None:
    seen: Sequence[str] = [agency.id]
    following = agency.successor
    while following is not None:
        if following not in found:
            raise InputError(f"agency '{seen[-1]}': there is no successor '{following}'")
        if following in seen:
            raise InputError(f"agency '{agency.id}': its successors go round in a circle")
        seen = [*seen, following]
        following = found[following].successor
