"""Settings become a client of Elasticsearch, or a sentence about what is wrong with them."""

from pathlib import Path

import pytest

from sentinel.errors import InputError
from sentinel.store.elastic.client import Connection, connect, hosts


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("elastic+https://es.city.vn", ("https://es.city.vn:9200",)),
        ("elastic+https://a:1,b:2/", ("https://a:1", "https://b:2")),
        ("elastic+http://[::1]:9201", ("http://[::1]:9201",)),
    ],
)
def test_a_url_names_the_hosts(url: str, expected: tuple[str, ...]) -> None:
    assert hosts(url) == expected


@pytest.mark.parametrize(
    "url", ["elastic+https:", "https://a", "elastic+http://", "elastic+http://a b", "elastic+http://a:99999", "elastic+http://a/x"]
)  # fmt: skip
def test_a_url_that_names_none_is_refused(url: str) -> None:
    with pytest.raises(InputError, match=r"store\.url"):
        hosts(url)


def test_a_secret_in_the_url_is_refused_and_not_repeated() -> None:
    with pytest.raises(InputError, match=r"store\.url") as caught:
        hosts("elastic+https://elastic:hunter2@es:9200")
    assert "hunter2" not in str(caught.value)


@pytest.mark.parametrize("content", [b"", b"\n", b"a\nb", b"\xff\xfe", b"x" * 5_000])
def test_a_secret_is_one_line(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "elastic.secret"
    path.write_bytes(content)
    with pytest.raises(InputError, match=r"store\.secret_file") as caught:
        connect(Connection(hosts=("http://127.0.0.1:1",), secret=path))
    assert "xxx" not in str(caught.value)


def test_what_is_missing_is_named(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"store\.secret_file.*no-secret"):
        connect(Connection(hosts=("http://127.0.0.1:1",), secret=tmp_path / "no-secret"))
    with pytest.raises(InputError, match=r"store\.ca_file.*no-ca"):
        connect(Connection(hosts=("https://127.0.0.1:1",), ca=tmp_path / "no-ca"))
