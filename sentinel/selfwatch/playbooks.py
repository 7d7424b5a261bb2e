"""Writes to the audit log that playbook files differ from those of the start before: they decide what is done."""

from collections.abc import Mapping

from sqlalchemy import Engine, select

from sentinel.accounts.agencies import CITY
from sentinel.audit import Audit
from sentinel.database.connect import reading
from sentinel.database.tables import audit as audit_table
from sentinel.playbooks.library import Library

LOADED = "playbooks.loaded"
DIGEST_CHARACTERS = 16
MAX_PLAYBOOKS = 300
"""What one audit entry holds the digests of; of more, changes are not told apart."""


def note_changes(engine: Engine, audit: Audit, library: Library) -> None:
    """Write one entry for each playbook that was added, changed, removed or is broken, and what is in force now."""
    before = _before(engine)
    now = {name: loaded.digest[:DIGEST_CHARACTERS] for name, loaded in sorted(library.playbooks.items())}
    broken = {fault.path.name: str(fault)[:2_000] for fault in library.faults}
    faults = {f"faulty:{name}": "faulty" for name in broken}
    state = dict(list((now | faults).items())[:MAX_PLAYBOOKS])
    if before == state:
        return
    if before is not None:
        for name, action in changes(before, now).items():
            detail = {"name": name, "from": before.get(name, ""), "to": now.get(name, "")}
            audit.record(actor="system", agency=CITY, action=f"playbook.{action}", object=name, detail=detail)
    for name, reason in broken.items():
        if f"faulty:{name}" not in (before or {}):
            audit.record(actor="system", agency=CITY, action="playbook.faulty", object=name, why=reason)
    audit.record(actor="system", agency=CITY, action=LOADED, object="playbooks", detail=state)


def changes(before: Mapping[str, str], now: Mapping[str, str]) -> dict[str, str]:
    """Return what became of each playbook whose digest differs: `added`, `changed` or `removed`."""
    known = {name: digest for name, digest in before.items() if not name.startswith("faulty:")}
    return {
        name: "added" if name not in known else "removed" if name not in now else "changed"
        for name in sorted(known.keys() | now.keys())
        if known.get(name) != now.get(name)
    }


def _before(engine: Engine) -> dict[str, str] | None:
    query = select(audit_table.c.detail).where(audit_table.c.action == LOADED)
    with reading(engine) as connection:
        found = connection.execute(query.order_by(audit_table.c.sequence.desc()).limit(1)).scalar()
    return None if found is None else {str(name): str(digest) for name, digest in found.items()}
