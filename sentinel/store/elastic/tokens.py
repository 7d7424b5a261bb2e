"""Tokens in `sentinel.pairs`: a field's name and one of its values, so that what has no mapping can be searched.

A token is name, sign, value. The sign is none that a name in a query can hold, and says how the value is written.
"""

import struct

from sentinel.model.record import Scalar
from sentinel.store.values import Address, as_address, as_moment, as_number, as_text
from sentinel.store.words import MAX_COMPARED_CHARACTERS, fold

RAW = "="
"""The text as it is."""
FOLDED = "~"
"""The text without case and accents."""
NUMBER = "#"
"""A number so that the order of the tokens is that of the numbers."""
ADDRESS = "/"
"""An IP address likewise, after its version."""
MOMENT = "%"
"""A time as `moment.to_text` writes it."""
PRESENT = "!"
"""Nothing: the field has a value."""

MAX_OWN_CHARACTERS = 400
"""A longer text has a folded token too: Elasticsearch 8 forgets the case of so much and not much more at once."""
NUMBER_BEGINS = frozenset("-0123456789")
"""With what a text begins that may spell a number."""
_SIGN_BIT = 1 << 63
_ALL_BITS = (1 << 64) - 1
_REST_BIAS = 1 << 15
_LARGEST = 1 << 64
"""Integers beyond lie beyond every bound of a query, so their order does not matter."""


def compared(value: Scalar) -> str:
    """Return the text of a value, as much of it as is compared."""
    return as_text(value)[:MAX_COMPARED_CHARACTERS]


def number_key(number: int | float) -> str:
    """Return 20 hexadecimal digits that sort as the numbers do, integers exactly."""
    if isinstance(number, int):
        number = max(-_LARGEST, min(number, _LARGEST))
    nearest = float(number)
    rest = number - int(nearest) if isinstance(number, int) else 0
    (bits,) = struct.unpack(">Q", struct.pack(">d", nearest + 0.0))
    ordered = bits ^ (_ALL_BITS if bits & _SIGN_BIT else _SIGN_BIT)
    return f"{ordered:016x}{rest + _REST_BIAS:04x}"


def address_key(address: Address) -> str:
    """Return digits that sort as the addresses of one version do."""
    return f"{address.version}{address.packed.hex()}"


def has_folded(text: str) -> bool:
    """Return whether a text is looked for in its folded token alone."""
    return len(text) > MAX_OWN_CHARACTERS or not text.isascii()


def pairs(name: str, value: Scalar, *, is_mapped: bool) -> list[str]:
    """Return the tokens of a value that no mapping holds; with `is_mapped` the field has one that it does not fit."""
    text = compared(value)
    found = [f"{name}{PRESENT}", f"{name}{RAW}{text}"]
    # The raw text serves for letters of ASCII; a mapped field is not looked for there.
    if is_mapped or has_folded(text):
        found.append(f"{name}{FOLDED}{fold(text)}")
    if (number := as_number(value)) is not None:
        found.append(f"{name}{NUMBER}{number_key(number)}")
    if (address := as_address(value)) is not None:
        found.append(f"{name}{ADDRESS}{address_key(address)}")
    if is_mapped and (moment := as_moment(value)) is not None:
        found.append(f"{name}{MOMENT}{moment}")
    return found


def pairs_beside(name: str, text: str) -> list[str]:
    """Return the tokens that a text needs beside its mapping as a keyword."""
    found = []
    if has_folded(text):
        found.append(f"{name}{FOLDED}{fold(text)}")
    if text[:1] in NUMBER_BEGINS and (number := as_number(text)) is not None:
        found.append(f"{name}{NUMBER}{number_key(number)}")
    return found
