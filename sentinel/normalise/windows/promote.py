"""Event data that has a place in ECS is put there too."""

from collections.abc import Callable, Mapping

from sentinel.model.record import Fields
from sentinel.normalise.decode import whole
from sentinel.normalise.values import address
from sentinel.normalise.windows.shapes import PREFIX, Data

Put = Callable[[Fields, str], None]


def _last(path: str) -> str:
    return path.rpartition("\\")[2].rpartition("/")[2]


def _text(name: str) -> Put:
    def put(fields: Fields, value: str) -> None:
        fields[name] = value

    return put


def _number(name: str, highest: int = 2**32) -> Put:
    def put(fields: Fields, value: str) -> None:
        number = whole(value)
        if number is not None and 0 <= number <= highest:
            fields[name] = number

    return put


def _ip(name: str) -> Put:
    def put(fields: Fields, value: str) -> None:
        if (found := address(value)) is not None:
            fields[name] = found

    return put


def _path(name: str, short: str) -> Put:
    def put(fields: Fields, value: str) -> None:
        fields[name] = value
        fields[short] = _last(value)

    return put


def _file(fields: Fields, value: str) -> None:
    fields["file.path"] = value
    fields["file.name"] = name = _last(value)
    if "." in name:
        fields["file.extension"] = name.rpartition(".")[2].lower()


def _account(fields: Fields, value: str) -> None:
    domain, mark, name = value.rpartition("\\")
    fields["user.name"] = name
    if mark:
        fields["user.domain"] = domain


def _registry(fields: Fields, value: str) -> None:
    fields["registry.path"] = value
    fields["registry.value"] = _last(value)


def _strings(fields: Fields, value: str) -> None:
    fields["registry.data.strings"] = [value]


def _lower(name: str) -> Put:
    def put(fields: Fields, value: str) -> None:
        fields[name] = value.lower()

    return put


_HASHES = {"MD5": "md5", "SHA1": "sha1", "SHA256": "sha256"}


def _hashes(prefix: str, only_sha256: bool) -> Put:
    def put(fields: Fields, value: str) -> None:
        for pair in value.split(",")[:8]:
            kind, _, digest = pair.partition("=")
            if kind == "IMPHASH" and not only_sha256:
                fields["process.pe.imphash"] = digest.lower()
            elif kind in _HASHES and (kind == "SHA256" or not only_sha256):
                fields[f"{prefix}.hash.{_HASHES[kind]}"] = digest.lower()

    return put


_executable = _path("process.executable", "process.name")
_parent = _path("process.parent.executable", "process.parent.name")

_SYSMON: dict[str, Put] = {
    "Image": _executable,
    "ProcessId": _number("process.pid"),
    "ProcessGuid": _text("process.entity_id"),
    "CommandLine": _text("process.command_line"),
    "CurrentDirectory": _text("process.working_directory"),
    "OriginalFileName": _text("process.pe.original_file_name"),
    "ParentImage": _parent,
    "ParentProcessId": _number("process.parent.pid"),
    "ParentProcessGuid": _text("process.parent.entity_id"),
    "ParentCommandLine": _text("process.parent.command_line"),
    "User": _account,
    "SourceIp": _ip("source.ip"),
    "SourcePort": _number("source.port", 65535),
    "SourceHostname": _text("source.domain"),
    "DestinationIp": _ip("destination.ip"),
    "DestinationPort": _number("destination.port", 65535),
    "DestinationHostname": _text("destination.domain"),
    "Protocol": _lower("network.transport"),
    "TargetFilename": _file,
    "TargetObject": _registry,
    "Details": _strings,
    "QueryName": _text("dns.question.name"),
    "LogonId": _text("winlog.logon.id"),
}
_SYSMON_BY_ID: dict[int, dict[str, Put]] = {
    1: _SYSMON | {"Hashes": _hashes("process", only_sha256=False)},
    6: _SYSMON | {"ImageLoaded": _file, "Hashes": _hashes("file", only_sha256=True)},
    7: (_SYSMON | {"ImageLoaded": _path("dll.path", "dll.name"), "Hashes": _hashes("dll", only_sha256=True)}),
    8: _SYSMON
    | {"SourceImage": _executable, "SourceProcessId": _number("process.pid"), "SourceUser": _account}
    | {"SourceProcessGuid": _text("process.entity_id")},
    10: _SYSMON
    | {"SourceImage": _executable, "SourceProcessId": _number("process.pid"), "SourceUser": _account}
    | {"SourceProcessGUID": _text("process.entity_id")},
    15: _SYSMON | {"Hashes": _hashes("file", only_sha256=True)},
    23: _SYSMON | {"Hashes": _hashes("file", only_sha256=True)},
}
for _id in (7, 12, 13, 14):
    _SYSMON_BY_ID[_id] = {k: v for k, v in _SYSMON_BY_ID.get(_id, _SYSMON).items() if k != "OriginalFileName"}

