"""All groups of one correlation, within bounds; what is given up is counted."""

from collections import OrderedDict

import msgspec

from sentinel.detect.correlate.contribution import Contribution, Key
from sentinel.detect.correlate.window import Found, Group, Shape

MAX_GROUPS = 20_000
KEPT_SECONDS = 3_600
"""How long after its window a group is kept, by the server's clock, for records that arrive late."""


_encoder = msgspec.msgpack.Encoder()


class Groups:
    """The groups, the longest untouched first."""

    def __init__(self, shape: Shape, max_held: int) -> None:
        self._shape = shape
        self._kept = shape.span + KEPT_SECONDS * 1_000_000
        self._max_held = max_held
        self._groups: OrderedDict[Key, Group] = OrderedDict()
        self._changed: dict[Key, None] = {}
        """Those of them that were touched since the last checkpoint, the one touched last at the end."""
        self._encoded: dict[Key, msgspec.Raw] = {}
        """What the last checkpoint kept of each, in the same order as the groups."""
        self._gone: dict[Key, None] = {}
        """Those that the last checkpoint kept, and that are there no more, or anew."""
        self.held = 0
        """Contributions of all groups."""
        self.evicted = 0
        """Contributions given up because memory is bounded."""

    def take(self, key: Key, added: Contribution, clock: int) -> Found | None:
        """Take a contribution into its group; return the window it completes, which is used up."""
        self.expire(clock)
        self._touch(key)
        group = self._groups.get(key)
        if group is None:
            group = self._groups[key] = Group()
        else:
            self._groups.move_to_end(key)
        group.touched = clock
        before = len(group.waiting)
        found, dropped = group.take(added, self._shape)
        self.held += len(group.waiting) - before
        self.evicted += dropped
        if not group.waiting:
            self._remove(key)
        while len(self._groups) > MAX_GROUPS or (self.held > self._max_held and len(self._groups) > 1):
            self.evicted += self._forget(next(iter(self._groups)))
        return found

    def expire(self, clock: int) -> None:
        """Forget groups that nothing has touched for a window and more; when it is called changes no answer."""
        oldest = clock - self._kept
        while self._groups:
            key = next(iter(self._groups))
            if self._groups[key].touched >= oldest:
                return
            self._forget(key)

    def __len__(self) -> int:
        """Return how many there are."""
        return len(self._groups)

    def put_back(self, key: Key, group: Group) -> None:
        """Take in a group as a checkpoint has it."""
        self.drop(key)
        self._touch(key)
        self._groups[key] = group
        self.held += len(group.waiting)

    def drop(self, key: Key) -> None:
        """Be without a group, as a checkpoint says; it may be gone already."""
        if key in self._groups:
            self._forget(key)

    def encoded(self) -> list[msgspec.Raw]:
        """Return each as a checkpoint keeps it: key, time and what waits; the longest untouched first."""
        self.changes()
        return list(self._encoded.values())

    def changes(self) -> tuple[list[msgspec.Raw], list[Key]]:
        """Return the groups touched since the last call, as `encoded` does, and the keys of those that are gone."""
        changed, gone = list(self._changed), list(self._gone)
        for key in changed:
            group = self._groups[key]
            # At the end, where the group itself went when it was touched.
            self._encoded.pop(key, None)
            self._encoded[key] = msgspec.Raw(_encoder.encode((key, group.touched, group.waiting)))
        self._changed.clear()
        self._gone.clear()
        return [self._encoded[key] for key in changed], gone

    def _touch(self, key: Key) -> None:
        self._changed.pop(key, None)
        self._changed[key] = None

    def _remove(self, key: Key) -> Group:
        # Where no checkpoint is ever asked for, what is gone must not be remembered either.
        self._changed.pop(key, None)
        if self._encoded.pop(key, None) is not None:
            self._gone[key] = None
        return self._groups.pop(key)

    def _forget(self, key: Key) -> int:
        gone = len(self._remove(key).waiting)
        self.held -= gone
        return gone
