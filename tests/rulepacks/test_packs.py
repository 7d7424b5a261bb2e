"""A pack from elsewhere is installed whole, verified and checked rule by rule, or nothing of it is."""

import io
import json
import stat
import struct
import tarfile
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from sentinel.detect.load import load_rules
from sentinel.errors import InputError
from sentinel.model.moment import from_text
from sentinel.rulepacks import archive, swap
from sentinel.rulepacks.archive import read_pack
from sentinel.rulepacks.install import go_back, install, open_pack, packs
from sentinel.rulepacks.make import make_pack
from sentinel.rulepacks.manifest import Manifest, public_key, sha256

NOW = from_text("2026-11-23T08:00:00.000000Z")
RULE = """
title: {title}
logsource: {{product: linux, service: auth}}
detection: {{s: {{user.name: root}}, condition: s}}
"""
SOUND, BROKEN = RULE.format(title="Đăng nhập").encode(), b"title: [\n"
KEY = Ed25519PrivateKey.generate()
TRUSTED = {"key": KEY.public_key()}


def zipped(path: Path, members: dict[str, bytes]) -> Path:
    """Write a zip archive."""
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as packed:
        for name, content in members.items():
            packed.writestr(name, content)
    return path


def tarred(path: Path, members: dict[str, bytes]) -> Path:
    """Write a tar.gz archive."""
    with tarfile.open(path, "w:gz") as tar:
        for name, content in members.items():
            member = tarfile.TarInfo(name)
            member.size = len(content)
            tar.addfile(member, io.BytesIO(content))
    return path


def folder(path: Path, members: dict[str, bytes]) -> Path:
    """Write a folder."""
    for name, content in members.items():
        (path / name).parent.mkdir(parents=True, exist_ok=True)
        (path / name).write_bytes(content)
    return path


def put(source: Path, into: Path, trusted: dict[str, Ed25519PublicKey] | None = None, *, unsigned: bool = True) -> str:
    """Install a pack and return its name."""
    return install(open_pack(source, trusted or {}, unsigned=unsigned), into, NOW).name


def titles(into: Path) -> set[str]:
    """Return the titles of the rules a server would read there."""
    return {rule.info.title for rule in load_rules([into]).rules}


@pytest.mark.parametrize(("write", "name"), [(zipped, "x.zip"), (tarred, "x.tar.gz"), (folder, "x")])
def test_sound_rules_are_installed_and_broken_ones_set_aside_by_name(
    write: Callable[[Path, dict[str, bytes]], Path], name: str, tmp_path: Path
) -> None:
    source = write(
        tmp_path / name,
        {
            "rules/a.yml": SOUND,
            "rules/b.yml": BROKEN,
            "rules/old.yml": RULE.format(title="Old").encode() + b"status: deprecated\n",
            "rules/list.yml": RULE.format(title="List")
            .encode()
            .replace(b"user.name", b"user.name|expand")
            .replace(b"root", b"'%x%'"),
            ".github/workflows/ci.yml": b"on: push\n",
            "LICENSE": b"free",
            "rules/a.fires.ndjson": b"{}\n",
        },
    )
    assert put(source, tmp_path / "into") == "x"
    assert titles(tmp_path / "into") == {"Đăng nhập"}
    [(record, previous)] = packs(tmp_path / "into")
    assert (record.rules, record.signed_by, record.source, previous) == (1, "", name, None)
    told = {each.file: (each.reason, each.is_broken) for each in record.set_aside}
    assert set(told) == {"rules/b.yml", "rules/old.yml", "rules/list.yml"}
    assert "not YAML" in told["rules/b.yml"][0]
    assert ".new-" not in json.dumps(told)
    assert told["rules/old.yml"][1] is False
    there = {path.name for path in (tmp_path / "into" / "x" / "rules").iterdir()}
    assert there == {"a.yml", "a.fires.ndjson", "b.yml.set-aside", "old.yml.set-aside", "list.yml"}


def test_the_version_before_is_kept_and_can_be_had_back(tmp_path: Path) -> None:
    into = tmp_path / "into"
    put(folder(tmp_path / "1" / "pack", {"a.yml": RULE.format(title="One").encode()}), into)
    put(folder(tmp_path / "2" / "pack", {"a.yml": RULE.format(title="Two").encode()}), into)
    assert titles(into) == {"Two"}
    [(now, previous)] = packs(into)
    assert previous is not None
    assert now.version != previous.version
    assert go_back("pack", into).version == previous.version
    assert titles(into) == {"One"}
    assert go_back("pack", into).version == now.version
    with pytest.raises(InputError, match="no previous version"):
        go_back("../pack", into)


