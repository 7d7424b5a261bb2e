"""Fills a playbook's inputs, from the alert that starts it or from a person, each checked against its type."""

from collections.abc import Mapping
from dataclasses import dataclass

from sentinel.errors import InputError
from sentinel.model.alert import Alert
from sentinel.playbooks.kinds import KINDS, Value
from sentinel.playbooks.language import Input, Playbook


@dataclass(frozen=True, slots=True)
class Filled:
    """Inputs with what could not be filled."""

    values: dict[str, Value]
    missing: tuple[str, ...]
    """One sentence for each required input without a value: the run cannot begin."""
    left_out: tuple[str, ...]
    """One sentence for each optional input whose value was there but not usable."""


def from_alert(playbook: Playbook, alert: Alert) -> Filled:
    """Return the inputs that the alert's fields give."""
    found = {
        name: alert.fields.get(spec.from_.removeprefix("alert."))
        for name, spec in playbook.inputs.items()
        if spec.from_ is not None
    }
    return _fill(playbook, found)


def from_person(playbook: Playbook, given: Mapping[str, object]) -> dict[str, Value]:
    """Return the inputs a person gave, as text or typed; raise `InputError` for what is unknown, missing or wrong."""
    for name in given:
        if name not in playbook.inputs:
            raise InputError(f"playbook '{playbook.playbook}' has no input '{name}'; it has: {_names(playbook)}")
    found = {name: _typed(playbook.inputs[name], value) for name, value in given.items() if value not in (None, "")}
    filled = _fill(playbook, found)
    if faults := (*filled.missing, *filled.left_out):
        raise InputError("; ".join(faults))
    return filled.values


def _fill(playbook: Playbook, found: Mapping[str, object]) -> Filled:
    values: dict[str, Value] = {}
    missing: list[str] = []
    left_out: list[str] = []
    for name, spec in playbook.inputs.items():
        fault = f"input '{name}' has no value"
        value = found.get(name)
        if isinstance(value, list):
            value, fault = (value[0], "") if len(value) == 1 else (None, f"input '{name}' has {len(value)} values")
        if value is not None:
            try:
                values[name] = KINDS[spec.type](value)
                continue
            except ValueError as error:
                fault = f"input '{name}': {error}"
                left_out.append(fault)
        if spec.default is not None:
            values[name] = KINDS[spec.type](spec.default)
        elif spec.required:
            missing.append(fault)
    return Filled(values, tuple(missing), tuple(left_out))


def _typed(spec: Input, value: object) -> object:
    """Read the text of a form field."""
    if isinstance(value, str) and spec.type == "integer" and value.strip().isascii() and value.strip().isdigit():
        return int(value.strip()[:20])
    if isinstance(value, str) and spec.type == "boolean" and value in ("true", "false"):
        return value == "true"
    return value


def _names(playbook: Playbook) -> str:
    return ", ".join(playbook.inputs) or "none"
