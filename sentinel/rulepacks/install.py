"""Installs a pack into a folder of rules: sound rules at once and whole, broken ones set aside by name."""

import fcntl
import json
import os
import secrets
import shutil
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from datetime import datetime
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from sentinel.detect.load import load_rules, parse_file
from sentinel.detect.rule import Fault
from sentinel.errors import InputError, UnavailableError
from sentinel.model.moment import to_text
from sentinel.rulepacks.archive import MANIFEST, SIGNATURE, read_pack
from sentinel.rulepacks.manifest import NAME, Manifest, sha256, verify
from sentinel.rulepacks.swap import put, swap

RECORD = "installed.json"
"""Beside the rules: what was installed, when, and what was set aside."""
SET_ASIDE_SUFFIX = ".set-aside"
"""Behind the name of a rule file that cannot be used, so that no loader reads it and a person can."""
PREVIOUS = ".previous"
_FRESH = ".new-"
_LACKS_LIST = "placeholder %"


@dataclass(frozen=True, slots=True)
class SetAside:
    """A rule that is not used, and why."""

    file: str
    rule_id: str
    reason: str
    is_broken: bool
    """False for what is sound and left out on purpose: deprecated, unsupported."""


@dataclass(frozen=True, slots=True)
class Installed:
    """One pack in a folder of rules."""

    name: str
    version: str
    at: str
    source: str
    signed_by: str
    """Fingerprint of the trusted key; empty where nobody verified a signature."""
    rules: int
    set_aside: tuple[SetAside, ...]


@dataclass(frozen=True, slots=True)
class Pack:
    """A pack that was read and verified, before any of it is written."""

    name: str
    version: str
    files: Mapping[str, bytes]
    source: str
    signed_by: str = ""


def open_pack(
    source: Path, trusted: Mapping[str, Ed25519PublicKey], *, unsigned: bool, name: str | None = None
) -> Pack:
    """Return the pack in a file or folder, verified; raise InputError where it is damaged or not to be trusted.

    A folder or an archive without a manifest (a SigmaHQ release) is taken as it is where `unsigned` allows it.
    """
    files = read_pack(source)
    raw = files.get(MANIFEST)
    signed_by = ""
    if raw is not None and SIGNATURE in files and trusted:
        signed_by = verify(raw, files[SIGNATURE], trusted, str(source))
    elif not unsigned:
        has_signature = raw is not None and SIGNATURE in files
        what = "is signed: name the key you trust with --trust KEY" if has_signature else "is not signed"
        raise InputError(f"{source} {what}; or look at where it comes from, and say --unsigned")
    if raw is None:
        content = sha256("".join(f"{each} {sha256(files[each])}\n" for each in sorted(files)).encode())
        version, pack_name = f"content-{content[:12]}", name or _name_of(source)
    else:
        manifest = Manifest.from_bytes(raw, str(source))
        manifest.verify_files(files, str(source))
        version, pack_name = manifest.version, name or manifest.name
    if not any(each.endswith((".yml", ".yaml")) for each in files.keys() - {MANIFEST}):
        raise InputError(f"{source}: holds no rule file; nothing was installed")
    if not NAME.fullmatch(pack_name):
        raise InputError(f"'{pack_name}' is no name for a pack; say another with --name (a-z, 0-9, - and _)")
    return Pack(pack_name, version, files, source.name, signed_by)


def install(pack: Pack, into: Path, now: datetime) -> Installed:
    """Write a pack below `into` and return what became of its rules; raise InputError where none of them is sound.

    Until the last step the pack that was there before stays in use; afterwards it is kept as the previous one.
    """
    with _only_one(into):
        fresh = into / f"{_FRESH}{secrets.token_hex(8)}"
        try:
            record = _write(pack, fresh, now)
            put(fresh, into / pack.name, into / PREVIOUS / pack.name)
        except OSError as error:
            raise UnavailableError(f"cannot install into {into}: {error}") from error
        finally:
            shutil.rmtree(fresh, ignore_errors=True)
    return record


def go_back(name: str, into: Path) -> Installed:
    """Put the previous version of a pack in the place of the present one, which becomes the previous one."""
    previous = into / PREVIOUS / name
    if not NAME.fullmatch(name) or not previous.is_dir():
        raise InputError(f"there is no previous version of '{name}' in {into}; `--list` shows what is there")
    with _only_one(into):
        swap(previous, into / name)
    return read_record(into / name)


