"""The server's settings: read once from `sentinel.toml` and `SENTINEL_*` variables; an unknown key is an error."""

import os
import tomllib
from collections.abc import Mapping
from difflib import get_close_matches
from pathlib import Path
from typing import Any, Self
from zoneinfo import ZoneInfo

from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator, model_validator
from pydantic_settings import BaseSettings, PydanticBaseSettingsSource, SettingsConfigDict

from sentinel.errors import InputError
from sentinel.keeping.terms import MAX_DAYS, USUAL_DAYS, Terms, make

FILE_NAME = "sentinel.toml"
PREFIX = "SENTINEL_"
SHARED_LATENESS_SECONDS = 2.0
"""What several servers receive at once is out of order by about the time that a batch takes to be kept."""
MAX_WORKERS = 8
"""By then the server itself, which concludes and stores, is the slowest."""
HOME_VARIABLE = "SENTINEL_HOME"
"""Names the home folder for every command; no setting of a home."""


class Section(BaseModel):
    """Base of all parts of the settings."""

    model_config = ConfigDict(extra="forbid", frozen=True)


def known_zone(zone: str) -> str:
    """Return the name of a time zone, or nothing as it is; raise `ValueError` where there is no such zone."""
    try:
        if zone:
            ZoneInfo(zone)
    except (KeyError, ValueError, OSError) as error:
        raise ValueError(f"unknown time zone '{zone}'") from error
    return zone


class ServerSettings(Section):
    """Where the server listens and by what name collectors and people reach it."""

    host: str = Field(default="127.0.0.1", description="Address to listen on; 0.0.0.0 for all.")
    port: int = Field(default=8443, ge=1, le=65535)
    names: tuple[str, ...] = Field(default=("localhost", "127.0.0.1"), description="Names in the certificate.")
    url: str = Field(default="", description="How others reach it; empty: made of the first name and the port.")
    connections_per_source: int = Field(
        default=1_000,
        ge=1,
        le=50_000,
        description="Open at once from one address; more are closed. Raise it behind a proxy or a large NAT.",
    )

    @property
    def public_url(self) -> str:
        """Return the address for collectors and browsers, without a slash at the end."""
        return (self.url or f"https://{self.names[0]}:{self.port}").rstrip("/")


class UrlSettings(Section):
    """Which backend, by URL."""

    url: str


class JournalSettings(UrlSettings):
    """Where received batches wait."""

    url: str = "local:journal.db"
    limit_mb: int = Field(
        default=20_000,
        ge=1,
        description="A local journal above this lets intake answer 503 until the store caught up.",
    )
    partitions: int = Field(
        default=4,
        ge=1,
        le=512,
        description="Of each topic on Kafka: so many processes can share the work. Equal on all machines.",
    )
    client_file: Path | None = Field(
        default=None,
        description="File with settings of the Kafka client, one `name=value` a line: `security.protocol`, `ssl.*` and "
        "`sasl.*` as librdkafka names them; from the home's `keys` folder where it is not absolute.",
    )


class StoreSettings(UrlSettings):
    """Where events are kept."""

    url: str = Field(
        default="local:events",
        description="`local:FOLDER`, or `elastic+https://HOST:PORT,HOST:PORT` for Elasticsearch (`elastic+http:` "
        "without TLS).",
    )
    namespace: str = Field(
        default="default",
        pattern="^[a-z0-9][a-z0-9_.]{0,63}$",
        description="Elasticsearch: end of the names of its data streams, `logs-sentinel.FAMILY-NAMESPACE`.",
    )
    ca_file: Path | None = Field(
        default=None,
        description="Elasticsearch: PEM file of the authority that signed its certificate; from the home's `keys` "
        "folder where it is not absolute. None: those that the system trusts.",
    )
    user: str = Field(default="", description="Elasticsearch: user name; empty: the secret is an API key.")
    secret_file: Path | None = Field(
        default=None,
        description="Elasticsearch: file with the password or the encoded API key and nothing else; from the home's "
        "`keys` folder where it is not absolute.",
    )


class PipelineSettings(Section):
    """How events are judged."""

    workers: int = Field(
        default=-1,
        ge=-1,
        le=64,
        description="Processes that read lines and match rules. 0: the server does it itself; -1: so on one core, "
        "else two at least and one process less than there are cores, 8 at most.",
    )
    lateness_seconds: float = Field(
        default=-1.0,
        ge=-1.0,
        le=300.0,
        description="How long correlations wait for records that come late, so that they judge in order of time. "
        "0: they judge at once, on Kafka when every part has come so far; -1: 0 with a local journal, 2 on Kafka.",
    )

    port: int = Field(
        default=0,
        ge=0,
        le=65535,
        description="Where a process of role `pipeline` answers `/healthz`, `/readyz` and `/metrics`; 0: on any free "
        "port, which its log names.",
    )

    @property
    def processes(self) -> int:
        """Return how many workers to start on this machine."""
        cores = len(os.sched_getaffinity(0))
        return self.workers if self.workers >= 0 else 0 if cores == 1 else min(max(cores - 1, 2), MAX_WORKERS)


