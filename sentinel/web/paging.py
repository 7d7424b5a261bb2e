"""A long list in pages."""

from dataclasses import dataclass

SIZE = 50


@dataclass(frozen=True, slots=True)
class Paging:
    """Where in a list the reader is; pages count from 1."""

    number: int
    total: int
    size: int = SIZE

    @property
    def offset(self) -> int:
        """Position of the first row."""
        return (self.number - 1) * self.size

    @property
    def first(self) -> int:
        """First row shown, counted from 1; 0 in an empty list."""
        return min(self.offset + 1, self.total)

    @property
    def last(self) -> int:
        """Last row shown."""
        return min(self.offset + self.size, self.total)

    @property
    def has_more(self) -> bool:
        """Whether a page follows."""
        return self.last < self.total
