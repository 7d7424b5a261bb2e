"""Users: who they are, what they may do, and which part of the city they see."""

import re
import secrets
import unicodedata
from dataclasses import dataclass

from sqlalchemy import Connection, Engine, Row, delete, insert, select, update
from sqlalchemy.exc import IntegrityError

from sentinel.accounts.agencies import Agencies
from sentinel.accounts.passwords import Passwords
from sentinel.audit import Audit
from sentinel.database.connect import reading
from sentinel.database.tables import sessions, sign_in_links, users
from sentinel.errors import ConflictError, InputError
from sentinel.model import moment
from sentinel.model.agency import Scope
from sentinel.model.principal import Principal, Role

LANGUAGES = ("vi", "en")
_NAME = re.compile(r"[^\W_][\w.@+-]{0,63}")


@dataclass(frozen=True, slots=True, kw_only=True)
class UserRow:
    """A user as an administrator sees one."""

    id: str
    name: str
    role: Role
    agency: str
    language: str
    disabled: bool
    has_password: bool
    """False: signs in by one-time links only."""
    created_at: str


def name_key(name: str) -> str:
    """Return `name` in the one form it is kept and looked up: NFC, case folded."""
    folded = unicodedata.normalize("NFC", name.strip().encode("utf-8", "replace").decode("utf-8")).casefold()
    return unicodedata.normalize("NFC", folded)


class Users:
    """The users in the database."""

    def __init__(
        self, engine: Engine, audit: Audit, *, agencies: Agencies | None = None, passwords: Passwords | None = None
    ) -> None:
        """Keep users behind `engine`; `passwords` sets the cost of their hashes."""
        self._engine = engine
        self._audit = audit
        self._agencies = agencies or Agencies(engine)
        self.passwords = passwords or Passwords()

    def create(
        self, *, name: str, role: Role, agency: str, password: str | None = None, language: str = "vi", actor: str
    ) -> Principal:
        """Add a user; without a password they sign in by one-time links.

        Raises `InputError` for a bad name, password, language or agency, `ConflictError` where the name is taken.
        """
        key = name_key(name)
        if not _NAME.fullmatch(key):
            raise InputError(f"'{name[:64]}' is no user name; use 1 to 64 letters, digits and . @ + - _")
        if language not in LANGUAGES:
            raise InputError(f"unknown language '{language[:10]}'; use vi or en")
        scope = self._agencies.scope(agency)
        values = {
            "id": secrets.token_hex(16),
            "name": key,
            "password_hash": None if password is None else self.passwords.hash(password),
            "role": role.value,
            "agency": agency,
            "language": language,
            "disabled": False,
            "created_at": moment.to_text(moment.now()),
        }
        try:
            with self._engine.begin() as connection:
                connection.execute(insert(users).values(values))
                self._note(connection, actor, "user.created", agency, key, {"role": role.value})
        except IntegrityError as error:
            raise ConflictError(f"there is a user '{key}' already") from error
        return Principal(id=str(values["id"]), name=key, role=role, agency=agency, scope=scope, language=language)

    def find(self, scope: Scope) -> list[UserRow]:
        """Return the users of the agencies in `scope`, by name."""
        query = select(users).where(users.c.agency.in_(sorted(scope))).order_by(users.c.name)
        with reading(self._engine) as connection:
            return [
                UserRow(
                    id=row.id,
                    name=row.name,
                    role=Role(row.role),
                    agency=row.agency,
                    language=row.language,
                    disabled=row.disabled,
                    has_password=row.password_hash is not None,
                    created_at=row.created_at,
                )
                for row in connection.execute(query)
            ]

    def set_password(self, user_id: str, password: str, actor: str) -> None:
        """Give the user a new password and end their sessions; raise `InputError` where it is too short."""
        self._change(user_id, actor, "user.password_changed", password_hash=self.passwords.hash(password))

    def disable(self, user_id: str, actor: str) -> None:
        """Keep the user from signing in and end their sessions; what they did stays under their name."""
        self._change(user_id, actor, "user.disabled", disabled=True)

    def principal(self, user_id: str) -> Principal | None:
        """Return the user as one who may act, or None where there is none or they are disabled."""
        with reading(self._engine) as connection:
            row = connection.execute(select(users).where(users.c.id == user_id)).first()
        return self._principal(row)

    def by_name(self, name: str) -> Principal | None:
        """Return the user of that name, in any case or Unicode form, or None as `principal` does."""
        with reading(self._engine) as connection:
            row = connection.execute(select(users).where(users.c.name == name_key(name))).first()
        return self._principal(row)

    def check_password(self, name: str, password: str) -> tuple[Principal | None, str]:
        """Return the user where name and password are right, else None; and the agency to note the attempt for.

        Takes as long for a name that nobody has. A hash of an older cost is replaced by one of today's.
        """
        with reading(self._engine) as connection:
            row = connection.execute(select(users).where(users.c.name == name_key(name))).first()
        stored = row.password_hash if row else None
        if not self.passwords.verify(stored, password) or row is None or row.disabled:
            return None, row.agency if row else ""
        if self.passwords.is_outdated(row.password_hash):
            with self._engine.begin() as connection:
                query = update(users).where(users.c.id == row.id, users.c.password_hash == stored)
                connection.execute(query.values(password_hash=self.passwords.hash(password)))
        return self._principal(row), row.agency

    def _change(self, user_id: str, actor: str, action: str, **values: object) -> None:
        with self._engine.begin() as connection:
            row = connection.execute(select(users).where(users.c.id == user_id)).first()
            if row is None:
                raise InputError(f"there is no user '{user_id[:64]}'")
            connection.execute(update(users).where(users.c.id == user_id).values(**values))
            for table in (sessions, sign_in_links):
                connection.execute(delete(table).where(table.c.user_id == user_id))
            self._note(connection, actor, action, row.agency, row.name, {})

    def _note(
        self, connection: Connection, actor: str, action: str, agency: str, name: str, detail: dict[str, object]
    ) -> None:
        self._audit.record(actor=actor, agency=agency, action=action, object=name, detail=detail, connection=connection)

    def _principal(self, row: Row[tuple[object, ...]] | None) -> Principal | None:
        if row is None or row.disabled:
            return None
        return Principal(
            id=row.id,
            name=row.name,
            role=Role(row.role),
            agency=row.agency,
            scope=self._agencies.scope(row.agency),
            language=row.language,
        )
