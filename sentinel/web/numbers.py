"""Numbers as each language writes them."""

from babel.numbers import format_decimal

STEP = 1024


def in_digits(number: float, language: str) -> str:
    """Return `1.234` in Vietnamese and `1,234` in English."""
    return format_decimal(number, locale=language)


def in_bytes(number: float, language: str) -> str:
    """Return a size with its unit."""
    units = ("B", "kB", "MB", "GB", "TB")
    index = 0
    while number >= STEP and index < len(units) - 1:
        number /= STEP
        index += 1
    return f"{format_decimal(round(number, 1 if index else 0), locale=language)} {units[index]}"
