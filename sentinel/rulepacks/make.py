"""Makes a signed pack of a folder of rules; the same folder, version and key make the same bytes."""

import gzip
import io
import tarfile
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from sentinel.errors import InputError
from sentinel.rulepacks.archive import MANIFEST, SIGNATURE, read_pack
from sentinel.rulepacks.manifest import NAME, VERSION, Manifest, sha256, sign


def make_pack(folder: Path, name: str, version: str, key: Ed25519PrivateKey | None) -> bytes:
    """Return a tar.gz of the rules and samples in `folder` with a manifest, signed where a key is given."""
    if not NAME.fullmatch(name) or not VERSION.fullmatch(version):
        raise InputError("--name may have a-z, 0-9, - and _; --version also . and +; both begin with a letter or digit")
    files = {each: content for each, content in read_pack(folder).items() if each not in (MANIFEST, SIGNATURE)}
    if not any(each.endswith((".yml", ".yaml")) for each in files):
        raise InputError(f"{folder}: no rule file is there")
    manifest = Manifest(name, version, {each: sha256(content) for each, content in files.items()}).to_bytes()
    files[MANIFEST] = manifest
    if key is not None:
        files[SIGNATURE] = sign(manifest, key)
    packed = io.BytesIO()
    with (
        gzip.GzipFile(fileobj=packed, mode="wb", mtime=0) as zipped,
        tarfile.open(fileobj=zipped, mode="w", format=tarfile.PAX_FORMAT) as tar,
    ):
        for each in sorted(files):
            member = tarfile.TarInfo(each)
            member.size = len(files[each])
            member.mode = 0o644
            tar.addfile(member, io.BytesIO(files[each]))
    return packed.getvalue()
