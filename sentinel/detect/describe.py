"""What people need to know of a rule, from the attributes pySigma keeps."""

from difflib import get_close_matches
from typing import Any
from uuid import NAMESPACE_URL, uuid5

from sigma.rule import SigmaRuleBase

from sentinel.errors import InputError
from sentinel.model.match import Level, RuleInfo

DEFAULT_LEVEL = Level.MEDIUM
OWN_KEYS = ("title-vi", "description-vi", "group-by")


def describe(rule: SigmaRuleBase) -> RuleInfo:
    """Return the rule's description; raise InputError where its attribute `sentinel` is wrong.

    A rule without an id gets one made from its title, so that it is the same on every start.
    """
    own = _own(rule.custom_attributes.get("sentinel") or {})
    rule_id = str(rule.id) if rule.id is not None else str(uuid5(NAMESPACE_URL, f"sigma:{rule.title}"))
    group_by = own.get("group-by") or []
    return RuleInfo(
        id=rule_id,
        title=str(rule.title),
        level=Level(str(rule.level)) if rule.level is not None else DEFAULT_LEVEL,
        description=str(rule.description or "").strip(),
        title_vi=str(own.get("title-vi") or ""),
        description_vi=str(own.get("description-vi") or "").strip(),
        tags=tuple(str(tag) for tag in rule.tags),
        falsepositives=tuple(str(each) for each in rule.falsepositives or ()),
        group_by=tuple(group_by),
    )


def _own(attribute: Any) -> dict[str, Any]:
    """Return our own attributes, checked."""
    if not isinstance(attribute, dict):
        raise InputError(f"attribute 'sentinel' must be a map, got {type(attribute).__name__}")
    for key, value in attribute.items():
        if key not in OWN_KEYS:
            near = get_close_matches(str(key), OWN_KEYS, n=1)
            hint = f"; did you mean '{near[0]}'?" if near else f"; known are {', '.join(OWN_KEYS)}"
            raise InputError(f"attribute 'sentinel' has no key '{key}'{hint}")
        is_list = isinstance(value, list) and all(isinstance(each, str) for each in value)
        if not (is_list if key == "group-by" else isinstance(value, str)):
            raise InputError(f"attribute 'sentinel.{key}' must be {'a list of names' if key == 'group-by' else 'text'}")
    return attribute
