"""Which processes may serve one home together, and what those are told that may not."""

from contextlib import closing
from pathlib import Path

import pytest

from sentinel.cli.init import create
from sentinel.cli.serve import serve
from sentinel.errors import ConflictError, InputError
from sentinel.home import only_one
from sentinel.wiring import open_home

SHARED = """
[journal]
url = "kafka://127.0.0.1:9/x"
[store]
url = "elastic+http://127.0.0.1:9"
[database]
url = "postgresql://nobody@127.0.0.1:9/x"
"""


@pytest.fixture
def home(tmp_path: Path) -> Path:
    create(tmp_path / "home", host="127.0.0.1", port=1, names=["localhost"], administrator="admin")
    return tmp_path / "home"


@pytest.mark.parametrize("role", ["web", "pipeline"])
def test_a_role_is_refused_where_backends_are_for_one_process(home: Path, role: str) -> None:
    with pytest.raises(InputError) as caught:
        serve(home, role)
    said = str(caught.value)
    assert all(name in said for name in (f"'{role}'", "journal.url", "store.url", "database.url", "--role all"))


def test_an_unknown_role_is_told_with_those_there_are(home: Path) -> None:
    with pytest.raises(InputError, match="unknown role 'worker'; this version has: all, web, pipeline"):
        serve(home, "worker")


def test_settings_say_which_backends_are_for_one_process(home: Path) -> None:
    with closing(open_home(home)) as opened:
        assert (opened.single, opened.is_shared) == (("journal.url", "store.url", "database.url"), False)
        assert opened.settings.lateness_seconds == 0
    settings = home / "sentinel.toml"
    settings.write_text(settings.read_text("utf-8") + SHARED, "utf-8")
    with closing(open_home(home)) as opened:
        assert (opened.single, opened.is_shared) == ((), True)
        assert opened.settings.lateness_seconds == 2


def test_who_shares_a_home_lets_others_share_it_but_nobody_alone(home: Path) -> None:
    shared = only_one(home, is_shared=True)
    with shared, only_one(home, is_shared=True), pytest.raises(ConflictError, match="another server"), only_one(home):
        raise AssertionError("not reached")
    with only_one(home), pytest.raises(ConflictError), only_one(home, is_shared=True):
        raise AssertionError("not reached")
