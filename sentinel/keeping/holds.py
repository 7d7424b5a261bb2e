"""Legal holds: what an authority ordered frozen stays, however old, until somebody lifts the hold, with a reason."""

import re
import secrets
from dataclasses import dataclass

from sqlalchemy import Engine, insert, select, update

from sentinel.accounts.agencies import Agencies
from sentinel.audit import Audit
from sentinel.database.connect import reading
from sentinel.database.dialect import serialise
from sentinel.database.storage_tables import holds
from sentinel.database.text import fit
from sentinel.errors import ConflictError, InputError
from sentinel.model.agency import CITY
from sentinel.model.moment import now, to_text
from sentinel.store.expiry import Held

BEGINNING, END = "0001-01-01T00:00:00.000000Z", "9999-12-31T23:59:59.999999Z"
MAX_WHY_CHARACTERS = 1_000
_PATTERN = re.compile(r"\*|[a-z0-9_]{1,40}(\.[a-z0-9_]{1,40}){0,2}(\.\*)?")


@dataclass(frozen=True, slots=True, kw_only=True)
class Hold:
    """One order to keep."""

    id: str
    agency: str
    """With everything below it; `city` holds what belongs to no agency too."""
    dataset: str
    """A pattern: `*`, `egov.*`, `egov.portal`."""
    from_at: str
    """First time of events, inclusive."""
    to_at: str
    """Last time of events, exclusive."""
    why: str
    placed_by: str
    placed_at: str
    lifted_by: str | None = None
    lifted_at: str | None = None


class Holds:
    """The holds in the database."""

    def __init__(self, engine: Engine, audit: Audit, agencies: Agencies) -> None:
        self._engine = engine
        self._audit = audit
        self._agencies = agencies

    def place(
        self, who: str, *, agency: str, dataset: str, why: str, from_at: str = BEGINNING, to_at: str = END
    ) -> Hold:
        """Hold events of an agency and all below; raise `InputError` for an unknown one, a bad pattern or no reason."""
        self._agencies.scope(agency)
        if not _PATTERN.fullmatch(dataset):
            raise InputError(f"'{dataset[:100]}' names no dataset; write '*', 'egov.*' or 'egov.portal'")
        if from_at >= to_at:
            raise InputError(f"the hold ends at {to_at}, before it begins at {from_at}")
        made = Hold(
            id=secrets.token_hex(8),
            agency=agency,
            dataset=dataset,
            from_at=from_at,
            to_at=to_at,
            why=_reason(why),
            placed_by=fit(who, 100),
            placed_at=to_text(now()),
        )
        detail = {"dataset": dataset, "from": from_at, "to": to_at}
        with self._engine.begin() as connection:
            serialise(connection, holds)
            connection.execute(insert(holds).values({name: getattr(made, name) for name in Hold.__slots__}))
            self._audit.record(
                actor=who, agency=agency, action="hold.placed", object=made.id, why=made.why, detail=detail,
                connection=connection,
            )  # fmt: skip
        return made

    def lift(self, who: str, hold_id: str, why: str) -> Hold:
        """End a hold; raise `InputError` for an unknown one or no reason, `ConflictError` where it has ended."""
        reason = _reason(why)
        with self._engine.begin() as connection:
            mine = holds.c.id == fit(hold_id, 32)
            row = connection.execute(select(holds).where(mine).with_for_update()).mappings().first()
            if row is None:
                raise InputError(f"there is no hold '{hold_id[:32]}'; `sentinel hold list` shows them")
            if row["lifted_at"] is not None:
                raise ConflictError(f"{row['lifted_by']} lifted this hold already, at {row['lifted_at'][:16]}Z")
            values = {"lifted_by": fit(who, 100), "lifted_at": to_text(now())}
            connection.execute(update(holds).where(mine).values(values))
            detail = {"dataset": row["dataset"], "from": row["from_at"], "to": row["to_at"], "placed_for": row["why"]}
            self._audit.record(
                actor=who, agency=row["agency"], action="hold.lifted", object=row["id"], why=reason, detail=detail,
                connection=connection,
            )  # fmt: skip
        return Hold(**{**row, **values})

    def find(self, *, ever: bool = False) -> list[Hold]:
        """Return the holds in force by time of placing; with `ever` those lifted too."""
        query = select(holds).order_by(holds.c.placed_at, holds.c.id)
        with reading(self._engine) as connection:
            rows = connection.execute(query if ever else query.where(holds.c.lifted_at.is_(None))).mappings().all()
        return [Hold(**row) for row in rows]

    def held(self) -> tuple[Held, ...]:
        """Return the holds in force as a store understands them."""
        return tuple(
            Held(
                agencies=None if hold.agency == CITY else self._agencies.scope(hold.agency),
                dataset=hold.dataset,
                start=hold.from_at,
                end=hold.to_at,
            )
            for hold in self.find()
        )


def _reason(why: str) -> str:
    if not (text := why.strip()):
        raise InputError("say why: the order of the authority, with its number and date")
    return fit(text, MAX_WHY_CHARACTERS)
