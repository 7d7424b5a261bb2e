"""A client certificate of our CA, for a syslog sender over TLS."""

import ssl
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes

from sentinel.cli import sender
from sentinel.errors import InputError
from sentinel.wiring import open_home
from tests.cli.test_people import home as home
from tests.cli.test_people import run


def test_a_certificate_is_made_and_named_by_its_hash(home: Path, tmp_path: Path) -> None:
    printed = run(sender.app, home, "certificate", "relay.dept-a", "--to", str(tmp_path / "out")).stdout.strip()
    made = x509.load_pem_x509_certificate((tmp_path / "out" / "relay.dept-a.pem").read_bytes())
    assert made.fingerprint(hashes.SHA256()).hex() == printed
    opened = open_home(home)
    made.verify_directly_issued_by(x509.load_pem_x509_certificate(opened.keys.ca.read_bytes()))
    opened.close()
    key = tmp_path / "out" / "relay.dept-a.key"
    assert key.stat().st_mode & 0o777 == 0o600
    ssl.create_default_context().load_cert_chain(key.with_suffix(".pem"), key)
    add = ("add", "--agency", "dept-finance", "--name", "relay", "--dataset", "linux.syslog", "--door", "syslog")
    assert run(sender.app, home, *add, "--certificate", printed).stdout.startswith("s-")


@pytest.mark.parametrize("name", ["../x", "", "a b", ".hidden", "x" * 65])
def test_a_name_is_a_file_name(home: Path, tmp_path: Path, name: str) -> None:
    with pytest.raises(InputError, match="letters"):
        run(sender.app, home, "certificate", name, "--to", str(tmp_path))


def test_a_certificate_is_not_overwritten(home: Path, tmp_path: Path) -> None:
    run(sender.app, home, "certificate", "relay", "--to", str(tmp_path))
    with pytest.raises(InputError, match="there already"):
        run(sender.app, home, "certificate", "relay", "--to", str(tmp_path))
