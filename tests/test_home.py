"""A home's keys are private, its certificate is good for its names, and only one server works on it."""

import os
import socket
import ssl
import threading
from pathlib import Path

import pytest

from sentinel.errors import ConflictError
from sentinel.home import make_keys, only_one


def test_private_keys_are_readable_by_their_owner_alone(tmp_path: Path) -> None:
    keys = make_keys(tmp_path / "keys", ["localhost"])
    for path in (tmp_path / "keys").glob("*.key"):
        assert path.stat().st_mode & 0o777 == 0o600
    assert (tmp_path / "keys").stat().st_mode & 0o777 == 0o700
    assert len(keys.ca_fingerprint()) == 64


def test_a_key_that_was_half_written_is_made_again_and_private(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with monkeypatch.context() as patch:
        patch.setattr("os.fdopen", _power_cut)
        with pytest.raises(KeyboardInterrupt):
            make_keys(tmp_path, ["localhost"])
    (tmp_path / "server.key").touch(0o644)
    keys = make_keys(tmp_path, ["localhost"])
    assert keys.signing_key()
    assert keys.server_key.stat().st_mode & 0o777 == 0o600


def _power_cut(descriptor: int, *_: object) -> None:
    os.close(descriptor)
    raise KeyboardInterrupt


def test_keys_that_exist_are_kept(tmp_path: Path) -> None:
    before = make_keys(tmp_path, ["localhost"]).ca_fingerprint()
    assert make_keys(tmp_path, ["localhost"]).ca_fingerprint() == before


def test_a_client_that_trusts_only_our_ca_is_content_with_our_names(tmp_path: Path) -> None:
    keys = make_keys(tmp_path, ["localhost", "127.0.0.1"])
    server = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    server.load_cert_chain(keys.server, keys.server_key)
    client = ssl.create_default_context(cafile=str(keys.ca))
    for name in ("localhost", "127.0.0.1"):
        near, far = socket.socketpair()
        worker = threading.Thread(target=lambda far=far: server.wrap_socket(far, server_side=True).close())
        worker.start()
        with client.wrap_socket(near, server_hostname=name) as connection:
            assert connection.version() == "TLSv1.3"
        worker.join(10)


def test_a_second_server_on_the_same_home_is_told_who_holds_it(tmp_path: Path) -> None:
    with only_one(tmp_path), pytest.raises(ConflictError, match=r"process \d+"), only_one(tmp_path):
        pass


def test_the_lock_is_free_again_afterwards(tmp_path: Path) -> None:
    for _ in range(2):
        with only_one(tmp_path):
            pass
