"""From settings to what keeps, holds, deletes and copies."""

from functools import cached_property
from pathlib import Path

from sentinel.errors import InputError
from sentinel.keeping.backup.save import Source
from sentinel.keeping.holds import Holds
from sentinel.keeping.keeper import Keeper
from sentinel.wiring.foundation import Foundation


class Keeping(Foundation):
    """The part of a home that knows how long what is kept."""

    @cached_property
    def holds(self) -> Holds:
        """Return the legal holds."""
        return Holds(self.engine, self.audit, self.agencies)

    @cached_property
    def keeper(self) -> Keeper:
        """Return what deletes what is past its time."""
        return Keeper(self.store, self.engine, self.audit, self.holds, self.settings.keep.terms())

    @property
    def backup_source(self) -> Source:
        """Return what a backup of this home copies."""
        journal, store, database = self._places()
        return Source(
            home=self.path.absolute(),
            engine=self.engine,
            audit=self.audit,
            journal=journal,
            store=store,
            database=database,
        )

    @property
    def local_journal(self) -> Path | None:
        """Return the journal's file, None where it is not on this machine."""
        return self._places()[0]

    @property
    def local_store(self) -> Path | None:
        """Return the store's folder, None where the events are not on this machine."""
        return self._places()[1]

    def check_it_lies_inside(self) -> None:
        """Raise `InputError` where settings place files elsewhere: another home may use those. Opens nothing."""
        journal, store, database = self._places()
        home = self.path.absolute()
        for name, path, usual in (("journal.url", journal, "journal.db"), ("store.url", store, "events")):
            if path is not None and path != home / usual:
                raise InputError(
                    f"{name} is not 'local:{usual}'; set it so in the backup's sentinel.toml, restore, and move it"
                )
        if database is not None and not database.is_relative_to(home):
            raise InputError("database.url is a file outside of the home; another home may use it")

    def _places(self) -> tuple[Path | None, Path | None, Path | None]:
        """Return where journal, store and database lie, None where they are no files of this machine."""
        journal, store = (
            self.place(url).absolute() if url.startswith("local:") else None
            for url in (self.settings.journal.url, self.settings.store.url)
        )
        database = self.database.url.database if self.database.dialect.name == "sqlite" else None
        return journal, store, Path(database) if database else None
