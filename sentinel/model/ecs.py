"""The fields in use, with their types: Elastic Common Schema names, and our own below `sentinel.`."""

from typing import Literal

from sentinel.model.ecs_egov import EGOV, EGOV_LISTS

Kind = Literal["keyword", "long", "ip", "date", "boolean", "float", "text"]
"""Types as Elasticsearch names them. A `date` is a text as `moment.to_text` writes it; `text` is searched by words."""

_ALWAYS: dict[str, tuple[Kind, str]] = {
    "@timestamp": ("date", "When it happened; where the source does not say, when the collector saw it"),
    "event.kind": ("keyword", "`event`, `state`, `alert`, or `pipeline_error` for a line its parser rejected"),
    "event.category": ("keyword", "What it is about: `authentication`, `web`, `process`, `network`, `iam`, `session`"),
    "event.type": ("keyword", "What part of it: `start`, `end`, `info`, `access`, `connection`, `creation`"),
    "event.outcome": ("keyword", "`success`, `failure` or `unknown`, as the one who tried would say"),
    "event.action": ("keyword", "What was done, in the words of the dataset: `ssh_login`, `export`"),
    "event.code": ("keyword", "Number the source gives this kind of event: the Windows event id"),
    "event.reason": ("keyword", "Why it ended like this, in the words of the source"),
    "event.provider": ("keyword", "Program or component that wrote it"),
    "event.dataset": ("keyword", "`source.kind`: which parser read it"),
    "event.created": ("date", "When the collector saw it"),
    "event.ingested": ("date", "When the server received it"),
    "event.start": ("date", "When it began"),
    "event.end": ("date", "When it ended"),
    "event.duration": ("long", "Nanoseconds from start to end"),
    "event.id": ("keyword", "Id of this record: hash of collector, epoch and sequence"),
    "event.sequence": ("long", "Position in the collector's epoch"),
    "event.original": ("keyword", "The line as it was read; bytes that are no text are written as `\\xNN`"),
    "event.timezone": ("keyword", "Time zone used to read a time that names none"),
    "event.agent_id_status": (
        "keyword",
        "`verified` when the sender proved who it is, `auth_metadata_missing` when only its network address says so",
    ),
    "message": ("text", "The text a person reads, without time and program"),
    "error.message": ("text", "Why the line could not be read"),
    "tags": ("keyword", "Marks"),
    "agent.id": ("keyword", "Collector that sent it"),
    "organization.id": ("keyword", "Agency the collector belongs to"),
    "host.name": ("keyword", "Machine it happened on"),
    "host.ip": ("ip", "Addresses of that machine"),
    "observer.name": ("keyword", "Sensor that saw it on the wire"),
    "observer.type": ("keyword", "`sensor`"),
    "observer.ingress.interface.name": ("keyword", "Interface or capture file it was seen on"),
    "observer.egress.interface.name": ("keyword", "Interface it left by"),
    "log.file.path": ("keyword", "File it was read from"),
    "log.offset": ("long", "Byte in that file where the line begins"),
    "log.truncated": ("boolean", "The collector cut the line"),
    "log.syslog.hostname": ("keyword", "Machine as the line names it"),
    "log.syslog.priority": ("long", "Facility and severity, where the line carries them"),
    "log.level": ("keyword", "How grave the source thinks it is, in its own words"),
    "related.ip": ("ip", "Every address in the record"),
    "related.user": ("keyword", "Every account in the record"),
    "related.hosts": ("keyword", "Every machine in the record"),
    "related.hash": ("keyword", "Every hash in the record"),
}

