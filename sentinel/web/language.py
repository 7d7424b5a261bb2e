"""The console speaks Vietnamese and English, from gettext catalogues read at start."""

from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

from babel.messages.pofile import read_po

T = TypeVar("T", str, tuple[str, ...])
LANGUAGES = ("vi", "en")
DEFAULT = "vi"
FOLDER = Path(__file__).parent / "locale"


@dataclass(frozen=True, slots=True)
class Language:
    """One catalogue; what it lacks is shown in English, the language of the message ids."""

    code: str
    messages: dict[str, str]
    plurals: dict[str, tuple[str, ...]]
    """By singular message id, the forms in the order of the language."""

    def gettext(self, message: str) -> str:
        """Return `message` in this language."""
        return self.messages.get(message, message)

    def ngettext(self, singular: str, plural: str, count: int) -> str:
        """Return the form for `count`; Vietnamese has one, English two."""
        forms = self.plurals.get(singular) or (singular, plural)
        return forms[0 if count == 1 else -1]

    def choose(self, english: T, vietnamese: T) -> T:
        """Return the text, or list of texts, in this language, or the other one where it is missing."""
        return (vietnamese or english) if self.code == "vi" else (english or vietnamese)


def load(folder: Path = FOLDER) -> dict[str, Language]:
    """Return the languages by code."""
    return {code: _read(code, folder / code / "LC_MESSAGES" / "messages.po") for code in LANGUAGES}


def _read(code: str, path: Path) -> Language:
    with path.open("rb") as file:
        catalogue = read_po(file, locale=code)
    messages: dict[str, str] = {}
    plurals: dict[str, tuple[str, ...]] = {}
    for message in catalogue:
        if isinstance(message.id, str) and isinstance(message.string, str) and message.id and message.string:
            messages[message.id] = message.string
        elif isinstance(message.id, tuple) and isinstance(message.string, tuple) and all(message.string):
            plurals[message.id[0]] = message.string
    return Language(code, messages, plurals)
