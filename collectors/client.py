"""The only way out: HTTPS to one server, trusting one CA, with bounded answers and bounded time."""

import contextlib
import http.client
import json
import socket
import ssl
import threading
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from email.utils import parsedate_to_datetime
from pathlib import Path
from urllib.parse import urlsplit

from sentinel import __version__
from sentinel.errors import ConflictError, InputError, RefusedError, SentinelError, UnavailableError

MAX_ANSWER_BYTES = 8_000_000
DEFAULT_TIMEOUT_SECONDS = 30.0
MAX_RETRY_AFTER_SECONDS = 3600.0


@dataclass(frozen=True, slots=True)
class Answer:
    """What the server said."""

    status: int
    body: bytes
    headers: Mapping[str, str] = field(default_factory=dict)
    """Names in lower case."""

    def json(self) -> dict[str, object]:
        """Return the body as a JSON object; raise `UnavailableError` when it is none."""
        try:
            document = json.loads(self.body)
        except (ValueError, RecursionError) as error:
            raise UnavailableError(f"the server's answer is not JSON (HTTP {self.status})") from error
        if not isinstance(document, dict):
            raise UnavailableError(f"the server's answer is not a JSON object (HTTP {self.status})")
        return document

    def sentence(self) -> str:
        """Return what the server gave as the reason, cut to 300 characters."""
        try:
            text = str(self.json().get("error", ""))
        except UnavailableError:
            text = ""
        return text[:300] or f"HTTP {self.status}"

    def retry_after(self, now: float) -> float | None:
        """Return the seconds the server asks to wait (RFC 9110 10.2.3), at most an hour; `now` is Unix time."""
        text = self.headers.get("retry-after", "").strip()
        if not text:
            return None
        if text.isascii() and text.isdigit():
            return min(float(text[:9]), MAX_RETRY_AFTER_SECONDS)
        try:
            seconds = parsedate_to_datetime(text).timestamp() - now
        except (ValueError, OverflowError):
            return None
        return min(max(seconds, 0.0), MAX_RETRY_AFTER_SECONDS)


def pinned_context(ca_file: Path) -> ssl.SSLContext:
    """Return a TLS context that trusts the CA in `ca_file` and no other; raise `UnavailableError` without it."""
    try:
        return trusting(ca_file.read_text("ascii"))
    except FileNotFoundError as error:
        raise UnavailableError(f"no CA certificate at {ca_file}; enrol first: sentinel-collect enrol TOKEN") from error
    except (OSError, ValueError) as error:
        raise UnavailableError(f"cannot use the CA certificate {ca_file}: {error}") from error


