"""What people need to know of a rule, from the attributes pySigma keeps."""

from difflib import get_close_matches
from typing import Any
from uuid import NAMESPACE_URL, uuid5

from sigma.rule import SigmaRuleBase

from sentinel.errors import InputError
from sentinel.model.match import Level, RuleInfo

DEFAULT_LEVEL = Level.MEDIUM
OWN_KEYS = {
    "title-vi": "text",
    "description-vi": "text",
    "triage": "text",
    "triage-vi": "text",
    "falsepositives-vi": "a list of texts",
    "group-by": "a list of texts",
    "across-agencies": "true or false",
}
"""Keys of the custom attribute `sentinel`, and what each takes."""


def describe(rule: SigmaRuleBase) -> RuleInfo:
    """Return the rule's description; raise InputError where its attribute `sentinel` is wrong.

    A rule without an id gets one made from its title, so that it is the same on every start.
    """
    own = _own(rule.custom_attributes.get("sentinel") or {})
    rule_id = str(rule.id) if rule.id is not None else str(uuid5(NAMESPACE_URL, f"sigma:{rule.title}"))
    return RuleInfo(
        id=rule_id,
        title=str(rule.title),
        level=Level(str(rule.level)) if rule.level is not None else DEFAULT_LEVEL,
        description=str(rule.description or "").strip(),
        title_vi=own.get("title-vi", ""),
        description_vi=own.get("description-vi", "").strip(),
        tags=tuple(str(tag) for tag in rule.tags),
        falsepositives=tuple(str(each) for each in rule.falsepositives or ()),
        falsepositives_vi=tuple(own.get("falsepositives-vi", ())),
        triage=own.get("triage", "").strip(),
        triage_vi=own.get("triage-vi", "").strip(),
        group_by=tuple(own.get("group-by", ())),
        status="" if rule.status is None else str(rule.status),
        across_agencies=own.get("across-agencies", False),
    )


def _own(attribute: Any) -> dict[str, Any]:
    """Return our own attributes, checked; those without a value are left out."""
    if not isinstance(attribute, dict):
        raise InputError(f"attribute 'sentinel' must be a map, got {type(attribute).__name__}")
    found: dict[str, Any] = {}
    for key, value in attribute.items():
        wanted = OWN_KEYS.get(key)
        if wanted is None:
            near = get_close_matches(str(key), OWN_KEYS, n=1)
            hint = f"; did you mean '{near[0]}'?" if near else f"; known are {', '.join(OWN_KEYS)}"
            raise InputError(f"attribute 'sentinel' has no key '{key}'{hint}")
        if value is None:
            continue
        if not _is(value, wanted):
            raise InputError(f"attribute 'sentinel.{key}' must be {wanted}")
        found[key] = value
    return found


def _is(value: object, wanted: str) -> bool:
    if wanted == "true or false":
        return isinstance(value, bool)
    if wanted == "text":
        return isinstance(value, str)
    return isinstance(value, list) and all(isinstance(each, str) for each in value)
