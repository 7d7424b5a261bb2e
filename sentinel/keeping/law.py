"""For how long the law wants logs kept, by level of the information system; pure.

TCVN 14423:2026, mandatory by Decree 331/2026/NĐ-CP, Articles 28-30; the levels are those of its Articles 12-15.
"""

from sentinel.errors import InputError

LAW = "TCVN 14423:2026, mandatory by Decree 331/2026/NĐ-CP, Articles 28-30"
HIGHEST_LEVEL = 5
_MONTHS = {1: 0, 2: 1, 3: 3, 4: 6, 5: 12}
"""Level 1: the standard names no time."""
_DAYS = {0: 1, 1: 31, 3: 92, 6: 184, 12: 366}
"""The longest that so many months in a row can be: a month of the law is never cut short."""


def floor_days(level: int) -> int:
    """Return the fewest days that logs of a system of this level are kept; raise `InputError` for no level."""
    if level not in _MONTHS:
        raise InputError(f"a system has a level from 1 to {HIGHEST_LEVEL}, not {level}")
    return _DAYS[_MONTHS[level]]


def check(name: str, days: int, level: int) -> int:
    """Return `days`; raise `InputError` naming the setting, the law and the floor where they are too few."""
    if days < (floor := floor_days(level)):
        months = _MONTHS[level]
        least = f"{months} month{'s' if months > 1 else ''}, so {floor} days" if months else f"{floor} day"
        raise InputError(f"{name}: {days} days are too few for a system of level {level}: {least} at least ({LAW})")
    return days