def trusting(pem: str) -> ssl.SSLContext:
    """Return a TLS context that trusts the CA certificates in `pem` and no others; raises OSError or ValueError."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    context.load_verify_locations(cadata=pem)
    return context


class _Connection(http.client.HTTPSConnection):
    """HTTPS that leaves no socket behind where the server is gone before TLS begins.

    `SSLContext.wrap_socket` raises then as well, but what it has made by then is open until it is collected as garbage.
    The server's command line does the same by itself: collectors share nothing of the kind with it.
    """

    def __init__(self, host: str, port: int, *, timeout: float, context: ssl.SSLContext) -> None:
        super().__init__(host, port, timeout=timeout, context=context)
        self._tls = context

    def connect(self) -> None:
        """Connect; raise `ConnectionError` where the server has reset the connection already."""
        http.client.HTTPConnection.connect(self)
        try:
            self.sock.getpeername()
        except OSError as error:
            self.close()
            raise ConnectionResetError("the server is gone") from error
        self.sock = self._tls.wrap_socket(self.sock, server_hostname=self.host)


class Client:
    """Speaks to the server as this collector; may be used by several threads, each has its own connection."""

    def __init__(self, url: str, ca_file: Path | None, secret: str, *, context: ssl.SSLContext | None = None) -> None:
        """Prepare for `url` (https only); `context` replaces the CA pin only while enrolling."""
        parts = urlsplit(url)
        if parts.scheme != "https" or not parts.hostname:
            raise InputError(f"the server's address must be https://host:port, not {url[:80]!r}")
        try:
            self._port = parts.port or 443
        except ValueError as error:
            raise InputError(f"the server's address has no valid port: {url[:80]!r}") from error
        self.url = f"https://{parts.netloc}{parts.path.rstrip('/')}"
        self._host = parts.hostname
        self._prefix = parts.path.rstrip("/")
        self._secret = secret
        if context is None:
            if ca_file is None:
                raise InputError("the CA file to trust is not named")
            context = pinned_context(ca_file)
        self._context = context
        self._local = threading.local()
        self._open: set[_Connection] = set()
        self._lock = threading.Lock()
        self._closed = False

    def get_json(self, path: str, timeout: float = DEFAULT_TIMEOUT_SECONDS) -> dict[str, object]:
        """Return the JSON object at `path`; raise the `SentinelError` that fits the answer."""
        return _checked(self._exchange("GET", path, None, {}, timeout)).json()

    def post_json(
        self, path: str, body: Mapping[str, object], timeout: float = DEFAULT_TIMEOUT_SECONDS
    ) -> dict[str, object]:
        """Send a JSON object and return the one that comes back; raise the `SentinelError` that fits the answer."""
        encoded = json.dumps(body, separators=(",", ":")).encode("ascii")
        return _checked(self._exchange("POST", path, encoded, {"Content-Type": "application/json"}, timeout)).json()

    def post(
        self, path: str, body: bytes, headers: Mapping[str, str], timeout: float = DEFAULT_TIMEOUT_SECONDS
    ) -> Answer:
        """Send bytes and return the answer, whatever its status; raise `UnavailableError` when there is none."""
        return self._exchange("POST", path, body, headers, timeout)

    def get(self, path: str, timeout: float = DEFAULT_TIMEOUT_SECONDS) -> Answer:
        """Return the answer, whatever its status; raise `UnavailableError` when there is none."""
        return self._exchange("GET", path, None, {}, timeout)

    def close(self) -> None:
        """Cut every connection, also those other threads are waiting on; later requests fail at once."""
        with self._lock:
            self._closed = True
            connections, self._open = self._open, set()
        own: _Connection | None = getattr(self._local, "connection", None)
        if own is not None:
            own.close()
        for connection in connections - {own}:
            # Its thread may be waiting for an answer: it wakes up, and closes what is its own.
            if (sock := connection.sock) is not None:
                with contextlib.suppress(OSError):
                    sock.shutdown(socket.SHUT_RDWR)

    def _exchange(
        self, method: str, path: str, body: bytes | None, headers: Mapping[str, str], timeout: float
    ) -> Answer:
        sent = {"User-Agent": f"sentinel-collect/{__version__}", "Accept": "application/json", **headers}
        if self._secret:
            sent["Authorization"] = f"Bearer {self._secret}"
        connection, is_reused = self._connection(timeout)
        try:
            return self._once(connection, method, path, body, sent, timeout)
        except (OSError, http.client.HTTPException) as error:
            self._drop(connection)
            # A kept connection may have been closed in between; every request of ours may be repeated.
            if not is_reused or isinstance(error, TimeoutError):
                raise self._unreachable(error) from error
        except SentinelError:
            self._drop(connection)
            raise
        return self._exchange(method, path, body, headers, timeout)

    def _once(
        self,
        connection: _Connection,
        method: str,
        path: str,
        body: bytes | None,
        headers: dict[str, str],
        timeout: float,
    ) -> Answer:
        connection.request(method, self._prefix + path, body=body, headers=headers)
        response = connection.getresponse()
        content = _read(response, time.monotonic() + timeout)
        if response.will_close:
            self._drop(connection)
        return Answer(response.status, content, {name.lower(): value for name, value in response.getheaders()})

    def _connection(self, timeout: float) -> tuple[_Connection, bool]:
        connection: _Connection | None = getattr(self._local, "connection", None)
        is_reused = connection is not None and connection.sock is not None
        if connection is None:
            connection = _Connection(self._host, self._port, context=self._context, timeout=timeout)
            self._local.connection = connection
        connection.timeout = timeout
        if connection.sock is not None:
            connection.sock.settimeout(timeout)
        with self._lock:
            if self._closed:
                raise UnavailableError("the collector is stopping")
            self._open.add(connection)
        return connection, is_reused

    def _drop(self, connection: _Connection) -> None:
        with self._lock:
            self._open.discard(connection)
        connection.close()

    def _unreachable(self, error: Exception) -> UnavailableError:
        if isinstance(error, ssl.SSLCertVerificationError):
            reason = f"its certificate is not from the pinned CA or not for this name: {error.verify_message}"
        else:
            reason = str(error) or type(error).__name__
        return UnavailableError(f"cannot reach the server {self.url}: {reason}")


def _read(response: http.client.HTTPResponse, deadline: float) -> bytes:
    parts: list[bytes] = []
    size = 0
    while part := response.read1(65536):
        parts.append(part)
        size += len(part)
        if size > MAX_ANSWER_BYTES:
            raise UnavailableError(f"the server's answer is larger than {MAX_ANSWER_BYTES} bytes")
        if time.monotonic() > deadline:
            raise UnavailableError("the server's answer came too slowly")
    if response.length:
        raise UnavailableError("the server's answer was cut off")
    # read1 leaves a response of known length open at its end, and the connection could not be used again.
    response.close()
    return b"".join(parts)


def _checked(answer: Answer) -> Answer:
    if 200 <= answer.status < 300:
        return answer
    sentence = f"the server says: {answer.sentence()}"
    if answer.status in (401, 403):
        raise RefusedError(sentence)
    if answer.status == 409:
        raise ConflictError(sentence)
    if answer.status in (400, 404, 413, 415, 422):
        raise InputError(sentence)
    raise UnavailableError(sentence)
