"""Fields and events as one line that a person can take in."""

from collections.abc import Callable, Mapping

from sentinel.model.record import Record

SUMMARY_CHARACTERS = 400
Facts = Mapping[str, object]


def shown(value: object) -> str:
    """Return a field's value as one text."""
    return ", ".join(str(one) for one in value) if isinstance(value, (list, tuple)) else str(value)


def summary(record: Record) -> str:
    """Return the one line that tells what the event is."""
    fields = record.fields
    kind = str(fields.get("event.dataset", ""))
    text = str(fields.get("message", "")).strip() or (SENTENCES[kind](fields) if kind in SENTENCES else "")
    for name in ("process.command_line", "event.original"):
        text = text or str(fields.get(name, ""))
    return " ".join(text[: 2 * SUMMARY_CHARACTERS].split())[:SUMMARY_CHARACTERS]


def _flow(fields: Facts) -> str:
    return _parts(
        f"{_end(fields, 'source')} → {_end(fields, 'destination')}",
        fields.get("network.transport"),
        fields.get("network.protocol"),
        fields.get("sentinel.flow.state"),
        f"{fields.get('source.bytes', 0)} B → {fields.get('destination.bytes', 0)} B",
    )


def _dns(fields: Facts) -> str:
    answers = shown(fields.get("dns.answers.data", fields.get("dns.resolved_ip", "")))
    question = (fields.get("dns.question.type"), fields.get("dns.question.name"), fields.get("dns.response_code"))
    return _parts(_end(fields, "source"), *question, f"→ {answers}" if answers else "")


def _arp(fields: Facts) -> str:
    sender = (fields.get("sentinel.arp.sender_ip"), fields.get("sentinel.arp.sender_mac"))
    before = fields.get("sentinel.arp.previous_mac")
    return _parts(fields.get("event.action"), *sender, f"← {before}" if before else "")


def _end(fields: Facts, side: str) -> str:
    port = fields.get(f"{side}.port")
    return f"{fields.get(f'{side}.ip', '?')}{f':{port}' if port is not None else ''}"


def _parts(*parts: object) -> str:
    return " ".join(str(part) for part in parts if part not in (None, ""))


SENTENCES: dict[str, Callable[[Facts], str]] = {"network.flow": _flow, "network.dns": _dns, "network.arp": _arp}
"""Datasets whose raw text is a list of fields: what a person would say instead."""


def pairs(record: Record) -> list[tuple[str, str]]:
    """Return all fields by name, each as one text."""
    return [(name, shown(value)) for name, value in sorted(record.fields.items())]
