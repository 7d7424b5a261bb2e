"""The city's agencies: a dated tree, kept as rows and loaded from the bundled data files."""

from collections.abc import Mapping, Sequence
from difflib import get_close_matches
from importlib import resources

from sqlalchemy import Engine, select

from sentinel.accounts.agency_file import parse
from sentinel.database.connect import reading
from sentinel.database.dialect import upsert
from sentinel.database.tables import agencies
from sentinel.errors import InputError
from sentinel.model.agency import CITY as CITY
from sentinel.model.agency import Agency, AgencyKind, Scope


class Tree:
    """Agencies by id, and who belongs to whom; pure."""

    def __init__(self, listed: Sequence[Agency]) -> None:
        """Take agencies that have been checked by `agency_file`."""
        self.by_id: Mapping[str, Agency] = {agency.id: agency for agency in listed}

    def scope(self, agency_id: str) -> Scope:
        """Return the agency, its descendants at any time, and those whose successor chain leads to one of them.

        What lay below a predecessor is not part of it: it may have gone to somebody else.
        """
        own = {agency_id} | {each for each in self.by_id if agency_id in self._chain(each, "parent")}
        return frozenset(own | {each for each in self.by_id if own & set(self._chain(each, "successor"))})

    def _chain(self, agency_id: str, link: str) -> list[str]:
        chain: list[str] = []
        following = getattr(self.by_id[agency_id], link)
        while following is not None and following in self.by_id and following not in chain:
            chain.append(following)
            following = getattr(self.by_id[following], link)
        return chain


class Agencies:
    """The agencies in the database; they change only by `load`, so they are read once."""

    def __init__(self, engine: Engine) -> None:
        """Keep the tree in the table `agencies` behind `engine`."""
        self._engine = engine
        self._tree: Tree | None = None
        self._scopes: dict[str, Scope] = {}

    def load_bundled(self) -> int:
        """Bring the tree that comes with Sentinel into the database; return how many agencies it has.

        Agencies of the same id are brought up to date, others stay. Loading again changes nothing.
        """
        folder = resources.files("sentinel.accounts") / "data"
        files = sorted((file for file in folder.iterdir() if file.name.endswith(".json")), key=lambda file: file.name)
        return self.load(parse({file.name: file.read_text("utf-8") for file in files}))

    def load(self, listed: Sequence[Agency]) -> int:
        """Bring `listed`, as `agency_file.parse` gives them, into the database; return how many they are."""
        columns = [column.name for column in agencies.columns]
        with self._engine.begin() as connection:
            upsert(connection, agencies, [{name: getattr(each, name) for name in columns} for each in listed])
        self._tree, self._scopes = None, {}
        return len(listed)

    def all(self, on: str | None = None) -> tuple[Agency, ...]:
        """Return all agencies by id, or those that exist on the day `on` (`YYYY-MM-DD`)."""
        listed = self._known().by_id.values()
        return tuple(
            each
            for each in listed
            if on is None or (each.valid_from <= on and (each.valid_to is None or on <= each.valid_to))
        )

    def get(self, agency_id: str) -> Agency | None:
        """Return the agency, or None where there is none."""
        return self._known().by_id.get(agency_id)

    def scope(self, agency_id: str) -> Scope:
        """Return what somebody of this agency may see; raise `InputError` where there is no such agency.

        That is the agency itself, every descendant at any time, and every agency whose successor chain leads there.
        """
        if agency_id not in self._scopes:
            tree = self._known()
            if agency_id not in tree.by_id:
                near = get_close_matches(agency_id[:64], tree.by_id, n=1)
                hint = f"; did you mean '{near[0]}'?" if near else ""
                raise InputError(f"there is no agency '{agency_id[:64]}'{hint}")
            self._scopes[agency_id] = tree.scope(agency_id)
        return self._scopes[agency_id]

    def _known(self) -> Tree:
        tree = self._tree
        if tree is None or not tree.by_id:
            with reading(self._engine) as connection:
                rows = connection.execute(select(agencies).order_by(agencies.c.id)).mappings().all()
            tree = Tree([Agency(**{**row, "kind": AgencyKind(row["kind"])}) for row in rows])
            self._tree, self._scopes = tree, {}
        return tree
