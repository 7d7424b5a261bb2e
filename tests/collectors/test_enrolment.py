"""Enrolment: the CA is proven before any secret is sent, and a lost reply costs nothing."""

import base64
import json
import stat
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from collectors.client import Client
from collectors.enrolment import PENDING_FILE, enrol, fetch_ca, read_token
from collectors.identity import load_identity
from sentinel.errors import ConflictError, InputError, RefusedError, UnavailableError


def take(token: str, home: Path, **more: Any) -> Any:
    return enrol(read_token(token), home, host="web1", can_respond=False, **more)


@pytest.fixture
def new_home(tmp_path: Path) -> Path:
    return tmp_path / "new"


def test_a_token_becomes_an_identity_that_the_server_knows(receiver: Any, new_home: Path) -> None:
    identity = take(receiver.token(), new_home)
    assert identity == load_identity(new_home)
    assert (identity.collector, identity.agency) == ("collector0", "dept-finance")
    assert len(identity.key) == 32
    client = Client(identity.url, new_home / "ca.pem", identity.secret)
    client.post_json("/api/v1/status", {"inputs": []})
    client.close()
    assert receiver.statuses == [{"inputs": []}]


def test_secrets_are_for_the_owner_only(receiver: Any, new_home: Path) -> None:
    take(receiver.token(), new_home)
    assert stat.S_IMODE(new_home.stat().st_mode) == 0o700
    for file in new_home.iterdir():
        assert stat.S_IMODE(file.stat().st_mode) == 0o600


def test_a_lost_reply_is_made_good_by_the_same_token(receiver: Any, new_home: Path) -> None:
    token = receiver.token()
    receiver.replies_to_lose = 2
    with pytest.raises(UnavailableError):
        take(token, new_home)
    assert load_identity(new_home) is None
    receiver.replies_to_lose = 0
    assert take(token, new_home).collector == "collector0"
    assert len(receiver.enrolled) == 1


def test_the_same_token_again_changes_nothing(receiver: Any, new_home: Path) -> None:
    token = receiver.token()
    first = take(token, new_home)
    assert take(token, new_home) == first


def test_another_token_needs_to_be_asked_for(receiver: Any, new_home: Path) -> None:
    take(receiver.token(), new_home)
    with pytest.raises(ConflictError, match="--again"):
        take(receiver.token("second"), new_home)
    assert take(receiver.token("second"), new_home, replace=True).collector == "collector1"


def test_a_used_token_is_refused_and_the_reason_shown(receiver: Any, new_home: Path, tmp_path: Path) -> None:
    token = receiver.token()
    take(token, new_home)
    with pytest.raises(RefusedError, match="was used"):
        take(token, tmp_path / "elsewhere")


def test_another_ca_gets_nothing(receiver: Any, new_home: Path, other_authority: Any) -> None:
    document = {"u": receiver.url, "f": other_authority.ca_fingerprint, "s": "token"}
    receiver.tokens.add("token")
    with pytest.raises(RefusedError, match="nothing was sent"):
        take(base64.urlsafe_b64encode(json.dumps(document).encode()).decode(), new_home)
    assert receiver.tokens == {"token"}
    assert not (new_home / "ca.pem").exists()
    assert not (new_home / PENDING_FILE).exists()


def test_a_right_ca_behind_a_wrong_certificate_gets_nothing(
    receiver: Any, new_home: Path, other_authority: Any
) -> None:
    token = receiver.token()
    right = receiver.authority
    receiver.stop()
    # Somebody in between may hand out the true CA certificate, but has no certificate of it.
    receiver.authority = type(right)(right.ca_pem, right.ca_fingerprint, other_authority.chain_file)
    receiver.start()
    assert fetch_ca(read_token(token))
    with pytest.raises(UnavailableError, match="pinned CA"):
        take(token, new_home)
    assert receiver.tokens == {"token"}


def test_a_server_that_is_not_there_is_named(new_home: Path) -> None:
    document = {"u": "https://127.0.0.1:1", "f": "0" * 64, "s": "token"}
    with pytest.raises(UnavailableError, match=r"cannot reach the server https://127\.0\.0\.1:1"):
        take(base64.urlsafe_b64encode(json.dumps(document).encode()).decode(), new_home)


@given(st.text() | st.binary().map(lambda data: base64.urlsafe_b64encode(data).decode()))
def test_no_text_breaks_the_token_reader(text: str) -> None:
    with pytest.raises(InputError):
        read_token(text)


@given(
    st.dictionaries(st.sampled_from(["u", "f", "s", "x"]), st.text() | st.none() | st.integers(), max_size=4).filter(
        lambda document: document.get("f") != "0" * 64
    )
)
def test_no_document_breaks_the_token_reader(document: dict[str, Any]) -> None:
    with pytest.raises(InputError):
        read_token(base64.urlsafe_b64encode(json.dumps(document).encode()).decode())


@pytest.mark.parametrize("text", ["", "{", "[]", '{"collector": "c1"}', "[" * 100_000])
def test_a_damaged_identity_is_said_with_its_place(tmp_path: Path, text: str) -> None:
    (tmp_path / "identity.json").write_text(text)
    with pytest.raises(InputError, match=r"identity\.json"):
        load_identity(tmp_path)
