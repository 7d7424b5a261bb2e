"""The official Elasticsearch client, made from settings, and its errors in our words."""

import logging
import os
import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from sentinel.errors import InputError, UnavailableError

if TYPE_CHECKING:
    from elasticsearch import Elasticsearch

MAX_SECRET_BYTES = 4_096
MAX_REASON_CHARACTERS = 300
SCHEMES: Final = {"elastic+http": "http", "elastic+https": "https"}
DEFAULT_PORT = 9200
NOT_ELASTICSEARCH = (
    "what answers at store.url is not Elasticsearch (no X-Elastic-Product header); "
    "OpenSearch and proxies that strip headers will not do"
)
_HOST = re.compile(r"(?P<name>\[[0-9A-Fa-f:.]+\]|[A-Za-z0-9._-]+)(?::(?P<port>\d{1,5}))?")


@dataclass(frozen=True, slots=True, kw_only=True)
class Connection:
    """Where Elasticsearch is and who we are to it."""

    hosts: tuple[str, ...]
    """Addresses as `https://name:9200`, one for each node; the client goes on with another when one is gone."""
    ca: Path | None = None
    """PEM file of the authority that signed the servers' certificates; None: those that the system trusts."""
    user: str = ""
    """Empty: `secret` is an API key in its encoded form."""
    secret: Path | None = None
    """File with the password or the API key; None: the server asks for none."""
    timeout_seconds: float = 60.0
    """For one request, from its first byte to the last of the answer."""


def hosts(url: str) -> tuple[str, ...]:
    """Return the addresses in `elastic+https://one:9200,two:9200`; raise `InputError` for anything else.

    Who we are does not belong into a URL, because URLs are logged and shown.
    """
    scheme, separator, rest = url.partition("://")
    if scheme not in SCHEMES or not separator:
        raise InputError(f"store.url: write elastic+https://host:{DEFAULT_PORT}, more hosts separated by commas")
    if "@" in rest:
        raise InputError("store.url: no user or password here; set store.user and put the secret into a file")
    found = []
    for part in rest.rstrip("/").split(","):
        match = _HOST.fullmatch(part.strip())
        if match is None or not 0 < int(match["port"] or DEFAULT_PORT) < 65_536:
            raise InputError(f"store.url: '{part.strip()[:100]}' is no host; write name or name:port")
        found.append(f"{SCHEMES[scheme]}://{match['name']}:{match['port'] or DEFAULT_PORT}")
    return tuple(found)


def connect(connection: Connection) -> "Elasticsearch":
    """Return a client; nothing is asked of the server yet.

    It does not try again by itself: who sends knows better what may be sent twice. Raises `InputError` for a secret or
    an authority that cannot be used, `UnavailableError` where the client is not installed.
    """
    try:
        from elasticsearch import Elasticsearch

        from sentinel.store.elastic.deadline import PunctualNode
    except ImportError as error:
        raise UnavailableError("Elasticsearch needs its client: pip install 'sentinel-soc[elastic]'") from error
    # One line for every request is too much where there are twenty a second.
    logging.getLogger("elastic_transport").setLevel(logging.WARNING)
    options: dict[str, Any] = {}
    if connection.secret is not None:
        secret = _secret(connection.secret)
        options |= {"basic_auth": (connection.user, secret)} if connection.user else {"api_key": secret}
    if connection.ca is not None:
        if not os.access(connection.ca, os.R_OK):
            raise InputError(f"store.ca_file: cannot read {connection.ca}")
        options["ca_certs"] = str(connection.ca)
    try:
        return Elasticsearch(
            list(connection.hosts), node_class=PunctualNode, request_timeout=connection.timeout_seconds,
            max_retries=0, retry_on_timeout=False, retry_on_status=(), **options,
        )  # fmt: skip
    except (ValueError, OSError) as error:
        raise InputError(f"store.url: the client refuses these settings: {error}") from error


@contextmanager
def explained(doing: str) -> Iterator[None]:
    """Turn the client's errors into `UnavailableError` that says what could not be done, why, and what to do."""
    from elasticsearch import ApiError, TransportError, UnsupportedProductError

    try:
        yield
    except UnsupportedProductError as error:
        raise UnavailableError(f"cannot {doing}: {NOT_ELASTICSEARCH}") from error
    except ApiError as error:
        raise UnavailableError(f"cannot {doing}: Elasticsearch says {error.status_code}: {reason(error)}") from error
    except TransportError as error:
        raise UnavailableError(f"cannot {doing}: no answer from Elasticsearch: {reason(error)}") from error


def reason(error: Exception) -> str:
    """Return one bounded line about an error of the client, with what to do where we know it."""
    body = getattr(error, "body", None)
    said = body.get("error") if isinstance(body, dict) else None
    if isinstance(said, dict):
        text = f"{said.get('type', '')}: {said.get('reason', '')}"
    else:
        text = str(said or getattr(error, "message", "") or error)
    text = " ".join(text.split())[:MAX_REASON_CHARACTERS]
    match getattr(error, "status_code", None):
        case 401:
            return f"{text}; check store.user and the secret's file"
        case 403 if "cluster_block" not in text:
            return f"{text}; give this user the privileges named in the how-to"
        case _:
            return text


def _secret(path: Path) -> str:
    try:
        with path.open("rb") as file:
            raw = file.read(MAX_SECRET_BYTES + 1)
    except OSError as error:
        raise InputError(f"store.secret_file: cannot read {path}: {error.strerror}") from error
    try:
        text = raw.decode("utf-8").strip()
    except UnicodeDecodeError as error:
        raise InputError(f"store.secret_file: {path} is not text in UTF-8") from error
    if not text or len(raw) > MAX_SECRET_BYTES or "\n" in text:
        raise InputError(f"store.secret_file: {path} must hold one line, the password or the API key")
    return text
