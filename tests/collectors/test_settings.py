"""Settings: what is wrong is named, with its place and the nearest name."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from collectors.inputs import INPUTS
from collectors.settings import KINDS, FileSettings, load, parse
from sentinel.errors import InputError, UnavailableError


def loaded(tmp_path: Path, text: str) -> object:
    path = tmp_path / "collector.toml"
    path.write_text(text)
    return load(path)


def test_a_full_file_is_read(tmp_path: Path) -> None:
    path = tmp_path / "collector.toml"
    path.write_text(
        '[server]\nurl = "https://soc.example:8443"\nca = "ca.pem"\n[collector]\nhome = "/srv/c"\nhost = "web1"\n'
        '[spool]\nlimit_mb = 10\n[respond]\nenabled = true\nnever_touch = ["10.0.0.1"]\n'
        '[[input]]\nkind = "file"\npath = "/var/log/auth.log"\ndataset = "linux.auth"\n'
        '[[input]]\nkind = "processes"\ninterval_seconds = 1\n'
    )
    settings = load(path)
    assert settings.server.ca == tmp_path / "ca.pem"
    assert settings.respond.never_touch == ("10.0.0.1",)
    (kind, first), (_, second) = settings.inputs
    assert kind == "file"
    assert first == FileSettings(name="file:/var/log/auth.log", path="/var/log/auth.log", dataset="linux.auth")
    assert second.name == "processes"


def test_an_empty_file_is_all_defaults(tmp_path: Path) -> None:
    settings = load(_written(tmp_path, ""))
    assert settings.spool.limit_mb == 2048
    assert not settings.respond.enabled
    assert settings.collector.host


def _written(tmp_path: Path, text: str) -> Path:
    path = tmp_path / "collector.toml"
    path.write_text(text)
    return path


FILE = '[[input]]\nkind = "file"\npath = "/a"\ndataset = "linux.auth"\n'


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("[servr]\n", "unknown key 'servr'; did you mean 'server'?"),
        ("[spool]\nlimitmb = 1\n", r"\[spool\]: unknown key 'limitmb'; did you mean 'limit_mb'?"),
        ('[spool]\nlimit_mb = "1"\n', r"\[spool\] limit_mb: expected a whole number, got '1'"),
        ("[spool]\nlimit_mb = true\n", "expected a whole number, got True"),
        ("[spool]\nlimit_mb = 0\n", "must be at least 1"),
        ("[respond]\nenabled = 1\n", "expected true or false, got 1"),
        ("[respond]\nnever_touch = [1]\n", "expected a list of texts"),
        ('[server]\nurl = "http://a"\n', "must start with https://"),
        ('[collector]\nhost = " "\n', "must not be empty"),
        ("spool = 1\n", r"\[spool\]: expected a table"),
        ("input = 1\n", r"under \[\[input\]\]"),
        ("[[input]]\n", "kind is missing"),
        ('[[input]]\nkind = "fil"\n', "unknown kind 'fil'; did you mean 'file'?"),
        ('[[input]]\nkind = "file"\npath = "/a"\n', r"number 1 \(file\): dataset is missing"),
        (FILE + 'start = "middle"\n', "start must be 'end' or 'beginning'"),
        (FILE + 'paht = "/b"\n', "unknown key 'paht'; did you mean 'path'?"),
        (FILE.replace("/a", "a"), "path must be absolute"),
        (FILE + FILE, "number 2: name 'file:/a' is taken"),
        ('[[input]]\nkind = "capture"\n', "give either interface or file"),
        ('[[input]]\nkind = "processes"\ninterval_seconds = 0\n', "between 0.05 and 3600"),
        ("[spool\n", "not TOML"),
    ],
)
def test_a_fault_is_named_with_its_place(tmp_path: Path, text: str, sentence: str) -> None:
    with pytest.raises(InputError, match=sentence) as caught:
        load(_written(tmp_path, text))
    assert str(caught.value).startswith(str(tmp_path / "collector.toml"))


def test_a_missing_file_says_what_to_do(tmp_path: Path) -> None:
    with pytest.raises(UnavailableError, match="--config"):
        load(tmp_path / "nowhere.toml")


def test_every_kind_has_settings_and_a_factory() -> None:
    assert INPUTS.keys() == KINDS.keys()


@given(
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.text(),
        lambda inner: (
            st.lists(inner, max_size=3)
            | st.dictionaries(st.sampled_from(["server", "input", "kind", "path", "url", "spool"]) | st.text(), inner)
        ),
        max_leaves=10,
    )
)
def test_no_document_breaks_the_reader(document: object) -> None:
    try:
        parse(document if isinstance(document, dict) else {"input": document}, Path("collector.toml"))
    except InputError:
        return
