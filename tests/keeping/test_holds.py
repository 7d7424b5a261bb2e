"""Promises of legal holds: placed and lifted with a reason, audited, and understood by the store."""

import pytest
from sqlalchemy import Engine

from sentinel.accounts.agencies import Agencies
from sentinel.audit import Audit
from sentinel.errors import ConflictError, InputError
from sentinel.keeping.holds import BEGINNING, END, Holds

ORDER = "Công văn 12/A05 ngày 20/11/2026"


@pytest.fixture
def holds(engine: Engine, log: Audit) -> Holds:
    return Holds(engine, log, Agencies(engine))


def test_a_hold_is_in_force_until_it_is_lifted(holds: Holds, log: Audit) -> None:
    made = holds.place("an", agency="dept-a", dataset="egov.*", why=ORDER, from_at="2026-01-01T00:00:00.000000Z")
    assert holds.find() == [made]
    (held,) = holds.held()
    assert (held.agencies, held.dataset, held.start, held.end) == (
        frozenset({"dept-a"}), "egov.*", "2026-01-01T00:00:00.000000Z", END,
    )  # fmt: skip
    lifted = holds.lift("bình", made.id, "Công văn 15/A05")
    assert holds.held() == ()
    assert holds.find() == []
    assert holds.find(ever=True) == [lifted]
    with pytest.raises(ConflictError, match="bình lifted this hold already"):
        holds.lift("an", made.id, "once more")
    said = [(entry.action, entry.actor, entry.agency, entry.why) for entry in log.entries()]
    assert said == [
        ("hold.placed", "an", "dept-a", ORDER), ("hold.lifted", "bình", "dept-a", "Công văn 15/A05"),
    ]  # fmt: skip


def test_a_hold_of_the_city_holds_what_belongs_to_nobody_too(holds: Holds) -> None:
    holds.place("an", agency="city", dataset="*", why=ORDER)
    assert [(each.agencies, each.start, each.end) for each in holds.held()] == [(None, BEGINNING, END)]


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"agency": "nowhere"}, "no agency"), ({"dataset": "egov.%"}, "names no dataset"), ({"why": " "}, "say why"),
        ({"dataset": ""}, "names no dataset"), ({"from_at": END, "to_at": BEGINNING}, "before it begins"),
    ],
)  # fmt: skip
def test_what_makes_no_hold_is_refused(holds: Holds, log: Audit, changes: dict[str, str], sentence: str) -> None:
    with pytest.raises(InputError, match=sentence):
        holds.place("an", **{"agency": "dept-a", "dataset": "*", "why": ORDER} | changes)
    assert holds.find(ever=True) == []
    assert log.entries() == []


def test_an_unknown_hold_cannot_be_lifted(holds: Holds) -> None:
    with pytest.raises(InputError, match="no hold 'x'"):
        holds.lift("an", "x", "why")
