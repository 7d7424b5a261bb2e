"""What the doctor looks at: each check returns a sentence, or raises one that says what is wrong and what to do."""

import shutil
from collections.abc import Callable
from datetime import UTC, timedelta

from cryptography import x509

from sentinel.database.inspection import faults as database_faults
from sentinel.errors import ConflictError, UnavailableError
from sentinel.journal.inspection import inspect as inspect_journal
from sentinel.model.moment import now
from sentinel.selfwatch.disk import DiskHistory
from sentinel.store.repair import file_faults, manifest_fault
from sentinel.wiring import Home

MAX_NAMED = 10
CERTIFICATE_DAYS = 30
DISK_PERCENT = 95
Check = Callable[[Home], str]


def _keys(opened: Home) -> str:
    opened.keys.signing_key()
    return f"CA {opened.keys.ca_fingerprint()[:16]}…, command key in place"


def _certificates(opened: Home) -> str:
    ends = []
    for name, path in (("server", opened.keys.server), ("CA", opened.keys.ca)):
        until = x509.load_pem_x509_certificate(path.read_bytes()).not_valid_after_utc
        if until - now() < timedelta(days=CERTIFICATE_DAYS):
            raise UnavailableError(f"the certificate of the {name} ends on {until:%Y-%m-%d}; replace {path}")
        ends.append(f"{name} until {until.astimezone(UTC):%Y-%m-%d}")
    return ", ".join(ends)


def _database(opened: Home) -> str:
    return f"{opened.engine.dialect.name}, {len(opened.agencies.all())} agencies"


def _audit(opened: Home) -> str:
    return f"{opened.audit.verify()} entries, chain unbroken"


def _rules(opened: Home) -> str:
    rules = opened.rules
    return f"{len(rules.rules)} rules, {len(rules.correlations)} correlations, {len(rules.faults)} set aside"


def _playbooks(opened: Home) -> str:
    return f"{len(opened.library.playbooks)} playbooks, {len(opened.library.faults)} set aside"


def _journal(opened: Home) -> str:
    waiting = 0
    for number in opened.journal.parts():
        part, mark = opened.journal.part(number), opened.store.position(number)
        if mark > part.end():
            raise ConflictError(
                f"the store is at {mark} and the journal ends at {part.end()}: an older journal was put here; the "
                "server reads it anew and drops what is stored"
            )
        if mark and part.begin() > mark:
            raise ConflictError(
                f"{part.begin() - mark} events between the store's mark ({mark}) and the first in the journal "
                f"({part.begin()}) are in neither; restore a newer backup of the store if there is one"
            )
        waiting += part.waiting(mark)
    unit = "batches" if opened.is_shared else "events"
    return f"{waiting} {unit} waiting for the pipeline"


def _store(opened: Home) -> str:
    if (folder := opened.local_store) is not None and (fault := manifest_fault(folder)):
        raise UnavailableError(f"{fault}; stop the server and run `sentinel doctor --repair`")
    if troubles := opened.store.troubles():
        raise UnavailableError(f"{len(troubles)} parts cannot be read: {'; '.join(troubles[:MAX_NAMED])}")
    return "every segment that was read so far is whole"


def _disk(opened: Home) -> str:
    total, _, free = shutil.disk_usage(opened.path)
    percent = 100 * (1 - free / total)
    full_on = DiskHistory(opened.path).full_on(now())
    text = f"{percent:.0f} % used, {free / 1e9:.1f} GB free"
    text += f"; at the present rate full on {full_on:%Y-%m-%d}" if full_on else ""
    if percent >= DISK_PERCENT:
        raise UnavailableError(f"{text}; add space, or shorten times that `sentinel keep` shows above their floor")
    return text


def _deep_database(opened: Home) -> str:
    if found := database_faults(opened.engine):
        raise UnavailableError(f"{'; '.join(found[:MAX_NAMED])}; restore a backup")
    return "every page and every reference is right"


def _deep_journal(opened: Home) -> str:
    if (path := opened.local_journal) is None:
        return "not on this machine"
    found = inspect_journal(path)
    if found.faults:
        raise UnavailableError(
            f"{found.lost} of {found.events} events are damaged: {'; '.join(found.faults[:MAX_NAMED])}; the pipeline "
            "notes them as broken lines and goes on"
        )
    return f"{found.batches} batches with {found.events} events, every checksum right"


def _deep_store(opened: Home) -> str:
    if (folder := opened.local_store) is None:
        return "not on this machine"
    found = file_faults(folder)
    if found.segments or found.made_anew:
        more = [f"{found.made_anew} are damaged (nothing is lost)"] if found.made_anew else []
        raise UnavailableError(
            f"{'; '.join([*found.segments[:MAX_NAMED], *more])}; stop the server and run `sentinel doctor --repair`"
        )
    return "every file is as it was written"


CHECKS: dict[str, Check] = {
    "keys": _keys,
    "certificates": _certificates,
    "database": _database,
    "audit log": _audit,
    "rules": _rules,
    "playbooks": _playbooks,
    "journal": _journal,
    "store": _store,
    "disk": _disk,
}
DEEP_CHECKS: dict[str, Check] = {
    "database, whole": _deep_database,
    "journal, whole": _deep_journal,
    "store, whole": _deep_store,
}