_USERS: dict[str, tuple[Kind, str]] = {
    "user.name": ("keyword", "Account that acts, or tries to"),
    "user.id": ("keyword", "Its number or SID"),
    "user.domain": ("keyword", "Its Windows domain"),
    "user.roles": ("keyword", "Its roles in the application"),
    "user.effective.name": ("keyword", "Account whose rights are used"),
    "user.effective.id": ("keyword", "Its number or SID"),
    "user.effective.domain": ("keyword", "Its Windows domain"),
    "user.target.name": ("keyword", "Account that is changed"),
    "user.target.id": ("keyword", "Its number or SID"),
    "user.target.domain": ("keyword", "Its Windows domain"),
    "group.name": ("keyword", "Group that is changed"),
    "group.id": ("keyword", "Its number or SID"),
    "sentinel.auth.method": ("keyword", "How somebody proved who they are: `password`, `publickey`"),
    "sentinel.auth.key_fingerprint": ("keyword", "Key that was offered"),
    "sentinel.auth.is_invalid_user": ("boolean", "The account does not exist on the machine"),
    "sentinel.long": ("boolean", "The line is longer than the 8,000 characters of a value that a search compares"),
    "sentinel.sender.address": ("ip", "Where a syslog message came from, a relay where one stands between"),
    "sentinel.repeat_count": ("long", "Times the source saw it, where it says so in one line"),
    "sentinel.session.id": ("keyword", "Session of the machine it belongs to"),
}

_PROCESSES: dict[str, tuple[Kind, str]] = {
    "process.pid": ("long", "Process number"),
    "process.start": ("date", "When it was started"),
    "process.end": ("date", "When it ended"),
    "process.name": ("keyword", "Program name"),
    "process.executable": ("keyword", "Full path of the program"),
    "process.command_line": ("keyword", "Program and arguments as one text"),
    "process.args": ("keyword", "The same as a list"),
    "process.args_count": ("long", "Length of that list"),
    "process.working_directory": ("keyword", "Folder it works in"),
    "process.entity_id": ("keyword", "Names this run of the process even when its number is used again"),
    "process.exit_code": ("long", "How it ended"),
    "process.hash.md5": ("keyword", "Of the program file"),
    "process.hash.sha1": ("keyword", "Of the program file"),
    "process.hash.sha256": ("keyword", "Of the program file"),
    "process.pe.imphash": ("keyword", "Of the program's import table"),
    "process.pe.original_file_name": ("keyword", "Name its maker gave the program"),
    "process.parent.pid": ("long", "Process that started it"),
    "process.parent.name": ("keyword", "Its program name"),
    "process.parent.executable": ("keyword", "Its full path"),
    "process.parent.command_line": ("keyword", "Its program and arguments"),
    "process.parent.entity_id": ("keyword", "Names that run of it"),
    "file.path": ("keyword", "File that was touched"),
    "file.name": ("keyword", "Last part of the path"),
    "file.extension": ("keyword", "What follows its last dot"),
    "file.hash.sha256": ("keyword", "Of its content"),
    "dll.path": ("keyword", "Library that was loaded"),
    "dll.name": ("keyword", "Last part of its path"),
    "dll.hash.sha256": ("keyword", "Of the library"),
    "registry.path": ("keyword", "Key and value that were touched"),
    "registry.value": ("keyword", "Name of the value"),
    "registry.data.strings": ("keyword", "What was written"),
    "service.name": ("keyword", "Windows service or daemon"),
    "service.type": ("keyword", "Part of a device or a server that a line is about: `aaa`, `bgp`, `modsecurity`"),
    "process.title": ("keyword", "What the process calls itself, which it may change"),
    "sentinel.malware.name": ("keyword", "What an antivirus program calls what it found"),
}