class DatabaseSettings(UrlSettings):
    """Where everything that has state and is not an event is kept."""

    url: str = "sqlite:///state.db"
    password_file: Path | None = Field(
        default=None,
        description="File with the password for PostgreSQL and nothing else; from the home's `keys` folder where it is "
        "not absolute. In the URL a password is refused.",
    )


class ContentSettings(Section):
    """Folders of rules and playbooks; empty: the bundled ones."""

    rules: tuple[Path, ...] = ()
    playbooks: tuple[Path, ...] = ()
    placeholders: Path | None = Field(
        default=None, description="YAML file with the values of %placeholders% in rules (`admins: [root, adm_*]`)."
    )
    pipelines: tuple[str, ...] = Field(
        default=(),
        description="Processing pipelines of pySigma that rewrite the rules: YAML files, or names of installed ones.",
    )


def _days(what: str) -> Any:
    return Field(default=None, ge=1, le=MAX_DAYS, description=f"Days to keep {what}. None: what is usual.")


class KeepSettings(Section):
    """For how long what is kept; a time below the legal floor is refused (docs/how-to/keep-and-delete.md)."""

    level: int = Field(default=3, ge=1, le=5, description="Level of the information systems whose logs these are.")
    levels: dict[str, int] = Field(
        default={}, description='Datasets of systems of another level: `{ "egov.signing" = 4 }`.'
    )
    own_days: int | None = _days("what Sentinel says of itself, its audit events among it")
    access_days: int | None = _days("sign-ins, web access, audit and application logs")
    network_days: int | None = _days("flows, DNS and firewalls")
    other_days: int | None = _days("every other dataset")
    alerts_days: int | None = _days("closed alerts that belong to no incident")
    incidents_days: int | None = _days("closed incidents, with alerts, runs and timeline")
    quarantine_days: int | None = _days("lines that could not be read or stored")
    hunts_days: int | None = _days("what hunts found")

    @model_validator(mode="after")
    def _above_the_floor(self) -> Self:
        try:
            self.terms()
        except InputError as error:
            raise ValueError(str(error)) from error
        return self

    def terms(self) -> Terms:
        """Return how long each class is kept."""
        return make(
            level=self.level, days={name: getattr(self, f"{name}_days") for name in USUAL_DAYS}, levels=self.levels
        )


class RespondSettings(Section):
    """Limits of what playbooks may do."""

    never_touch: tuple[str, ...] = Field(default=(), description="Networks, paths and accounts no action may target.")


class WatchSettings(Section):
    """When Sentinel raises its voice about itself."""

    collector_silent_minutes: int = Field(default=10, ge=1, description="A collector silent for longer is an event.")
    source_silent_minutes: int = Field(
        default=15, ge=1, description="A source silent for longer, and for three times its usual, is an event."
    )
    disk_percent: int = Field(default=80, ge=1, le=100, description="From here on a filling disk is an event.")
    disk_days: int = Field(
        default=30, ge=1, le=3650, description="A disk that will be full so soon at the present rate is an event."
    )


class SyslogSettings(Section):
    """Doors for syslog; each is closed until it is given an address, and `sentinel sender add` says who may send."""

    udp: str = Field(default="", description="Address and port for datagrams (RFC 5426), such as 0.0.0.0:514.")
    tcp: str = Field(default="", description="Address and port for TCP (RFC 6587), such as 0.0.0.0:514.")
    tls: str = Field(default="", description="Address and port for TLS (RFC 5425), such as 0.0.0.0:6514.")
    certificate: Path | None = Field(default=None, description="PEM file for TLS; without, that of the server.")
    key: Path | None = Field(default=None, description="PEM file with the key of that certificate.")
    client_ca: Path | None = Field(
        default=None, description="PEM file with the CAs of client certificates; without, the home's own CA."
    )
    zone: str = Field(default="", description="Time zone of times that name none; empty: that of `display.zone`.")
    message_bytes: int = Field(
        default=262_144, ge=480, le=1_000_000, description="Of a longer message the begin is kept, and marked."
    )
    receive_buffer_mb: int = Field(
        default=16, ge=1, le=1_000, description="What the kernel holds of datagrams while the server is busy."
    )
    connections: int = Field(default=1_000, ge=1, le=50_000)
    connections_per_source: int = Field(default=100, ge=1, le=50_000)
    idle_seconds: int = Field(
        default=86_400,
        ge=10,
        description="A connection silent for so long is closed. Many senders lose a message when that happens.",
    )
    midway_seconds: int = Field(
        default=120, ge=1, description="A connection is closed when a message is not whole so long after its begin."
    )
    handshake_seconds: int = Field(default=10, ge=1, le=120, description="How long a connection may take to begin TLS.")

    _known_zone = field_validator("zone")(known_zone)


