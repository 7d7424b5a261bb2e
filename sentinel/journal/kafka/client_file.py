"""The client file: how Sentinel proves to the brokers who it is, and they to it; the only place with their secrets."""

import re
from pathlib import Path

from sentinel.errors import InputError

MAX_BYTES = 100_000
_OPTION = re.compile(r"security\.protocol|(ssl|sasl)\.[a-z.]+|enable\.(ssl|sasl)\.[a-z.]+")
_PATH = re.compile(r"ssl\.(ca|certificate|key|crl|keystore)\.location")


def options_in(path: Path) -> dict[str, str]:
    """Return the settings in lines `name=value`, by librdkafka's names: `security.protocol`, `ssl.*` and `sasl.*`.

    Files that it names lie beside it where their paths are not absolute. Raises `InputError` with file and line, never
    with a value.
    """
    try:
        with path.open("rb") as file:
            text = file.read(MAX_BYTES + 1).decode("utf-8")
    except (OSError, UnicodeDecodeError) as error:
        reason = getattr(error, "strerror", None) or "it is not UTF-8"
        raise InputError(f"journal.client_file: cannot read {path}: {reason}") from error
    if len(text) > MAX_BYTES:
        raise InputError(f"journal.client_file: {path} is longer than {MAX_BYTES} bytes, and no client file")
    found: dict[str, str] = {}
    for number, line in enumerate(text.splitlines(), 1):
        name, is_set, value = (part.strip() for part in line.partition("="))
        if not name or name.startswith("#"):
            continue
        if not is_set or not _OPTION.fullmatch(name):
            raise InputError(f"{path}:{number}: expected security.protocol, ssl.* or sasl.* and '=' with a value")
        found[name] = str(_beside(path, number, name, value)) if _PATH.fullmatch(name) else value
    return found


def _beside(path: Path, number: int, name: str, value: str) -> Path:
    named = path.parent / value
    try:
        with named.open("rb"):
            return named
    except OSError as error:
        raise InputError(f"{path}:{number}: {name}: cannot read {named}: {error.strerror}") from error