_NETWORK: dict[str, tuple[Kind, str]] = {
    "source.ip": ("ip", "Who began it"),
    "source.port": ("long", "Its port"),
    "source.mac": ("keyword", "Its hardware address, `AA-BB-CC-DD-EE-FF`"),
    "source.domain": ("keyword", "Its name, where the source gives a name"),
    "source.bytes": ("long", "Bytes it sent"),
    "source.packets": ("long", "Packets it sent"),
    "destination.ip": ("ip", "Who was meant"),
    "destination.port": ("long", "Its port"),
    "destination.mac": ("keyword", "Its hardware address"),
    "destination.domain": ("keyword", "Its name"),
    "destination.bytes": ("long", "Bytes it sent back"),
    "destination.packets": ("long", "Packets it sent back"),
    "network.transport": ("keyword", "`tcp`, `udp`, `icmp`, `ipv6-icmp`"),
    "network.type": ("keyword", "`ipv4`, `ipv6`, `arp`"),
    "network.protocol": ("keyword", "`dns`, `http`, `tls`, `ssh`"),
    "network.direction": ("keyword", "`inbound`, `outbound`, `internal`, `ingress`, `egress`"),
    "network.bytes": ("long", "Both ways"),
    "network.packets": ("long", "Both ways"),
    "network.community_id": ("keyword", "Community ID v1 of the five-tuple"),
    "network.vlan.id": ("keyword", "VLAN"),
    "sentinel.flow.state": ("keyword", "`established`, `attempted`, `rejected`, `other`"),
    "sentinel.flow.tcp_flags": ("keyword", "Flags seen, both ways"),
    "sentinel.firewall.rule": ("keyword", "Rule that decided, or the mark it puts on its log lines"),
    "sentinel.connection.state": ("keyword", "State the operating system gives a connection: `LISTEN`, `ESTABLISHED`"),
    "sentinel.connection.is_initiated": ("boolean", "The process began the connection, and did not answer one"),
    "dns.type": ("keyword", "`query` or `answer`"),
    "dns.id": ("keyword", "Transaction number"),
    "dns.op_code": ("keyword", "`QUERY`"),
    "dns.response_code": ("keyword", "`NOERROR`, `NXDOMAIN`"),
    "dns.resolved_ip": ("ip", "Addresses answered"),
    "dns.question.name": ("keyword", "Name asked for"),
    "dns.question.type": ("keyword", "`A`, `TXT`"),
    "dns.question.class": ("keyword", "`IN`"),
    "dns.question.registered_domain": ("keyword", "The part one registers"),
    "dns.question.subdomain": ("keyword", "What stands before it"),
    "dns.question.top_level_domain": ("keyword", "What stands behind"),
    "dns.answers.name": ("keyword", "Parallel lists of the answers"),
    "dns.answers.data": ("keyword", "Parallel lists of the answers"),
    "dns.answers.type": ("keyword", "Parallel lists of the answers"),
    "dns.answers.ttl": ("long", "Parallel lists of the answers, seconds"),
    "sentinel.dns.question_length": ("long", "Characters of the name"),
    "sentinel.dns.label_length_max": ("long", "Characters of its longest label"),
    "sentinel.dns.entropy": ("float", "Shannon entropy of the name without its registered domain, bits per character"),
    "sentinel.arp.operation": ("keyword", "`request` or `reply`"),
    "sentinel.arp.sender_ip": ("ip", "Address that is claimed"),
    "sentinel.arp.sender_mac": ("keyword", "Who claims it"),
    "sentinel.arp.target_ip": ("ip", "Address that is asked for"),
    "sentinel.arp.target_mac": ("keyword", "Whom it is said to"),
    "sentinel.arp.previous_mac": ("keyword", "Who held the address before"),
}

_WEB: dict[str, tuple[Kind, str]] = {
    "http.request.method": ("keyword", "As it came"),
    "http.request.referrer": ("keyword", "Page it was linked from"),
    "http.request.bytes": ("long", "Size of the request"),
    "http.response.status_code": ("long", "Answer"),
    "http.response.mime_type": ("keyword", "Kind of content answered, as the server says"),
    "http.response.body.bytes": ("long", "Size of the answer's body"),
    "http.version": ("keyword", "`1.1`, `2.0`"),
    "url.original": ("keyword", "Request target exactly as logged, percent-encoding kept"),
    "url.path": ("keyword", "Before the question mark"),
    "url.query": ("keyword", "Behind the question mark"),
    "url.extension": ("keyword", "What follows the last dot of the path, in small letters"),
    "url.domain": ("keyword", "Host of the URL"),
    "url.scheme": ("keyword", "`http`, `https`"),
    "url.port": ("long", "Port of the URL"),
    "user_agent.original": ("keyword", "What the browser says it is"),
}

