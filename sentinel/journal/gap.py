"""The conflict that every journal raises for lines that are missing in between."""

from sentinel.errors import ConflictError


class SequenceGapError(ConflictError):
    """A batch begins after the next sequence expected; the collector must send from there."""

    def __init__(self, collector: str, epoch: str, *, expected: int, first: int) -> None:
        super().__init__(
            f"collector {collector}, epoch {epoch}: batch begins at {first}, expected {expected}; send again from there"
        )
        self.expected = expected
