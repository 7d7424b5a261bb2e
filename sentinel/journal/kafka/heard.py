"""What clients of Kafka say beside their answers: why no broker speaks to them, in words that tell what to do."""

import time

RECENT_SECONDS = 60.0
"""What was said longer ago may be mended."""
_WHERE = "see journal.client_file"


class Heard:
    """The last reason; safe for many threads."""

    def __init__(self) -> None:
        self._last: tuple[float, str] | None = None

    def take(self, error: object) -> None:
        """Take what a client says; each call that fails raises its own error, which says only that none answered."""
        from confluent_kafka import KafkaError

        if not isinstance(error, KafkaError):
            return
        said = error.str()
        if error.code() == KafkaError._AUTHENTICATION:
            self._note(f"the brokers do not accept our name and password ({said}); {_WHERE}, sasl.*")
        elif error.code() == KafkaError._SSL:
            self._note(f"TLS with the brokers fails ({said}); {_WHERE}, ssl.ca.location")
        elif "PLAINTEXT broker listener" in said:
            # The other way round, without TLS at a door with it, a broker closes the connection and says nothing.
            self._note(f"the brokers do not speak TLS here ({said}); {_WHERE}, security.protocol")

    def why(self, reason: str) -> str:
        """Return the reason of a failure, with what was heard lately."""
        last = self._last
        if last is None or time.monotonic() - last[0] > RECENT_SECONDS:
            return reason
        return f"{reason}; {last[1]}"

    def _note(self, sentence: str) -> None:
        self._last = time.monotonic(), sentence