def packs(into: Path) -> Iterator[tuple[Installed, Installed | None]]:
    """Yield the packs in a folder, each with the previous version that is kept."""
    if not into.is_dir():
        raise InputError(f"{into}: there is no such folder of rule packs")
    for record in sorted(into.glob(f"*/{RECORD}")):
        previous = into / PREVIOUS / record.parent.name
        yield read_record(record.parent), read_record(previous) if previous.is_dir() else None


def read_record(folder: Path) -> Installed:
    """Return what was written about an installed pack; raise InputError where that is damaged."""
    try:
        found = json.loads((folder / RECORD).read_bytes())
        return Installed(**{**found, "set_aside": tuple(SetAside(**each) for each in found["set_aside"])})
    except (OSError, ValueError, TypeError, LookupError) as error:
        raise InputError(f"{folder / RECORD}: damaged ({error}); install the pack again") from error


def _write(pack: Pack, folder: Path, now: datetime) -> Installed:
    for name, content in pack.files.items():
        if name not in (MANIFEST, SIGNATURE):
            _write_file(folder / name, content)
    sound, set_aside = _judge(folder)
    if not sound:
        first = set_aside[0].reason if set_aside else "it holds no rule file"
        raise InputError(f"{pack.source}: not one rule in it can be used ({first}); nothing was installed")
    # Kept to be verified again, under names that no loader takes for rules.
    for name, kept in ((MANIFEST, "pack.manifest"), (SIGNATURE, SIGNATURE)):
        if name in pack.files:
            _write_file(folder / kept, pack.files[name])
    record = Installed(pack.name, pack.version, to_text(now), pack.source, pack.signed_by, sound, set_aside)
    text = json.dumps(asdict(record), ensure_ascii=False, indent=1)
    _write_file(folder / RECORD, text.encode("utf-8", "replace"))
    os.sync()  # One for thousands of small files.
    return record


def _judge(folder: Path) -> tuple[int, tuple[SetAside, ...]]:
    """Return how many rules can be used and which cannot; files without any that can are renamed."""
    rule_set = load_rules([folder])
    set_aside = tuple(_set_aside(fault, folder) for fault in rule_set.faults)
    sound = {rule.path for rule in rule_set.rules} | {each.path for each in rule_set.correlations}
    # A rule that only lacks a list of placeholders is sound where the server has that list.
    for name in {each.file for each in set_aside if not each.reason.startswith(_LACKS_LIST)}:
        path = folder / name
        if path not in sound and not parse_file(path)[1]:
            path.rename(path.with_name(path.name + SET_ASIDE_SUFFIX))
    return len(rule_set.rules) + len(rule_set.correlations), set_aside


def _set_aside(fault: Fault, folder: Path) -> SetAside:
    name = fault.path.relative_to(folder).as_posix()
    reason = fault.message.replace(f"{folder}/", "")
    return SetAside(name, fault.rule_id or "", reason, not fault.is_set_aside)


def _write_file(path: Path, content: bytes) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("xb") as file:
        file.write(content)


@contextmanager
def _only_one(into: Path) -> Iterator[None]:
    """Let one installation at a time work on a folder, which is made where it is missing."""
    try:
        into.mkdir(parents=True, exist_ok=True)
        with (into / ".lock").open("w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            for left in into.glob(f"{_FRESH}*"):
                shutil.rmtree(left)  # by an installation that was killed
            yield
    except PermissionError as error:
        raise UnavailableError(f"cannot write to {into}: {error.strerror}; run it as the server's user") from error


def _name_of(source: Path) -> str:
    """Return a pack name made of a file's name: `sigma_all_rules.zip` is `sigma_all_rules`."""
    stem = source.name if source.is_dir() else source.name.removesuffix(".gz").removesuffix(".tgz")
    stem = stem.removesuffix(".tar").removesuffix(".zip") or source.resolve().name
    clean = "".join(each if each.isascii() and each.isalnum() else "-" for each in stem.lower().replace("_", "-"))
    return clean.strip("-")[:60] or "pack"
