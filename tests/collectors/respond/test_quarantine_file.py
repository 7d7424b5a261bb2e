"""Real files go into the vault only when they are the ones meant, and come back exactly as they were."""

import contextlib
import hashlib
import io
import os
import stat
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from collectors.respond.limits import Limits
from collectors.respond.quarantine_file import QuarantineFile
from collectors.respond.vault import CHUNK_BYTES, Vault
from sentinel.errors import RefusedError, UnavailableError
from tests.collectors.respond.conftest import MakeTask

CONTENT = b"#!/bin/sh\necho planted\n"


def digest(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


@pytest.fixture
def planted(tmp_path: Path) -> Path:
    path = tmp_path / "uploads" / "shell.php"
    path.parent.mkdir()
    path.write_bytes(CONTENT)
    path.chmod(0o4755)
    os.utime(path, ns=(1_700_000_000_123_456_789, 1_600_000_000_987_654_321))
    return path


def facts(path: Path) -> tuple[object, ...]:
    status = path.stat()
    xattrs = {name: os.getxattr(path, name) for name in os.listxattr(path)}
    return status.st_mode, status.st_uid, status.st_gid, status.st_mtime_ns, xattrs, path.read_bytes()


def test_it_goes_and_comes_back_exactly(planted: Path, limits: Limits, task: MakeTask) -> None:
    if os.geteuid() == 0:
        os.chown(planted, 33, 34)
        planted.chmod(0o4755)
    with contextlib.suppress(OSError):  # Not every file system keeps attributes.
        os.setxattr(planted, "user.origin", b"upload\0form")
    before = facts(planted)
    executor = QuarantineFile(limits)
    wanted = task("quarantine_file", path=str(planted), sha256=digest(CONTENT))
    assert executor.perform(wanted).result == {"size": len(CONTENT), "other_links": 0}
    assert not planted.exists()
    assert "gone" in executor.verify(wanted)
    assert stat.S_IMODE(limits.quarantine.stat().st_mode) == 0o700
    for kept in limits.quarantine.iterdir():
        assert b"planted" not in kept.read_bytes()
        assert stat.S_IMODE(kept.stat().st_mode) == 0o600
    assert "back" in executor.undo(wanted)
    assert facts(planted) == before
    assert executor.undo(wanted).startswith("nothing")
    assert [path.name for path in limits.quarantine.iterdir()] == ["key"]


@given(size=st.sampled_from([0, 1, CHUNK_BYTES - 1, CHUNK_BYTES, CHUNK_BYTES + 1, 2 * CHUNK_BYTES]))
@settings(max_examples=8, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_any_size_comes_back(size: int, tmp_path: Path, limits: Limits, task: MakeTask) -> None:
    content = os.urandom(size)
    path = tmp_path / "file"
    path.write_bytes(content)
    executor, wanted = QuarantineFile(limits), task("quarantine_file", path=str(path), sha256=digest(content))
    executor.perform(wanted)
    executor.verify(wanted)
    executor.undo(wanted)
    assert path.read_bytes() == content


def test_another_content_stays(planted: Path, limits: Limits, task: MakeTask) -> None:
    with pytest.raises(RefusedError, match="something else"):
        QuarantineFile(limits).perform(task("quarantine_file", path=str(planted), sha256="0" * 64))
    assert planted.read_bytes() == CONTENT


def test_nothing_is_written_over(planted: Path, limits: Limits, task: MakeTask) -> None:
    executor, wanted = QuarantineFile(limits), task("quarantine_file", path=str(planted), sha256=digest(CONTENT))
    executor.perform(wanted)
    planted.write_bytes(b"the office's new page")
    assert "something else" in executor.verify(wanted)
    with pytest.raises(UnavailableError, match="something else"):
        executor.undo(wanted)
    assert planted.read_bytes() == b"the office's new page"
    planted.unlink()
    executor.undo(wanted)
    assert planted.read_bytes() == CONTENT
    assert [path.name for path in planted.parent.iterdir()] == [planted.name]


def test_the_same_content_put_there_again_is_not_verified(planted: Path, limits: Limits, task: MakeTask) -> None:
    executor, wanted = QuarantineFile(limits), task("quarantine_file", path=str(planted), sha256=digest(CONTENT))
    executor.perform(wanted)
    planted.write_bytes(CONTENT)
    with pytest.raises(UnavailableError, match="again"):
        executor.verify(wanted)


def test_a_link_a_folder_a_pipe_and_nothing_are_refused(tmp_path: Path, limits: Limits, task: MakeTask) -> None:
    (tmp_path / "target").write_bytes(CONTENT)
    (tmp_path / "link").symlink_to(tmp_path / "target")
    os.mkfifo(tmp_path / "pipe")
    (tmp_path / "folder").mkdir()
    for name in ("link", "pipe", "folder", "nothing"):
        wanted = task("quarantine_file", path=str(tmp_path / name), sha256=digest(CONTENT))
        with pytest.raises(RefusedError):
            QuarantineFile(limits).perform(wanted)
    assert (tmp_path / "target").read_bytes() == CONTENT


def test_what_the_system_needs_is_never_taken(tmp_path: Path, limits: Limits, task: MakeTask) -> None:
    (tmp_path / "etc").symlink_to("/etc")
    for path in ("/etc/hosts", str(tmp_path / "etc" / "hosts"), "/srv/kept/x", str(limits.home / "respond.db")):
        limits.home.mkdir(exist_ok=True)
        (limits.home / "respond.db").touch()
        with pytest.raises(RefusedError):
            QuarantineFile(limits).perform(task("quarantine_file", path=path, sha256=digest(b"")))


def test_a_folder_swapped_for_a_link_does_not_lead_the_way_back_elsewhere(
    planted: Path, tmp_path: Path, limits: Limits, task: MakeTask
) -> None:
    executor, wanted = QuarantineFile(limits), task("quarantine_file", path=str(planted), sha256=digest(CONTENT))
    executor.perform(wanted)
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    planted.parent.rmdir()
    planted.parent.symlink_to(elsewhere)
    with pytest.raises(UnavailableError, match="folder"):
        executor.undo(wanted)
    assert list(elsewhere.iterdir()) == []


def test_other_names_of_it_are_told_and_left_as_they_are(planted: Path, limits: Limits, task: MakeTask) -> None:
    other = planted.with_name("other")
    os.link(planted, other)
    before = other.stat().st_mode
    done = QuarantineFile(limits).perform(task("quarantine_file", path=str(planted), sha256=digest(CONTENT)))
    assert done.result["other_links"] == 1
    assert "can still be run" in done.detail
    assert other.stat().st_mode == before


def test_a_damaged_copy_is_noticed(planted: Path, limits: Limits, task: MakeTask) -> None:
    executor, wanted = QuarantineFile(limits), task("quarantine_file", path=str(planted), sha256=digest(CONTENT))
    executor.perform(wanted)
    (sealed,) = limits.quarantine.glob("*.sealed")
    body = bytearray(sealed.read_bytes())
    body[3] ^= 1
    sealed.write_bytes(bytes(body))
    with pytest.raises(UnavailableError, match="damaged"):
        executor.verify(wanted)
    with pytest.raises(UnavailableError, match="damaged"):
        executor.undo(wanted)
    assert not planted.exists()


@pytest.mark.parametrize("moment", ["keep", "unlink", "after"])
def test_an_interruption_anywhere_loses_nothing(
    planted: Path, limits: Limits, task: MakeTask, monkeypatch: pytest.MonkeyPatch, moment: str
) -> None:
    wanted = task("quarantine_file", path=str(planted), sha256=digest(CONTENT))
    with monkeypatch.context() as patch:
        places = {"keep": "collectors.respond.vault.Vault.keep", "unlink": "os.unlink", "after": "os.fsync"}
        if moment != "after":
            patch.setattr(places[moment], _power_cut)
            with pytest.raises(KeyboardInterrupt):
                QuarantineFile(limits).perform(wanted)
        else:
            QuarantineFile(limits).perform(wanted)
    executor = QuarantineFile(limits)
    if moment != "after":
        executor.perform(wanted)
    executor.verify(wanted)
    executor.undo(wanted)
    assert planted.read_bytes() == CONTENT
    assert stat.S_IMODE(planted.stat().st_mode) == 0o4755


def _power_cut(*_: object, **__: object) -> None:
    raise KeyboardInterrupt


def test_a_file_that_grows_while_it_is_read_does_not_fill_the_disk(tmp_path: Path) -> None:
    with pytest.raises(UnavailableError, match="grows"):
        Vault(tmp_path / "vault").seal("e" * 64, io.BytesIO(b"x" * (3 * CHUNK_BYTES)), CHUNK_BYTES)
    assert [path.name for path in (tmp_path / "vault").iterdir()] == ["key"]
