"""From settings to the doors that have sockets of their own; the other doors are pages of the web server."""

from sentinel.config import Settings
from sentinel.home import Keys
from sentinel.intake.doorway import Doorway
from sentinel.intake.senders import Senders
from sentinel.intake.syslog import certificate
from sentinel.intake.syslog.passage import Manners
from sentinel.intake.syslog.server import Places, SyslogServer
from sentinel.model.sender import SYSLOG


def syslog_server(settings: Settings, keys: Keys, doorway: Doorway, senders: Senders) -> SyslogServer:
    """Return the syslog doors, not open yet."""
    wanted = settings.syslog
    return SyslogServer(
        Places(
            udp=wanted.udp,
            tcp=wanted.tcp,
            tls=wanted.tls,
            receive_buffer_bytes=wanted.receive_buffer_mb * 1_000_000,
        ),
        Manners(
            message_bytes=wanted.message_bytes,
            idle_seconds=wanted.idle_seconds,
            midway_seconds=wanted.midway_seconds,
            handshake_seconds=wanted.handshake_seconds,
            connections=wanted.connections,
            connections_per_source=wanted.connections_per_source,
            zone=wanted.zone or settings.display.zone,
        ),
        doorway,
        lambda: senders.active(SYSLOG),
        lambda: certificate.context(
            certificate=wanted.certificate or keys.server,
            key=wanted.key or keys.server_key,
            client_ca=wanted.client_ca or keys.ca,
        ),
    )
