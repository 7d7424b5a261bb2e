"""Speaks to a running server as a signed-in person does: session cookie, CSRF token, pinned CA."""

import http.client
import json
import ssl
from http.cookies import SimpleCookie
from pathlib import Path
from urllib.parse import urlencode, urlsplit

from sentinel.errors import RefusedError, UnavailableError

TIMEOUT_SECONDS = 20.0
MAX_ANSWER_BYTES = 64_000_000


class Connection(http.client.HTTPSConnection):
    """HTTPS that leaves no socket behind where the server is gone before TLS begins.

    `SSLContext.wrap_socket` raises then as well, but what it has made by then is open until it is collected as garbage.
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
    """A session with the server's API."""

    def __init__(self, url: str, ca: Path) -> None:
        parts = urlsplit(url)
        self._host, self._port = parts.hostname or "localhost", parts.port or 443
        self._context = ssl.create_default_context(cafile=str(ca))
        self._cookies: dict[str, str] = {}
        self._csrf = ""

    def is_up(self) -> bool:
        """Return whether the server answers that it is well."""
        try:
            return self._send("GET", "/healthz", None)[0] == http.client.OK
        except UnavailableError:
            return False

    def sign_in(self, token: str) -> None:
        """Use a one-time link; raise `RefusedError` when it is used up or too old."""
        status, answer = self._send("POST", "/api/v1/session", json.dumps({"token": token}).encode())
        if status != http.client.OK:
            raise RefusedError("the one-time sign-in link was refused; make another with `sentinel user link`")
        self._csrf = str(json.loads(answer)["csrf"])

    def get(self, path: str, **parameters: object) -> dict[str, object]:
        """Return the answer to a question; raise `UnavailableError` on anything but success."""
        return self._json("GET", f"{path}?{urlencode(parameters, doseq=True)}" if parameters else path, None)

    def post(self, path: str, body: object) -> dict[str, object]:
        """Return the answer to a change; raise `UnavailableError` on anything but success."""
        return self._json("POST", path, json.dumps(body).encode())

    def _json(self, method: str, path: str, body: bytes | None) -> dict[str, object]:
        status, answer = self._send(method, path, body)
        if status >= http.client.BAD_REQUEST:
            raise UnavailableError(f"{method} {path} answered {status}: {answer[:300].decode(errors='replace')}")
        document = json.loads(answer)
        if not isinstance(document, dict):
            raise UnavailableError(f"{method} {path} answered something that is no object")
        return document

    def _send(self, method: str, path: str, body: bytes | None) -> tuple[int, bytes]:
        connection = Connection(self._host, self._port, timeout=TIMEOUT_SECONDS, context=self._context)
        headers = {"Content-Type": "application/json", "X-CSRF-Token": self._csrf}
        if self._cookies:
            headers["Cookie"] = "; ".join(f"{name}={value}" for name, value in self._cookies.items())
        try:
            connection.request(method, path, body, headers)
            answer = connection.getresponse()
            content = answer.read(MAX_ANSWER_BYTES)
            for line in answer.headers.get_all("Set-Cookie") or []:
                self._cookies.update({name: morsel.value for name, morsel in SimpleCookie(line).items()})
        except (OSError, http.client.HTTPException) as error:
            raise UnavailableError(f"no answer from https://{self._host}:{self._port}: {error}") from error
        finally:
            connection.close()
        return answer.status, content
