"""Characters that hide, reorder or break text are shown by their number instead of taking effect."""

import re

# Controls except tab and line feed, format characters (bidi, zero width, tags), separators, surrogates, private use.
UNSEEN = re.compile(
    "[\x00-\x08\x0b-\x1f\x7f-\x9f\u00ad\u034f\u0600-\u0605\u061c\u06dd\u070f\u115f\u1160\u17b4\u17b5\u180b-\u180e"
    "\u200b-\u200f\u2028-\u202e\u2060-\u206f\u3164\ufe00-\ufe0f\ufeff\uffa0\ufff0-\ufffb\ud800-\udfff\ue000-\uf8ff"
    "\U000e0000-\U000e0fff\U000f0000-\U0010ffff]"
)


def visible(text: str) -> str:
    """Return `text` with each unseen character as `‹U+202E›`; what people can see stays as it is."""
    return UNSEEN.sub(lambda match: f"‹U+{ord(match.group()):04X}›", text)