class DoorsSettings(Section):
    """Doors for programs of others; each is closed until it is switched on, and every sender needs a token."""

    bulk: bool = Field(default=False, description="Take documents as Elasticsearch does: `_bulk`.")
    hec: bool = Field(default=False, description="Take events as Splunk's HTTP Event Collector does.")
    otlp: bool = Field(default=False, description="Take OpenTelemetry logs over HTTP: `/v1/logs`.")
    zone: str = Field(default="", description="Time zone of times that name none; empty: that of `display.zone`.")

    _known_zone = field_validator("zone")(known_zone)


class DisplaySettings(Section):
    """How things are shown."""

    zone: str = Field(default="Asia/Ho_Chi_Minh", min_length=1, description="Time zone on screen.")
    language: str = Field(default="vi", pattern="^(vi|en)$")

    _known_zone = field_validator("zone")(known_zone)


class Settings(BaseSettings):
    """All settings of a server."""

    model_config = SettingsConfigDict(
        extra="forbid",
        frozen=True,
        env_prefix=PREFIX,
        env_nested_delimiter="__",
        nested_model_default_partial_update=True,
    )

    server: ServerSettings = ServerSettings()
    journal: JournalSettings = JournalSettings()
    store: StoreSettings = StoreSettings()
    database: DatabaseSettings = DatabaseSettings()
    pipeline: PipelineSettings = PipelineSettings()
    content: ContentSettings = ContentSettings()
    keep: KeepSettings = KeepSettings()
    respond: RespondSettings = RespondSettings()
    watch: WatchSettings = WatchSettings()
    syslog: SyslogSettings = SyslogSettings()
    doors: DoorsSettings = DoorsSettings()
    display: DisplaySettings = DisplaySettings()

    @property
    def lateness_seconds(self) -> float:
        """Return how long correlations wait for what is late."""
        given = self.pipeline.lateness_seconds
        return given if given >= 0 else SHARED_LATENESS_SECONDS if self.journal.url.startswith("kafka:") else 0.0

    @property
    def judges_apart(self) -> bool:
        """Return whether correlations are judged later than records are seen, or elsewhere."""
        return self.lateness_seconds > 0 or self.journal.url.startswith("kafka:")

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """Let the environment win over the file, which arrives as keyword arguments."""
        del settings_cls, dotenv_settings, file_secret_settings
        return env_settings, init_settings


def load(home: Path) -> Settings:
    """Return the settings of a home folder; raise `InputError` naming the file, the key and the nearest known one."""
    path = home / FILE_NAME
    try:
        values = tomllib.loads(path.read_text("utf-8"))
    except FileNotFoundError as error:
        raise InputError(f"{home} is no Sentinel home (no {FILE_NAME}); run `sentinel init --home {home}`") from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise InputError(f"{path}: not TOML: {error}") from error
    _refuse_unknown_variables(os.environ)
    try:
        return Settings(**values)
    except ValidationError as error:
        raise InputError(_explain(path, error)) from error


def _refuse_unknown_variables(environment: Mapping[str, str]) -> None:
    for name in environment:
        if not name.startswith(PREFIX) or name == HOME_VARIABLE:
            continue
        section, _, key = name.removeprefix(PREFIX).lower().partition("__")
        known = Settings.model_fields.get(section)
        fields = getattr(known.annotation, "model_fields", {}) if known else {}
        if key not in fields:
            raise InputError(f"environment: unknown setting {name}; settings look like {PREFIX}SERVER__PORT")


def _explain(path: Path, error: ValidationError) -> str:
    fault = error.errors()[0]
    place = ".".join(str(part) for part in fault["loc"])
    if fault["type"] != "extra_forbidden":
        return f"{path}: {place}: {fault['msg']}"
    *parents, key = (str(part) for part in fault["loc"])
    model: type[BaseModel] = Settings
    for parent in parents:
        annotation = model.model_fields[parent].annotation
        if isinstance(annotation, type) and issubclass(annotation, BaseModel):
            model = annotation
    near = get_close_matches(key, list(model.model_fields), n=1)
    hint = f"did you mean '{near[0]}'?" if near else "known here: " + ", ".join(model.model_fields)
    return f"{path}: unknown setting '{place}'; {hint}"
