"""State secrets: the level a document bears, markings in a title, and what of a line must not be kept.

Vietnamese law knows three levels, marked on the paper in capitals: MẬT, TỐI MẬT, TUYỆT MẬT. Words that only contain or
mention one (mật khẩu, mật độ, bảo mật, "danh mục bí mật nhà nước độ Tối mật") are no marking.
"""

import json
import re
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass

from sentinel.errors import InputError

SECRET = ("mật", "tối mật", "tuyệt mật")
"""Lowest first."""
LEVELS_SAID = ("secrecy", "marking")
"""Names in which a line says a level itself."""
WITHHELD = "(withheld)"
MAX_TITLE = 2_000
MAX_NESTED = 2_000
"""Objects and lists within one value that are looked through."""

FORBIDDEN = frozenset(
    {
        *("body", "content", "text", "full_text", "fulltext", "html", "ocr", "ocr_text", "file_data"),
        *("attachment", "attachments", "noi_dung", "nội_dung", "toan_van"),
        *("password", "mat_khau", "pin", "otp", "otp_code"),
        *(
            "cccd",
            "cmnd",
            "so_cccd",
            "so_cmnd",
            "citizen_number",
            "citizen_id",
            "citizen_name",
            "ho_ten",
            "phone",
            "sdt",
        ),
    }
)
"""Names that no audit log needs: bodies of documents and mail, secrets of people, and their numbers in the clear."""

_LEVELS = {
    "thuong": "thường",
    "binh thuong": "thường",
    "normal": "thường",
    "noi bo": "nội bộ",
    "internal": "nội bộ",
    "mat": "mật",
    "confidential": "mật",
    "toi mat": "tối mật",
    "secret": "tối mật",
    "tuyet mat": "tuyệt mật",
    "top secret": "tuyệt mật",
}
_SEPARATORS = re.compile(r"[\[\](){}<>|/:;–—\"“”]|\s-+\s|^-+|-+$")
_CAPITALS = re.compile(r"(?<!\w)(?:(?P<above>TUYỆT|TỐI|TUYET|TOI) )?(?:MẬT|(?<=TUYET )MAT|(?<=TOI )MAT)(?!\w)")
_BEFORE = re.compile(r"(?:độ|bảo|bí|cơ|do|bao|bi|co) $", re.IGNORECASE)
_AFTER = re.compile(r" (?:khẩu|độ|mã|vụ|thư|ong|danh|phục|đàm|thám)(?!\w)", re.IGNORECASE)


class WithheldError(InputError):
    """A line that breaks its schema and holds what must not be kept; `original` is what may be."""

    def __init__(self, message: str, original: str) -> None:
        super().__init__(message)
        self.original = original


@dataclass(frozen=True, slots=True)
class Guarded:
    """A line without what must not be kept."""

    body: dict[str, object]
    names: tuple[str, ...]
    """Names whose values were taken out, sorted."""
    marking: str | None
    """Marking found in a title."""

    @property
    def original(self) -> str:
        """The line as it may be kept: the same names, with `(withheld)` where something was taken out."""
        kept = {name: value if _is_flat(value) else "(nested)" for name, value in self.body.items()}
        return json.dumps(kept | dict.fromkeys(self.names, WITHHELD), ensure_ascii=False)


def _is_flat(value: object) -> bool:
    """Return whether a JSON value holds no object: those can be too deep to be written again."""
    if isinstance(value, list):
        return not any(isinstance(item, list | dict) for item in value)
    return not isinstance(value, dict)


def _is_forbidden(name: str) -> bool:
    return unicodedata.normalize("NFC", name.strip()).lower() in FORBIDDEN


def _hides(value: object) -> bool:
    """Return whether an object inside a line has a forbidden name, or has more in it than we look through."""
    waiting = [value] if isinstance(value, dict | list) else []
    for _ in range(MAX_NESTED):
        if not waiting:
            return False
        each = waiting.pop()
        if isinstance(each, dict) and any(map(_is_forbidden, each)):
            return True
        inner = each.values() if isinstance(each, dict) else each if isinstance(each, list) else ()
        waiting += [child for child in inner if isinstance(child, dict | list)]
    return True


def unaccented(text: str) -> str:
    """Return `text` without the marks on its letters, đ as d, in small letters, single spaces."""
    apart = unicodedata.normalize("NFKD", text.replace("đ", "d").replace("Đ", "D"))
    kept = "".join(character for character in apart if not unicodedata.combining(character))
    return " ".join(kept.replace("_", " ").lower().split())


def level_of(text: str) -> str | None:
    """Return the level a word names, as we write it; None where it names none. Accents may be missing."""
    return _LEVELS.get(unaccented(text[:MAX_TITLE]).replace("-", " "))


def marking_in(title: str) -> str | None:
    """Return the highest secrecy marking in a title, or None."""
    visible = "".join(character for character in title[:MAX_TITLE] if unicodedata.category(character) != "Cf")
    text = " ".join(unicodedata.normalize("NFKC", visible).split())
    found = {*_standing_alone(text), *_in_capitals(text)}
    return max(found, key=SECRET.index, default=None)


def _standing_alone(text: str) -> list[str]:
    """Return levels set off by brackets, dashes, colons or ends: `(Tối mật)`, `MẬT - Báo cáo`, `Độ mật: Mật`."""
    found: list[str] = []
    before = ""
    for part in (" ".join(each.split()) for each in _SEPARATORS.split(text)):
        bare = unaccented(part)
        # Without its accent `mat` is a word of its own, so it counts only behind a label.
        if (bare == "mat" and (part.lower() == "mật" or before == "do mat")) or bare in ("toi mat", "tuyet mat"):
            found.append(_LEVELS[bare])
        before = bare or before
    return found


def _in_capitals(text: str) -> list[str]:
    """Return levels written in capitals within a title that is not, nor is about the list of secrets."""
    if not any(character.islower() for character in text) or "danh muc bi mat" in unaccented(text):
        return []
    found = []
    for match in _CAPITALS.finditer(text):
        if _BEFORE.search(text[: match.start()]) or _AFTER.match(text[match.end() :]):
            continue
        found.append(_LEVELS[unaccented(match[0])])
    return found


def guard(body: Mapping[str, object], known: frozenset[str], secret: tuple[str, ...]) -> Guarded:
    """Return `body` without what must not be kept.

    `secret` names titles and file names: they go, and with them every name not in `known`, where the line says that
    the document is secret, or a title bears a marking. `FORBIDDEN` names always go, unless the schema knows them.
    """
    gone = {name for name, value in body.items() if name not in known and (_is_forbidden(name) or _hides(value))}
    titles = [value for name in secret if isinstance(value := body.get(name), str)]
    marking = max((found for title in titles if (found := marking_in(title))), key=SECRET.index, default=None)
    said = [level_of(value) for name in LEVELS_SAID if isinstance(value := body.get(name), str)]
    if secret and (marking is not None or any(level in SECRET for level in said)):
        gone |= {name for name in body if name in secret or name not in known}
    kept = {name: value for name, value in body.items() if name not in gone}
    # An empty value holds nothing that could be taken out.
    names = tuple(sorted(name for name in gone if body[name] not in (None, "")))
    return Guarded(kept, names, marking)