def test_what_a_killed_installation_left_is_cleared_and_never_read(tmp_path: Path) -> None:
    into = tmp_path / "into"
    left = folder(into / ".new-0123456789abcdef", {"a.yml": RULE.format(title="Half").encode()})
    assert titles(into) == set()
    put(folder(tmp_path / "pack", {"a.yml": SOUND}), into)
    assert not left.exists()
    assert titles(into) == {"Đăng nhập"}


def test_two_folders_change_places_without_the_system_call(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(swap.ctypes, "CDLL", lambda *_, **__: object())
    one, other = folder(tmp_path / "1", {"a": b"1"}), folder(tmp_path / "2", {"a": b"2"})
    swap.swap(one, other)
    assert ((one / "a").read_bytes(), (other / "a").read_bytes()) == (b"2", b"1")


def signed(tmp_path: Path, key: Ed25519PrivateKey | None = KEY) -> Path:
    """Write a pack of one rule."""
    source = folder(tmp_path / "source", {"rules/a.yml": SOUND, "rules/a.fires.ndjson": b"{}\n"})
    path = tmp_path / "city.tar.gz"
    path.write_bytes(make_pack(source, "city", "1.0", key))
    return path


def test_a_pack_signed_by_a_trusted_key_is_installed_under_its_own_name(tmp_path: Path) -> None:
    into = tmp_path / "into"
    assert put(signed(tmp_path), into, TRUSTED, unsigned=False) == "city"
    [(record, _)] = packs(into)
    assert (record.version, record.signed_by, record.set_aside) == ("1.0", "key", ())
    assert titles(into) == {"Đăng nhập"}


def test_the_same_folder_makes_the_same_pack(tmp_path: Path) -> None:
    assert signed(tmp_path).read_bytes() == signed(tmp_path).read_bytes()


@pytest.mark.parametrize(
    "case", ["unsigned", "other key", "no key", "changed", "added", "missing", "manifest", "signature"]
)
def test_what_is_not_vouched_for_installs_nothing(case: str, tmp_path: Path) -> None:
    path = signed(tmp_path, None if case == "unsigned" else KEY)
    files = read_pack(path)
    if case == "changed":
        files["rules/a.yml"] += b"# more\n"
    elif case == "added":
        files["rules/b.yml"] = SOUND
    elif case == "missing":
        del files["rules/a.fires.ndjson"]
    elif case == "manifest":
        files["pack.yml"] = files["pack.yml"].replace(b"1.0", b"1.1")
    elif case == "signature":
        files["pack.sig"] = b"not base64!"
    trusted = {"other": Ed25519PrivateKey.generate().public_key()} if case == "other key" else TRUSTED
    with pytest.raises(InputError):
        put(tarred(path, files), tmp_path / "into", {} if case == "no key" else trusted, unsigned=False)
    assert not (tmp_path / "into").exists()


def test_unsigned_still_means_undamaged(tmp_path: Path) -> None:
    files = read_pack(signed(tmp_path, None)) | {"rules/a.yml": SOUND + b"#"}
    with pytest.raises(InputError, match="is not what"):
        put(zipped(tmp_path / "x.zip", files), tmp_path / "into")


@pytest.mark.parametrize(
    "name",
    [
        *(
            "../a.yml",
            "a/../../b.yml",
            "/etc/a.yml",
            "a\\..\\b.yml",
            "C:a.yml",
            "a\x1b[2J.yml",
            "a\nb.yml",
            "a\u202eb.yml",
        ),
        *("x/" * 30 + "a.yml", "a" * 300 + ".yml", "a ./b.yml", "con. /a.yml", "a?.yml"),
    ],
)
@pytest.mark.parametrize("write", [zipped, tarred])
def test_a_name_that_is_a_trap_refuses_the_archive(
    write: Callable[[Path, dict[str, bytes]], Path], name: str, tmp_path: Path
) -> None:
    source = write(tmp_path / "x", {"sound.yml": SOUND, name: SOUND})
    with pytest.raises(InputError) as caught:
        put(source, tmp_path / "into")
    assert "\x1b" not in str(caught.value)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["x"]


@pytest.mark.parametrize(
    ("one", "other"), [("a.yml", "A.YML"), ("a.yml", "a.yml/b.yml"), ("é.yml", "e\u0301.yml"), ("a.yml", "./a.yml")]
)
def test_names_that_would_be_one_file_refuse_the_archive(one: str, other: str, tmp_path: Path) -> None:
    for write in (zipped, tarred):
        with pytest.raises(InputError):
            read_pack(write(tmp_path / "x", {one: SOUND, other: SOUND}))


@pytest.mark.parametrize("kind", [tarfile.SYMTYPE, tarfile.LNKTYPE, tarfile.CHRTYPE, tarfile.BLKTYPE, tarfile.FIFOTYPE])
def test_links_and_devices_refuse_a_tar(kind: bytes, tmp_path: Path) -> None:
    path = tmp_path / "x.tar.gz"
    with tarfile.open(path, "w:gz") as tar:
        member = tarfile.TarInfo("a.yml")
        member.type, member.linkname = kind, "/etc/passwd"
        tar.addfile(member)
    with pytest.raises(InputError, match="no plain file"):
        read_pack(path)


def test_links_refuse_a_zip_and_a_folder(tmp_path: Path) -> None:
    path = tmp_path / "x.zip"
    with zipfile.ZipFile(path, "w") as packed:
        member = zipfile.ZipInfo("a.yml")
        member.external_attr = (stat.S_IFLNK | 0o777) << 16
        packed.writestr(member, "/etc/passwd")
    with pytest.raises(InputError, match="no plain file"):
        read_pack(path)
    linked = folder(tmp_path / "linked", {"a.yml": SOUND})
    (linked / "b.yml").symlink_to("/etc/passwd")
    with pytest.raises(InputError, match="no plain file"):
        read_pack(linked)


def test_bombs_are_refused_before_they_fill_the_memory(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(archive, "FREE_BYTES", 10_000)
    zeros = b"\0" * 5_000_000
    for write in (zipped, tarred):
        for name in ("big.yml", "ignored.bin"):
            with pytest.raises(InputError, match="unpacks to far more"):
                read_pack(write(tmp_path / "x", {name: zeros}))
    monkeypatch.setattr(archive, "FREE_BYTES", 50_000_000)
    for write in (zipped, tarred):
        with pytest.raises(InputError, match="larger than"):
            read_pack(write(tmp_path / "x", {"big.yml": b"# " + b"x" * archive.MAX_FILE_BYTES}))
    monkeypatch.setattr(archive, "MAX_MEMBERS", 10)
    for write in (zipped, tarred):
        with pytest.raises(InputError, match="more than 10 members"):
            read_pack(write(tmp_path / "x", {f"{number}.txt": b"" for number in range(11)}))


def test_a_zip_with_an_endless_list_of_members_is_refused(tmp_path: Path) -> None:
    path = zipped(tmp_path / "x.zip", {"a.yml": SOUND})
    content = bytearray(path.read_bytes())
    struct.pack_into("<I", content, content.rfind(b"PK\x05\x06") + 12, 900_000_000)
    path.write_bytes(content)
    with pytest.raises(InputError, match="far more members"):
        read_pack(path)


def test_a_pack_without_a_usable_rule_leaves_what_was_there(tmp_path: Path) -> None:
    into = tmp_path / "into"
    put(folder(tmp_path / "1" / "pack", {"a.yml": SOUND}), into)
    for bad in ({"a.yml": BROKEN}, {"a.txt": b""}):
        with pytest.raises(InputError, match=r"nothing was installed"):
            put(zipped(tmp_path / "pack.zip", bad), into)
    assert titles(into) == {"Đăng nhập"}
    assert sorted(path.name for path in into.iterdir()) == [".lock", "pack"]


@pytest.mark.parametrize(
    "change", [{"name": "../x"}, {"version": "a b"}, {"files": []}, {"files": {"a": "x"}}, {"more": 1}]
)
def test_a_wrong_manifest_is_named(change: dict[str, object]) -> None:
    sound: dict[str, object] = {"name": "a", "version": "1", "files": {"a.yml": sha256(b"")}}
    Manifest.from_bytes(json.dumps(sound).encode(), "x")
    with pytest.raises(InputError, match=r"pack\.yml"):
        Manifest.from_bytes(json.dumps(sound | change).encode(), "x")


def test_only_ed25519_keys_are_taken(tmp_path: Path) -> None:
    path = tmp_path / "key.pem"
    path.write_bytes(
        KEY.public_key().public_bytes(serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo)
    )
    assert len(public_key(path)[0]) == 32
    path.write_text("-----BEGIN PUBLIC KEY-----\nAAAA\n-----END PUBLIC KEY-----\n", "utf-8")
    with pytest.raises(InputError, match=r"key\.pem"):
        public_key(path)


@settings(max_examples=200, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_no_archive_can_break_the_reader(data: st.DataObject, tmp_path: Path) -> None:
    path = tmp_path / "x"
    kind = data.draw(st.sampled_from([zipped, tarred]))
    content = bytearray(kind(path, {"a.yml": SOUND, "b/c.yml": BROKEN}).read_bytes())
    for _ in range(data.draw(st.integers(0, 4))):
        content[data.draw(st.integers(0, len(content) - 1))] = data.draw(st.integers(0, 255))
    path.write_bytes(content[: data.draw(st.integers(0, len(content)))])
    try:
        found = read_pack(path)
    except InputError as error:
        assert path.name in str(error)
    else:
        assert all(not name.startswith(("/", "..")) for name in found)
