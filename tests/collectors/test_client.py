"""The client: one CA, kept connections, bounded answers."""

import threading
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from collectors.client import Answer, Client
from sentinel.errors import ConflictError, InputError, RefusedError, UnavailableError

SECRET = "the secret of a collector that is enrolled already"


@pytest.fixture
def client(receiver: Any, home: Path) -> Any:
    client = Client(receiver.url, home / "ca.pem", SECRET)
    yield client
    client.close()


def test_a_connection_is_kept(client: Client, receiver: Any) -> None:
    client.post_json("/api/v1/status", {})
    (first,) = receiver.server.connections
    client.post_json("/api/v1/status", {})
    assert receiver.server.connections == {first}


def test_a_connection_closed_in_between_is_made_again(client: Client, receiver: Any) -> None:
    client.post_json("/api/v1/status", {})
    receiver.stop()
    receiver.start()
    client.post_json("/api/v1/status", {})
    assert len(receiver.statuses) == 2


def test_closing_wakes_who_waits(client: Client, receiver: Any) -> None:
    arrived, release, woken = threading.Event(), threading.Event(), threading.Event()

    def hold(*_: Any) -> None:
        arrived.set()
        release.wait(30)

    receiver.answers = [hold]
    headers = {"Sentinel-Epoch": "e", "Sentinel-First": "1", "Content-Encoding": "identity"}

    def post() -> None:
        with pytest.raises(UnavailableError):
            client.post("/api/v1/events", b"{}\n", headers)
        woken.set()

    thread = threading.Thread(target=post)
    thread.start()
    assert arrived.wait(20)
    client.close()
    assert woken.wait(20)
    release.set()
    thread.join()
    with pytest.raises(UnavailableError, match="stopping"):
        client.get("/api/v1/ca")


def test_another_server_s_certificate_is_refused(receiver: Any, tmp_path: Path, other_authority: Any) -> None:
    ca = tmp_path / "other.pem"
    ca.write_bytes(other_authority.ca_pem)
    client = Client(receiver.url, ca, SECRET)
    with pytest.raises(UnavailableError, match="not from the pinned CA"):
        client.get("/api/v1/ca")


@pytest.mark.parametrize("url", ["http://a", "https://", "ftp://a", "https://a:x", "https://a:99999", ""])
def test_only_https_addresses_are_taken(url: str, home: Path) -> None:
    with pytest.raises(InputError):
        Client(url, home / "ca.pem", "")


def test_a_missing_ca_says_to_enrol(tmp_path: Path) -> None:
    with pytest.raises(UnavailableError, match="enrol first"):
        Client("https://a", tmp_path / "ca.pem", "")


def test_answers_become_the_errors_they_mean(receiver: Any, home: Path) -> None:
    unknown = Client(receiver.url, home / "ca.pem", "another secret")
    with pytest.raises(RefusedError, match="unknown collector"):
        unknown.post_json("/api/v1/status", {})
    with pytest.raises(InputError):
        unknown.get_json("/nowhere")
    unknown.close()
    assert issubclass(ConflictError, Exception)


@given(st.binary(max_size=200), st.dictionaries(st.just("retry-after"), st.text(max_size=40)))
def test_no_answer_breaks_the_reader(body: bytes, headers: dict[str, str]) -> None:
    answer = Answer(503, body, headers)
    assert isinstance(answer.sentence(), str)
    seconds = answer.retry_after(1000.0)
    assert seconds is None or 0 <= seconds <= 3600
