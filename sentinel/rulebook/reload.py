"""Notices that rule files have changed, loads them in the background, and hands a whole set over or none."""

import logging
from collections.abc import Callable, Sequence
from pathlib import Path

from sentinel.accounts.agencies import CITY
from sentinel.audit import Audit
from sentinel.database.text import fit
from sentinel.detect.rule import Fault, RuleSet
from sentinel.errors import InputError
from sentinel.model.moment import now
from sentinel.rulebook.files import fingerprint
from sentinel.rulebook.shelf import Loaded, Shelf, loaded

log = logging.getLogger(__name__)

ATTEMPTS = 5
"""Files that keep changing while they are read are read so often before the next look."""
MAX_NAMED = 20
"""Broken files that a log line and an audit entry name."""
Load = Callable[[Sequence[Path]], RuleSet]
Take = Callable[[RuleSet], None]


class Reloader:
    """Keeps the rules in force equal to the files. One thread calls it."""

    def __init__(
        self, paths: Sequence[Path], load: Load, take: Take, shelf: Shelf, audit: Audit, also: Sequence[Path] = ()
    ) -> None:
        """Load with `load`; `take` prepares what works with a set (slow) and returns when it will be used next.

        `also` are files that `load` reads besides the rules: pipelines, placeholders.
        """
        self._paths = tuple(paths)
        self.watched = (*self._paths, *also)
        self._load = load
        self._take = take
        self._shelf = shelf
        self._audit = audit
        self._seen: str | None = None
        self.at_hand = ""
        """Fingerprint of the files of the set that was read last; empty while they keep changing."""

    def start(self) -> RuleSet:
        """Return the first set, put on the shelf; whatever is wrong with it is logged by name."""
        rules, self._seen = self._read()
        for fault in rules.faults[:MAX_NAMED]:
            log.warning("A rule is set aside.", extra={"path": str(fault.path), "reason": fault.message})
        if len(rules.faults) > MAX_NAMED:
            log.warning("More rules are set aside.", extra={"more": len(rules.faults) - MAX_NAMED})
        self._shelf.now = loaded(rules, now())
        return rules

    def look(self) -> bool:
        """Take the rules anew if their files have changed or somebody asks; return whether a new set is in force."""
        asked_by, self._shelf.asked_by = self._shelf.asked_by, ""
        actor = asked_by or "system"
        try:
            if not asked_by and self._seen == fingerprint(self.watched):
                return False
            rules, seen = self._read()
        except InputError as error:
            # A folder is gone, maybe for a moment only: it is read when it is there again.
            self._seen = None
            self._refuse(actor, str(error), is_asked=bool(asked_by))
            return False
        if not rules.rules and not rules.correlations:
            self._seen = seen
            self._refuse(actor, "the folders hold no usable rule", is_asked=bool(asked_by))
            return False
        self._take(rules)
        self._seen = seen
        self._put(actor, rules)
        return True

    def _read(self) -> tuple[RuleSet, str]:
        """Return the rules and the fingerprint of the files they came from: files that change meanwhile are read anew.

        So a set is never half of the old files and half of the new ones, however they are written.
        """
        for _ in range(ATTEMPTS):
            before = fingerprint(self.watched)
            rules = self._load(self._paths)
            if fingerprint(self.watched) == before:
                self.at_hand = before
                return rules, before
        self.at_hand = ""
        return rules, ""

    def _refuse(self, actor: str, reason: str, *, is_asked: bool) -> None:
        if self._shelf.refused == reason and not is_asked:
            return
        self._shelf.refused = reason
        log.error("The changed rules are not taken; those in force stay.", extra={"reason": reason})
        self._audit.record(
            actor=actor, agency=CITY, action="rules.reload_refused", object="rules", detail={"reason": reason}
        )

    def _put(self, actor: str, rules: RuleSet) -> None:
        before, after = self._shelf.now, loaded(rules, now())
        self._shelf.now, self._shelf.refused = after, ""
        self._name_new_faults(actor, before, after)
        broken = [fault for fault in after.faults if not fault.is_set_aside]
        detail = {
            "value": len(after.infos),
            "limit": len(before.infos),
            "added": sum(each not in before.infos for each in after.infos),
            "removed": sum(each not in after.infos for each in before.infos),
            "broken": len(broken),
            "broken_files": [fit(f"{fault.path.name}: {fault.message}", 300) for fault in broken[:MAX_NAMED]],
        }
        level = logging.WARNING if broken else logging.INFO
        log.log(level, "The rules are reloaded.", extra={**detail, "actor": actor})
        self._audit.record(actor=actor, agency=CITY, action="rules.changed", object="rules", detail=detail)

    def _name_new_faults(self, actor: str, before: Loaded, after: Loaded) -> None:
        known = {_key(fault) for fault in before.faults}
        new = [fault for fault in after.faults if not fault.is_set_aside and _key(fault) not in known]
        for fault in new[:MAX_NAMED]:
            self._audit.record(
                actor=actor,
                agency=CITY,
                action="rule.faulty",
                object=str(fault.path),
                why=fault.message[:2_000],
                detail={"rule_id": fault.rule_id or ""},
            )


def _key(fault: Fault) -> tuple[str, str]:
    return str(fault.path), fault.message
