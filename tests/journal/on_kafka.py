"""Opens a journal on a real Kafka, with topics of its own and the ledger in a folder."""

import re
from pathlib import Path

from sentinel.database.connect import connect, migrate
from sentinel.journal.kafka.cluster import Cluster, cluster_of
from sentinel.journal.kafka.journal import KafkaJournal
from sentinel.journal.kafka.sender import Sender

TIMEOUT_SECONDS = 10.0


class Journal(KafkaJournal):
    """A journal that closes its database too."""

    def close(self) -> None:
        """Let go of brokers and file."""
        super().close()
        self._sender.close()
        self._database.dispose()


def cluster_for(server: str, folder: Path, partitions: int = 1) -> Cluster:
    """Return a cluster whose topics are named by a test's folder."""
    prefix = re.sub(r"[^a-z0-9]+", "-", f"{folder.parent.name}-{folder.name}".lower()).strip("-")[-100:].strip("-")
    return cluster_of(f"kafka://{server}/{prefix}", partitions)


def open_journal(
    server: str, folder: Path, *, partitions: int = 1, trim_every: float = 10.0, timeout: float = TIMEOUT_SECONDS
) -> Journal:
    """Return the journal of a folder; the same again for the same folder."""
    database = connect(f"sqlite:///{folder.absolute()}/state.db")
    migrate(database)
    cluster = cluster_for(server, folder, partitions)
    return Journal(cluster, database, Sender(cluster, timeout), trim_every=trim_every)
