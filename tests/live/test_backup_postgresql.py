"""A home whose state is in PostgreSQL is copied and comes back, into another PostgreSQL database or into a file."""

from contextlib import closing
from pathlib import Path

import psycopg
import pytest

from sentinel.cli.init import create
from sentinel.database.transfer import export
from sentinel.errors import ConflictError
from sentinel.keeping.backup.restore import fill, restored
from sentinel.keeping.backup.save import save
from sentinel.model.principal import Role
from sentinel.wiring import open_home
from tests.live.servers.postgres import PostgresServer

pytestmark = [pytest.mark.live, pytest.mark.slow]


def fresh(postgres: PostgresServer, name: str) -> str:
    """Return the URL of a new, empty database."""
    with psycopg.connect(postgres.url, autocommit=True) as connection:
        connection.execute(f"DROP DATABASE IF EXISTS {name}")  # type: ignore[arg-type]
        connection.execute(f"CREATE DATABASE {name}")  # type: ignore[arg-type]
    return postgres.url.rpartition("/")[0] + f"/{name}"


@pytest.mark.parametrize("target", ["postgresql", "file"])
def test_state_in_postgresql_comes_back(
    postgres: PostgresServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, target: str
) -> None:
    variable = "SENTINEL_DATABASE__URL"
    monkeypatch.setenv(variable, fresh(postgres, "before"))
    home = tmp_path / "home"
    create(home, host="127.0.0.1", port=8443, names=["localhost"], administrator="admin")
    with closing(open_home(home)) as opened:
        opened.holds.place("an", agency="city", dataset="egov.*", why="lệnh 12")
        opened.users.create(name="bình", role=Role.OPERATOR, agency="city", actor="an")
        opened.store.mark()
        opened.journal.last_sequence("c", "e")
        save(opened.backup_source, tmp_path / "b", passphrase=None, is_linked=False, tell=lambda _: None)
        state = list(export(opened.engine))
    assert any("lệnh 12" in line for line in state)

    monkeypatch.setenv(variable, fresh(postgres, "after") if target == "postgresql" else "sqlite:///state.db")
    bring_back(tmp_path / "b", tmp_path / "r")
    with closing(open_home(tmp_path / "r")) as opened:
        assert [line for line in export(opened.engine) if "backup.restored" not in line] == state
        assert opened.audit.verify() > 0
    if target == "postgresql":
        with pytest.raises(ConflictError, match="not empty"):
            bring_back(tmp_path / "b", tmp_path / "again")
        assert not (tmp_path / "again").exists()


def bring_back(backup: Path, home: Path) -> None:
    with (
        restored(backup, home, passphrase=None, tell=lambda _: None) as (folder, made),
        closing(open_home(folder)) as opened,
    ):
        opened.check_it_lies_inside()
        fill(folder, made, opened.database)
