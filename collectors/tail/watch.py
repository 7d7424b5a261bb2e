"""All files of one pattern: which to follow, in which order, and what rotation made of them."""

import glob
import logging
from collections.abc import Callable, Iterator, Mapping, Sequence, Set
from dataclasses import dataclass, field, replace
from itertools import islice

from collectors.reading import GAP, Reading
from collectors.tail.fingerprint import Fingerprint, Key, Place
from collectors.tail.follower import Follower, Source, TruncatedError
from collectors.tail.siblings import Found, copy_of, is_copy, is_same, look, renamed, rotated_since

log = logging.getLogger(__name__)

MAX_FILES = 500
MAX_DONE = 32
GLOB_SECONDS = 1.0
FLUSH_SECONDS = 5.0
"""An unfinished last line of a rotated file is taken as it is after so long without growth."""
CLOSE_SECONDS = 300.0
"""A rotated file is let go after so long without growth; some programs write on in the old one for minutes."""


@dataclass(slots=True)
class Watch:
    """Follows every file that `pattern` matches, and each of them through its rotations.

    Old generations are read before the present one. A file that is a copy of a followed one (`copytruncate`) is not
    read again: it waits until its original is emptied, and then gives what the original could not any more.
    """

    pattern: str
    source: Source
    clock: Callable[[], float]
    """Monotonic seconds."""
    followers: list[Follower] = field(default_factory=list)
    """Rotated ones before those that took their place."""
    _copies: dict[Key, Follower] = field(default_factory=dict)
    """Copies that wait, with their originals."""
    _done: list[Place] = field(default_factory=list)
    """The last files that were let go."""
    _said: list[Reading] = field(default_factory=list)
    _refused: set[str] = field(default_factory=set)
    _paths: list[str] = field(default_factory=list)
    _globbed_at: float | None = None

    def begin(self, *, at_end: bool) -> None:
        """Start for the first time."""
        for found in self._matches():
            follower = self._follow(found.path, Fingerprint())
            if follower is not None and at_end:
                follower.to_end()

    def resume(self, places: Sequence[Place]) -> None:
        """Go on where a former life stopped, wherever rotation has taken those files since."""
        self._done = [place for place in places if place.is_done]
        matched = {found.key: found for found in self._matches()}
        followed = [place for place in places if not place.is_done]
        resumed = {place.path: self._resume(place, matched) for place in followed}
        # Of several places with one name the last is the present file: only its rotation brought new generations.
        for follower in resumed.values():
            if follower is not None and follower.is_rotated:
                self._take_missed(follower, frozenset())

    def read(self, limit: int) -> list[Reading]:
        """Return at most about `limit` readings of what is there now."""
        self._scan()
        readings: list[Reading] = []
        is_settled = False
        while not is_settled:
            before = [follower.key for follower in self.followers]
            for follower in list(self.followers):
                if len(readings) < limit:
                    readings.extend(self._read(follower, limit - len(readings)))
            # A truncation brings a copy to read before the emptied file goes on.
            is_settled = bool(readings) or before == [follower.key for follower in self.followers]
        readings.extend(self._said)
        self._said = []
        return readings

    def places(self) -> list[Place]:
        """Return how far each file was read."""
        return [*self._done, *(follower.place for follower in self.followers)]

    def close(self) -> None:
        """Close all files."""
        for follower in self.followers:
            follower.close()
        self.followers.clear()

    # --- which files there are

    def _matches(self) -> Iterator[Found]:
        if not glob.has_magic(self.pattern):
            self._paths = [self.pattern]
        elif self._globbed_at is None or self.clock() - self._globbed_at >= GLOB_SECONDS:
            self._globbed_at = self.clock()
            self._paths = sorted(islice(glob.iglob(self.pattern, recursive=True), MAX_FILES + 1))  # noqa: PTH207
            if len(self._paths) > MAX_FILES:
                self._refuse(self.pattern, f"matches more than {MAX_FILES} files; the others are not read")
                self._paths.pop()
        for path in self._paths:
            if (found := look(path)) is not None:
                yield found

    def _scan(self) -> None:
        by_key = {follower.key: follower for follower in self.followers}
        present: set[Key] = set()
        new: list[Found] = []
        for found in self._matches():
            present.add(found.key)
            follower = by_key.get(found.key)
            if follower is not None:
                follower.path = found.path
                follower.is_rotated = False
            elif not self._is_waiting_copy(found):
                new.append(found)
        for follower in list(self.followers):
            if follower.key not in present and not follower.is_rotated:
                self._rotate(follower, {found.key for found in new})
        for found in new:
            before = [follower for follower in self.followers if follower.path == found.path]
            if before:
                self._take_missed(before[-1], {found.key for found in new})
            self._follow(found.path, Fingerprint())

    def _rotate(self, follower: Follower, new: Set[Key]) -> None:
        """Note that its name belongs to another file now, or to none; it is read to its end all the same."""
        follower.is_rotated = True
        follower.changed_at = self.clock()
        follower.look_again()
        self._take_missed(follower, new)

    def _is_waiting_copy(self, found: Found) -> bool:
        original = self._copies.get(found.key)
        candidates = self.followers if original is None else [original]
        for each in candidates:
            if not each.is_rotated and is_copy(found, each.real, each.fingerprint, each.holds):
                self._copies[found.key] = each
                return True
        self._copies.pop(found.key, None)
        return False

    def _take_missed(self, follower: Follower, new: Set[Key]) -> None:
        """Follow generations that came and went while nobody looked (the collector was stopped, or had to wait)."""
        current = look(follower.path)
        known = {each.key for each in self.followers} | new | self._copies.keys()
        if current is not None:
            known.add(current.key)

        def is_known(found: Found) -> bool:
            if found.key in known:
                return True
            places = [*self._done, *(each.place for each in self.followers)]
            return any(place.fingerprint.offset and is_same(found.path, place.fingerprint) for place in places)

        for found in rotated_since(follower.real, follower.modified_ns, is_known):
            missed = self._follow(found.path, Fingerprint())
            if missed is not None:
                missed.real, missed.is_rotated = follower.real, True

    def _follow(
        self, path: str, fingerprint: Fingerprint, *, before: Follower | None = None, is_skipping: bool = False
    ) -> Follower | None:
        try:
            follower = Follower(self.source, path, fingerprint, is_skipping=is_skipping)
        except FileNotFoundError:
            return None
        except OSError as error:
            self._refuse(path, f"cannot be read: {error.strerror}; grant the collector's user the right to read it")
            return None
        self._refused.discard(path)
        follower.changed_at = self.clock()
        place = len(self.followers) if before is None else self.followers.index(before)
        self.followers.insert(place, follower)
        return follower

    # --- reading one

    def _read(self, follower: Follower, limit: int) -> list[Reading]:
        try:
            readings = self._lines(follower, limit)
            if follower.is_rotated and not readings:
                readings = self._settle(follower)
        except TruncatedError:
            return self._emptied(follower)
        except OSError as error:
            self._refuse(follower.path, f"cannot be read: {error.strerror}")
            return []
        if readings:
            follower.changed_at = self.clock()
        return readings

    def _lines(self, follower: Follower, limit: int) -> list[Reading]:
        while True:
            before = follower.fingerprint.offset
            readings = follower.read(limit)
            if readings or follower.fingerprint.offset == before:
                return readings

    def _settle(self, follower: Follower) -> list[Reading]:
        """Finish with a rotated file that has not grown for a while."""
        quiet = self.clock() - follower.changed_at
        if quiet >= FLUSH_SECONDS and follower.has_unread:
            return follower.flush()
        if quiet >= CLOSE_SECONDS:
            self._let_go(follower)
        return []

    def _let_go(self, follower: Follower) -> None:
        follower.close()
        self.followers.remove(follower)
        self._done = [*self._done, replace(follower.place, is_done=True)][-MAX_DONE:]

    def _emptied(self, follower: Follower) -> list[Reading]:
        """Answer to truncation: go on in the copy that rotation made, else say what may be missing; then start over."""
        path, offset = follower.path, follower.fingerprint.offset
        copy = copy_of(follower.real, {each.key for each in self.followers}, follower.fingerprint)
        heir = None if copy is None else self._follow(copy.path, follower.fingerprint, before=follower)
        unfinished = follower.begin_again()
        if heir is not None:
            self._copies.pop(heir.key, None)
            heir.path, heir.real, heir.is_rotated = path, follower.real, True
            self._take_missed(heir, frozenset())
            return []
        log.warning("A followed file was emptied in place.", extra={"path": path, "offset": offset})
        self._say(f"{path} was emptied in place at byte {offset}; lines written just before may be missing", path)
        return unfinished

    # --- after a restart

    def _resume(self, place: Place, matched: Mapping[Key, Found]) -> Follower | None:
        here = matched.get(place.key) or look(place.real)
        if here is None or here.key != place.key or not is_same(here.path, place.fingerprint):
            here = renamed(place.real, place.key, place.fingerprint)
        here = here or copy_of(place.real, {each.key for each in self.followers}, place.fingerprint)
        if here is None:
            self._missing(place)
            return None
        follower = self._follow(here.path, place.fingerprint, is_skipping=place.is_skipping)
        if follower is not None:
            follower.real = place.real
            if here.key not in matched:
                follower.path, follower.is_rotated = place.path, True
        return follower

    def _missing(self, place: Place) -> None:
        is_read = place.size <= place.fingerprint.offset
        if is_read and (place.is_rotated or place.size == 0):
            return
        log.warning("The rest of a file is gone.", extra={"path": place.path, "offset": place.fingerprint.offset})
        self._say(
            f"{place.path}: what followed byte {place.fingerprint.offset} is gone; the file was emptied, replaced or "
            "deleted while the collector was stopped",
            place.path,
        )

    def _say(self, sentence: str, path: str) -> None:
        self._said.append(Reading(GAP, sentence, self.source.now(), {"log.file.path": path}))

    def _refuse(self, path: str, fault: str) -> None:
        if path not in self._refused:
            self._refused.add(path)
            log.warning("A file cannot be read.", extra={"path": path, "fault": fault})
            self._say(f"{path} {fault}", path)
