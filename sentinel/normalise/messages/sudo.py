"""What sudo says about commands run, or refused, with another account's rights."""

import re

from sentinel.model.record import Fields

_LINE = re.compile(r"(?P<user>\S{1,255}) : (?P<rest>.*)", re.DOTALL)
_PAIR = re.compile(r"(?P<name>TTY|PWD|USER|GROUP|HOST|CHROOT|TSID|ENV|CWD)=(?P<value>.*)", re.DOTALL)
_ATTEMPTS = re.compile(r"(?P<count>\d{1,4}) incorrect password attempts?")
_NOT_IN_FILE = re.compile(r"(?P<user>\S{1,255}) is not in the sudoers file.*")


def _denied(user: str, reason: str) -> Fields:
    return {
        "event.category": ["authentication"],
        "event.type": ["info"],
        "event.action": "sudo_denied",
        "event.outcome": "failure",
        "event.reason": reason,
        "user.name": user,
    }


def _settings(words: list[str], fields: Fields) -> list[str]:
    """Move `NAME=value` words into `fields`; return what is left: the reason of a refusal."""
    names = {"PWD": "process.working_directory", "CWD": "process.working_directory", "USER": "user.effective.name"}
    rest = []
    for word in words:
        pair = _PAIR.fullmatch(word)
        if pair is None:
            rest.append(word)
        elif (name := names.get(pair["name"])) is not None:
            fields[name] = pair["value"]
    return rest


def read(message: str) -> Fields | None:
    """Return what `message` says, or None where it is not about a command."""
    if found := _NOT_IN_FILE.fullmatch(message):
        return _denied(found["user"], "user NOT in sudoers")
    found = _LINE.fullmatch(message.strip())
    if found is None:
        return None
    # The command may hold any text, a ` ; ` or another `COMMAND=` too: it begins at the first and runs to the end.
    head, has_command, command = found["rest"].partition("COMMAND=")
    fields: Fields = {
        "event.category": ["authentication", "process"],
        "event.type": ["start"],
        "event.action": "sudo_command",
        "event.outcome": "success",
        "user.name": found["user"],
    }
    reasons = _settings([word for word in head.split(" ; ") if word.strip()], fields)
    if not has_command and not reasons:
        return None
    if has_command:
        fields["process.command_line"] = command
    if reasons:
        fields |= _denied(found["user"], reasons[0].strip())
        if attempts := _ATTEMPTS.match(reasons[0]):
            fields["sentinel.repeat_count"] = int(attempts["count"])
    return fields
