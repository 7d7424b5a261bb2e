"""A line of an incident's timeline in the reader's language, where it is known by its code."""

from collections.abc import Mapping

from sentinel.model.alert import CloseReason
from sentinel.model.incident import TimelineEntry
from sentinel.web.language import Language
from sentinel.web.words import CLOSE_REASONS, mark

SENTENCES = {
    "alert.raised": mark("The rule “{title}” fired"),
    "alert.new": mark("The alert “{title}” is open again"),
    "alert.acknowledged": mark("The alert “{title}” was acknowledged"),
    "alert.closed": mark("The alert “{title}” was closed ({reason})"),
    "incident.opened": mark("Incident opened with priority {priority}"),
    "incident.closed": mark("Incident closed ({reason})"),
    "incident.priority_raised": mark("Priority raised from {from} to {to}"),
}
"""By code; the places are named as the facts of the entry."""

Titles = Mapping[str, tuple[str, str]]
"""English and Vietnamese title by alert id."""


def told(entry: TimelineEntry, language: Language, titles: Titles) -> str:
    """Return the sentence; one of an unknown code as its author wrote it."""
    facts = dict(entry.facts)
    if entry.code not in SENTENCES:
        return language.choose(entry.text, facts.get("text_vi", ""))
    title = facts.get("title", "")
    english, vietnamese = titles.get(facts.get("alert", ""), (title, facts.get("title_vi", title)))
    facts["title"] = language.choose(english or title, vietnamese or title)
    if facts.get("reason") in set(CloseReason):
        facts["reason"] = language.gettext(CLOSE_REASONS[CloseReason(facts["reason"])])
    sentence = language.gettext(SENTENCES[entry.code])
    for name, value in facts.items():
        sentence = sentence.replace("{" + name + "}", value)
    return f"{sentence}: {facts['note']}" if facts.get("note") else sentence
