"""A real Kafka that lets in only who has a name and a password, over TLS with a certificate of a private authority."""

import secrets

from sentinel.home import make_keys
from tests.live.servers.kafka import KafkaServer
from tests.live.servers.process import free_port

USER = "sentinel"
LOGIN = "org.apache.kafka.common.security"
SECURE = """\
listener.security.protocol.map=PLAINTEXT:PLAINTEXT,CONTROLLER:PLAINTEXT,CLIENT:SASL_SSL
inter.broker.listener.name=PLAINTEXT
listener.name.client.ssl.keystore.type=PEM
listener.name.client.ssl.keystore.location={folder}/keystore.pem
listener.name.client.sasl.enabled.mechanisms=PLAIN,SCRAM-SHA-512
listener.name.client.plain.sasl.jaas.config={login}.plain.PlainLoginModule required user_{user}="{password}";
listener.name.client.scram-sha-512.sasl.jaas.config={login}.scram.ScramLoginModule required;
"""


class SecureKafkaServer(KafkaServer):
    """A broker whose door for clients is `secure_url`; the plain one is for itself and for the test."""

    def __init__(self) -> None:
        self.password = secrets.token_urlsafe(24)
        super().__init__()

    @property
    def secure_url(self) -> str:
        """The bootstrap address of the door for clients."""
        return f"127.0.0.1:{self._secure_port}"

    def settings(self) -> str:
        """Return the settings of the broker, with the secure door, and write its certificate."""
        self._secure_port = free_port()
        self.keys = make_keys(self.folder / "keys", ["127.0.0.1"])
        pem = self.keys.server_key.read_bytes() + self.keys.server.read_bytes()
        (self.folder / "keystore.pem").write_bytes(pem)
        # Both where it listens and what it tells clients.
        text = super().settings().replace(",CONTROLLER://", f",CLIENT://127.0.0.1:{self._secure_port},CONTROLLER://")
        return text + SECURE.format(folder=self.folder, login=LOGIN, user=USER, password=self.password)

    def format_options(self) -> list[str]:
        """Return what the storage is formatted with: the user, who is there before the broker is."""
        return ["--add-scram", f"SCRAM-SHA-512=[name={USER},password={self.password}]"]
