"""The lab's portal: small, real, and weak on purpose; it runs only inside the lab, on its own loopback address.

Weaknesses: a search put together as SQL text, a document name used as a path, uploads kept under the name they claim.
What an uploaded `.php` file may do is a fixed list of harmless commands.
"""

import html
import shlex
import sqlite3
import subprocess
import sys
from email.message import Message
from email.parser import BytesParser
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

ROOT = Path("/var/www/portal")
UPLOADS = ROOT / "uploads"
PORT = 8000
MAX_BODY_BYTES = 1_000_000
SHELL_COMMANDS = ("id", "whoami", "pwd", "hostname", "ls -l", "cat /etc/passwd")
"""All that the webshell does, besides starting a copy of /bin/sleep (see `_start_sleeper`)."""
MAX_SLEEPER_SECONDS = 600

DOSSIERS = [
    ("HS-0001", "Nguyễn Thị Mẫu", "Đã tiếp nhận"),
    ("HS-0002", "Trần Văn Thử", "Đang xử lý"),
    ("HS-0003", "Lê Minh Họa", "Đã trả kết quả"),
]


class Portal(BaseHTTPRequestHandler):
    """One request to the portal."""

    server_version = "Portal"
    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        """Serve a page, a document, or what was uploaded."""
        parts = urlsplit(self.path)
        query = {name: values[0] for name, values in parse_qs(parts.query).items()}
        pages = {"/": self._home, "/tra-cuu": self._search, "/tai-lieu": self._document}
        if parts.path in pages:
            pages[parts.path](query)
        elif parts.path.startswith("/uploads/"):
            self._uploaded(parts.path.removeprefix("/uploads/"), query)
        else:
            self._answer(404, "<p>Không tìm thấy trang.</p>")

    def do_POST(self) -> None:
        """Take an upload; everything else is not found."""
        length = int(self.headers.get("Content-Length", "0"))
        if urlsplit(self.path).path != "/ho-so/tai-len" or length > MAX_BODY_BYTES:
            self.close_connection = True
            return self._answer(404, "<p>Không tìm thấy trang.</p>")
        head = f"Content-Type: {self.headers['Content-Type']}\r\n\r\n".encode()
        form = BytesParser().parsebytes(head + self.rfile.read(length))
        for part in form.get_payload():
            if isinstance(part, Message) and (name := part.get_filename()):
                content = part.get_payload(decode=True)
                (UPLOADS / Path(name).name).write_bytes(content if isinstance(content, bytes) else b"")
                return self._answer(200, f"<p>Đã nhận {html.escape(Path(name).name)}.</p>")
        return self._answer(400, "<p>Thiếu tệp đính kèm.</p>")

    def _home(self, _: dict[str, str]) -> None:
        self._answer(200, "<h1>Cổng dịch vụ công Phường Mẫu</h1><a href='/tra-cuu?ma=HS-0001'>Tra cứu hồ sơ</a>")

    def _search(self, query: dict[str, str]) -> None:
        with sqlite3.connect(":memory:") as database:
            database.execute("CREATE TABLE ho_so (ma TEXT, nguoi_nop TEXT, trang_thai TEXT)")
            database.executemany("INSERT INTO ho_so VALUES (?, ?, ?)", DOSSIERS)
            try:
                # Weak on purpose: this is what sqlmap is to find.
                sql = f"SELECT ma, trang_thai FROM ho_so WHERE ma = '{query.get('ma', '')}'"
                rows = database.execute(sql).fetchall()
            except sqlite3.Error as error:
                return self._answer(500, f"<p>Lỗi: {html.escape(str(error))}</p>")
        cells = "".join(f"<tr><td>{html.escape(f'{a}')}</td><td>{html.escape(f'{b}')}</td></tr>" for a, b in rows)
        return self._answer(200, f"<table>{cells}</table>" if cells else "<p>Không có hồ sơ.</p>")

    def _document(self, query: dict[str, str]) -> None:
        # Weak on purpose: `..` is not refused, so the document can be any file the portal may read.
        path = ROOT / "documents" / query.get("tep", "")
        if not path.is_file():
            return self._answer(404, "<p>Không có tài liệu.</p>")
        return self._answer(200, f"<pre>{html.escape(path.read_text(encoding='utf-8', errors='replace'))}</pre>")

    def _uploaded(self, name: str, query: dict[str, str]) -> None:
        path = UPLOADS / Path(name).name
        if not path.is_file():
            self._answer(404, "<p>Không có tệp.</p>")
        elif path.suffix == ".php":
            self._answer(200, f"<pre>{html.escape(_interpret(query.get('cmd', '')))}</pre>")
        else:
            self._answer(200, f"<p>Tệp {html.escape(path.name)}, {path.stat().st_size} byte.</p>")

    def _answer(self, status: int, body: str) -> None:
        content = f"<!doctype html><title>Cổng dịch vụ công</title>{body}\n".encode()
        self.send_response(status)
        self.send_header("Content-Type", "text/html; charset=utf-8")
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    def log_message(self, *_: object) -> None:
        """Leave the log to nginx, which stands in front."""


def _interpret(command: str) -> str:
    """Play the PHP interpreter for the one webshell of the lab: do what is on the list, through a real shell."""
    if command in SHELL_COMMANDS:
        done = subprocess.run(["/bin/sh", "-c", command], capture_output=True, text=True, cwd=UPLOADS, timeout=5)
        return done.stdout
    return _start_sleeper(command)


def _start_sleeper(command: str) -> str:
    """Start an uploaded program, if it is /bin/sleep byte for byte: `./NAME SECONDS`."""
    match shlex.split(command):
        case [program, seconds] if program.startswith("./") and seconds.isdigit():
            path = UPLOADS / Path(program).name
            if path.is_file() and path.read_bytes() == Path("/bin/sleep").read_bytes():
                path.chmod(0o755)
                subprocess.Popen([path, str(min(int(seconds), MAX_SLEEPER_SECONDS))], cwd=UPLOADS)
                return "started"
    return "not on the list"


if __name__ == "__main__":
    UPLOADS.mkdir(exist_ok=True)
    sys.stdout.write("ready\n")
    ThreadingHTTPServer(("127.0.0.1", PORT), Portal).serve_forever()
