"""Records of the Linux audit system: their names and values, decoded as `ausearch -i` would, upper-case names kept."""

import re
from collections.abc import Iterator

from sentinel.errors import InputError
from sentinel.model.record import Fields
from sentinel.normalise.pairs import pairs
from sentinel.normalise.stamps import epoch
from sentinel.normalise.values import whole

_RECORD = re.compile(
    r"(?:(?:.{0,300}?\s)??node=(?P<node>\S{1,255}) |.{0,300}?\s)??"
    r"type=(?P<type>[A-Z][A-Z0-9_]{0,40}|UNKNOWN\[\d{1,6}\]):? "
    r"(?:msg=)?audit\((?P<time>\d{1,11}\.\d{1,6}):(?P<serial>\d{1,12})\):? ?(?P<body>.*)",
    re.DOTALL,
)
ENRICHED = "\x1d"
"""Parts a record as the kernel wrote it from the names that auditd adds with `log_format = ENRICHED`."""
_HEX = re.compile(r"(?:[0-9A-F]{2})+")
_ENCODED = frozenset(
    "acct cmd comm cwd data dir exe file grp key name new_name ocomm old_name path proctitle sw vm watch".split()  # noqa: SIM905
)
"""Fields that the kernel writes in hexadecimal where they hold blanks, quotes or control characters."""
_ARGUMENT = re.compile(r"a\d{1,4}")
_ABSENT = frozenset({"(null)", "?", "(none)", ""})

# arch/x86/entry/syscalls/syscall_64.tbl and include/uapi/asm-generic/unistd.h: those that rules ask for.
_SYSCALLS = {
    "c000003e": {
        2: "open", 41: "socket", 42: "connect", 44: "sendto", 49: "bind", 56: "clone", 57: "fork", 58: "vfork",
        59: "execve", 62: "kill", 76: "truncate", 82: "rename", 83: "mkdir", 84: "rmdir", 85: "creat", 86: "link",
        87: "unlink", 88: "symlink", 90: "chmod", 91: "fchmod", 92: "chown", 99: "sysinfo", 101: "ptrace",
        103: "syslog", 105: "setuid", 133: "mknod", 135: "personality", 161: "chroot", 165: "mount", 175: "init_module",
        176: "delete_module", 257: "openat", 259: "mknodat", 263: "unlinkat", 264: "renameat", 268: "fchmodat",
        310: "process_vm_readv", 311: "process_vm_writev", 313: "finit_module", 316: "renameat2", 319: "memfd_create",
        321: "bpf", 322: "execveat",
    },
    "c00000b7": {
        33: "mknodat", 35: "unlinkat", 38: "renameat", 40: "mount", 51: "chroot", 53: "fchmodat", 56: "openat",
        92: "personality", 105: "init_module", 116: "syslog", 117: "ptrace", 129: "kill", 146: "setuid",
        179: "sysinfo", 198: "socket", 200: "bind", 203: "connect", 206: "sendto", 220: "clone", 221: "execve",
        273: "finit_module", 276: "renameat2", 279: "memfd_create", 280: "bpf", 281: "execveat",
    },
}  # fmt: skip


class AuditRecord:
    """One record: its type, when, and its fields by name."""

    __slots__ = ("at", "fields", "node", "serial", "type")

    def __init__(self, line: str) -> None:
        """Read `line`; raise `InputError` where it is no audit record."""
        found = _RECORD.fullmatch(line.strip())
        if found is None:
            raise InputError("not an audit record: expected 'type=NAME msg=audit(seconds:serial): name=value ...'")
        self.type: str = found["type"]
        self.at = epoch(found["time"])
        self.serial: str = found["serial"]
        self.node: str = found["node"] or ""
        self.fields = {"type": self.type} | dict(_decoded(self.type, found["body"]))
        _name_the_syscall(self.fields)

    def get(self, name: str) -> str:
        """Return a field's value, empty where it has none."""
        return self.fields.get(name, "")

    def number(self, name: str) -> int | None:
        """Return a field that is a whole number."""
        return whole(self.get(name), 2**32)


def _decoded(kind: str, body: str) -> Iterator[tuple[str, str]]:
    """Yield the fields of a record; in those of programs (USER_CMD and others) they stand inside `msg='...'`."""
    for name, value, is_quoted in pairs(body.replace(ENRICHED, " ")):
        if name == "msg" and "=" in value:
            yield from _decoded(kind, value)
        elif is_quoted:
            yield name, value
        elif value not in _ABSENT:
            is_encoded = name in _ENCODED or (kind == "EXECVE" and _ARGUMENT.fullmatch(name) is not None)
            yield name, decode_hex(value) if is_encoded and _HEX.fullmatch(value) else value


def decode_hex(value: str) -> str:
    """Return the text that hexadecimal digits stand for; arguments are parted by zeros, and become words."""
    return bytes.fromhex(value).rstrip(b"\0").replace(b"\0", b" ").decode("utf-8", "backslashreplace")


def _name_the_syscall(fields: dict[str, str]) -> None:
    """Add the name of a call that the kernel gave by number only."""
    if "SYSCALL" in fields or "syscall" not in fields:
        return
    number = whole(fields["syscall"], 10_000)
    if number is None:
        fields["SYSCALL"] = fields["syscall"]
    elif (name := _SYSCALLS.get(fields.get("arch", ""), {}).get(number)) is not None:
        fields["SYSCALL"] = name


_TEXTS = {
    "process.executable": ("exe",),
    "process.name": ("comm",),
    "process.working_directory": ("cwd",),
    "user.id": ("uid",),
    "user.effective.id": ("euid",),
    "user.name": ("UID", "user"),
    "user.effective.name": ("EUID", "effective_user"),
}
_OUTCOMES = dict.fromkeys(("yes", "success", "1"), "success") | dict.fromkeys(("no", "failed", "0"), "failure")


def add_process(fields: Fields, record: AuditRecord) -> None:
    """Add the process a record is about, and on whose behalf it acts."""
    for name, keys in _TEXTS.items():
        if text := next((found for key in keys if (found := record.get(key))), ""):
            fields[name] = text
    for name, key in (("process.pid", "pid"), ("process.parent.pid", "ppid")):
        if (number := record.number(key)) is not None:
            fields[name] = number
    if outcome := _OUTCOMES.get(record.get("success") or record.get("res")):
        fields["event.outcome"] = outcome
    if record.node:
        fields["host.name"] = record.node