_SUBJECT: dict[str, Put] = {
    "SubjectUserName": _text("user.name"),
    "SubjectDomainName": _text("user.domain"),
    "SubjectUserSid": _text("user.id"),
    "SubjectLogonId": _text("winlog.logon.id"),
}
_SECURITY: dict[str, Put] = _SUBJECT | {
    "IpAddress": _ip("source.ip"),
    "ClientAddress": _ip("source.ip"),
    "IpPort": _number("source.port", 65535),
    "WorkstationName": _text("source.domain"),
    "ProcessName": _executable,
    "ProcessId": _number("process.pid"),
    "LogonType": _text("winlog.logon.type"),
    "ServiceName": _text("service.name"),
}
_LOG_ON = {name: put for name, put in _SECURITY.items() if name not in _SUBJECT} | {
    "TargetUserName": _text("user.name"),
    "TargetDomainName": _text("user.domain"),
    "TargetUserSid": _text("user.id"),
    "TargetSid": _text("user.id"),
    "TargetLogonId": _text("winlog.logon.id"),
    "Workstation": _text("source.domain"),
}
_OTHER_ACCOUNT = _SECURITY | {
    "TargetUserName": _text("user.target.name"),
    "TargetDomainName": _text("user.target.domain"),
    "TargetSid": _text("user.target.id"),
}
_GROUP = _SECURITY | {
    "TargetUserName": _text("group.name"),
    "TargetSid": _text("group.id"),
    "MemberName": _text("user.target.name"),
    "MemberSid": _text("user.target.id"),
}
_NEW_PROCESS = _SUBJECT | {
    "NewProcessName": _executable,
    "NewProcessId": _number("process.pid"),
    "CommandLine": _text("process.command_line"),
    "ParentProcessName": _parent,
    "ProcessId": _number("process.parent.pid"),
    "TargetUserName": _text("user.effective.name"),
}
_FILTERED = {
    "Application": _executable,
    "ProcessID": _number("process.pid"),
    "ProcessId": _number("process.pid"),
    "SourceAddress": _ip("source.ip"),
    "SourcePort": _number("source.port", 65535),
    "DestAddress": _ip("destination.ip"),
    "DestPort": _number("destination.port", 65535),
}
_SECURITY_BY_ID: dict[int, dict[str, Put]] = {
    4657: _SECURITY | {"ObjectName": _registry},
    4688: _NEW_PROCESS,
    4728: _GROUP,
    4732: _GROUP,
    4756: _GROUP,
    5140: _SECURITY | {"ShareName": _text("file.path")},
    5145: _SECURITY | {"RelativeTargetName": _file},
    5156: _FILTERED,
}
_SECURITY_BY_ID |= dict.fromkeys((4624, 4625, 4634, 4647, 4768, 4769, 4771, 4776), _LOG_ON)
_SECURITY_BY_ID |= dict.fromkeys((4648, 4720, 4722, 4723, 4724, 4725, 4726, 4738, 4740), _OTHER_ACCOUNT)
_OTHERS: dict[str, Put] = _SUBJECT | {"ServiceName": _text("service.name"), "ImagePath": _text("process.command_line")}

_NOTHING = frozenset({"", "-", "N/A"})
Table = Mapping[str, Put]


def _by_field(table: Table) -> Table:
    return {PREFIX + name: put for name, put in table.items()}


_TABLES: dict[str, tuple[dict[int, Table], Table]] = {
    "windows.sysmon": ({number: _by_field(each) for number, each in _SYSMON_BY_ID.items()}, _by_field(_SYSMON)),
    "windows.security": ({number: _by_field(each) for number, each in _SECURITY_BY_ID.items()}, _by_field(_SECURITY)),
}
_ELSEWHERE: tuple[dict[int, Table], Table] = ({}, _by_field(_OTHERS))


def promote(fields: Fields, dataset: str, event_id: int, data: Data) -> None:
    """Add the ECS fields that the event data of this kind of event fills."""
    by_id, otherwise = _TABLES.get(dataset, _ELSEWHERE)
    table = by_id.get(event_id, otherwise)
    for name, value in data.items():
        if (put := table.get(name)) is not None and isinstance(value, str) and value not in _NOTHING:
            put(fields, value)
    if dataset == "windows.security" and event_id in (4656, 4663):
        _add_object(fields, data)


def _add_object(fields: Fields, data: Data) -> None:
    """Add the object that was opened: a file or a registry key."""
    name = data.get(PREFIX + "ObjectName")
    if isinstance(name, str) and name not in _NOTHING:
        if data.get(PREFIX + "ObjectType") == "File":
            _file(fields, name)
        elif data.get(PREFIX + "ObjectType") == "Key":
            _registry(fields, name)