_WINDOWS: dict[str, tuple[Kind, str]] = {
    "winlog.channel": ("keyword", "Windows event log"),
    "winlog.event_id": ("long", "Event id, unique only within its provider"),
    "winlog.provider_name": ("keyword", "Who wrote it"),
    "winlog.provider_guid": ("keyword", "The same as a GUID"),
    "winlog.computer_name": ("keyword", "Computer as the log names it"),
    "winlog.record_id": ("long", "Number in that log"),
    "winlog.level": ("keyword", "Number or word of the level, as shipped"),
    "winlog.task": ("keyword", "Number or words of the task, as shipped"),
    "winlog.opcode": ("keyword", "Number or words of the opcode, as shipped"),
    "winlog.keywords": ("keyword", "Mask or words, as shipped"),
    "winlog.version": ("long", "Version of the event's layout"),
    "winlog.activity_id": ("keyword", "Activity it belongs to"),
    "winlog.process.pid": ("long", "Process that wrote it"),
    "winlog.process.thread.id": ("long", "Thread that wrote it"),
    "winlog.user.identifier": ("keyword", "SID of the account that wrote it"),
    "winlog.user.name": ("keyword", "Name of that account"),
    "winlog.user.domain": ("keyword", "Domain of that account"),
    "winlog.logon.id": ("keyword", "Logon session"),
    "winlog.logon.type": ("keyword", "Number of the logon type"),
}

_OWN: dict[str, tuple[Kind, str]] = {
    "sentinel.own.agency": ("keyword", "Agency an event of Sentinel itself is about"),
    "sentinel.own.object": ("keyword", "Id of what it was done to, or what a finding is about"),
    "sentinel.own.object_kind": ("keyword", "`user`, `rule`, `playbook`, `run`, `collector`, `disk`"),
    "sentinel.own.name": ("keyword", "Name of the object for people"),
    "sentinel.own.from": ("keyword", "State, role or value before"),
    "sentinel.own.to": ("keyword", "State, role or value after"),
    "sentinel.own.collector": ("keyword", "Collector it is about"),
    "sentinel.own.host": ("keyword", "Machine of that collector"),
    "sentinel.own.dataset": ("keyword", "Source it is about: `linux.auth`"),
    "sentinel.own.value": ("float", "What a health check measured"),
    "sentinel.own.limit": ("float", "What it is compared with"),
    "sentinel.own.unit": ("keyword", "`seconds`, `percent`, `lines`, `bytes`, `days`"),
}

FIELDS: dict[str, tuple[Kind, str]] = _ALWAYS | _USERS | _PROCESSES | _NETWORK | _WEB | _WINDOWS | EGOV | _OWN
"""Every name with its type and meaning. Other names exist only below `OPEN`."""

TYPES: dict[str, Kind] = {name: kind for name, (kind, _) in FIELDS.items()}
"""Name to type: what a store makes columns of."""

OPEN: tuple[str, ...] = (
    "winlog.event_data.",
    "auditd.data.",
    "zeek.",
    "kubernetes.audit.",
    "o365.audit.",
    "aws.cloudtrail.",
    "fortinet.firewall.",
    "labels.",
)
"""Below these prefixes any name may follow, as the source calls it; the value is a keyword or a list of them."""

LISTS: frozenset[str] = frozenset(
    EGOV_LISTS
    | {
        "event.category",
        "event.type",
        "host.ip",
        "tags",
        "related.ip",
        "related.user",
        "related.hosts",
        "related.hash",
        "user.roles",
        "process.args",
        "registry.data.strings",
        "dns.resolved_ip",
        "dns.answers.name",
        "dns.answers.data",
        "dns.answers.type",
        "dns.answers.ttl",
        "winlog.keywords",
    }
)
"""These are always lists; every other field is one value, except below `OPEN`, where both occur."""


def type_of(name: str) -> Kind | None:
    """Return the type of a field, or None for a name that is not in use."""
    if (kind := TYPES.get(name)) is not None:
        return kind
    return "keyword" if name.startswith(OPEN) else None
