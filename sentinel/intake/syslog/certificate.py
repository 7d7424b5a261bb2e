"""How the TLS listener proves itself, and whose client certificates it trusts (RFC 5425)."""

import ssl
from pathlib import Path

from sentinel.errors import InputError


def context(*, certificate: Path, key: Path, client_ca: Path) -> ssl.SSLContext:
    """Return a context for TLS 1.2 and newer that asks for a client certificate; raise `InputError` for wrong files.

    `client_ca` holds the CA of the clients' certificates, or these themselves where they signed themselves.
    """
    made = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    made.minimum_version = ssl.TLSVersion.TLSv1_2
    made.verify_mode = ssl.CERT_REQUIRED
    made.verify_flags |= ssl.VERIFY_X509_PARTIAL_CHAIN
    try:
        made.load_cert_chain(certificate, key)
    except (OSError, ssl.SSLError) as error:
        raise InputError(f"syslog: cannot use the certificate {certificate} with the key {key}: {error}") from error
    try:
        made.load_verify_locations(client_ca)
    except (OSError, ssl.SSLError) as error:
        raise InputError(f"syslog.client_ca: cannot read certificates from {client_ca}: {error}") from error
    return made
