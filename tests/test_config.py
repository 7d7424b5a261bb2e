"""Settings are read once, and a wrong one is named with its place."""

from pathlib import Path

import pytest

from sentinel import config
from sentinel.errors import InputError


def home(folder: Path, text: str) -> Path:
    (folder / config.FILE_NAME).write_text(text, "utf-8")
    return folder


def test_an_empty_file_gives_the_defaults(tmp_path: Path) -> None:
    settings = config.load(home(tmp_path, ""))
    assert settings.server.public_url == "https://localhost:8443"
    assert settings.display.zone == "Asia/Ho_Chi_Minh"


def test_a_value_of_the_file_stands_beside_the_defaults(tmp_path: Path) -> None:
    settings = config.load(home(tmp_path, '[server]\nport = 9000\n[journal]\nurl = "local:j.db"\n'))
    assert (settings.server.port, settings.server.host, settings.journal.limit_mb) == (9000, "127.0.0.1", 20_000)


def test_the_environment_wins(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SENTINEL_SERVER__PORT", "9001")
    monkeypatch.setenv("SENTINEL_HOME", "/somewhere")
    settings = config.load(home(tmp_path, '[server]\nport = 9000\nhost = "127.0.0.2"\n'))
    assert (settings.server.port, settings.server.host) == (9001, "127.0.0.2")


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("[server]\nprot = 1\n", "unknown setting 'server.prot'; did you mean 'port'"),
        ("[sevrer]\nport = 1\n", "unknown setting 'sevrer'; did you mean 'server'"),
        ("[server]\nport = 99999\n", "server.port"),
        ('[display]\nzone = "Mars/Olympus"\n', "unknown time zone 'Mars/Olympus'"),
        ("[server\n", "not TOML"),
    ],
)
def test_a_wrong_setting_is_named_with_its_place(tmp_path: Path, text: str, message: str) -> None:
    with pytest.raises(InputError) as caught:
        config.load(home(tmp_path, text))
    assert message in str(caught.value)
    assert config.FILE_NAME in str(caught.value)


def test_an_unknown_variable_is_an_error(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SENTINEL_SERVER__PROT", "1")
    with pytest.raises(InputError, match="unknown setting SENTINEL_SERVER__PROT"):
        config.load(home(tmp_path, ""))


def test_a_folder_that_is_no_home_says_what_to_do(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="run `sentinel init"):
        config.load(tmp_path)
