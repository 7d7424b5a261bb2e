"""Passwords as Argon2id hashes; checking one takes as long for a user that does not exist."""

import threading

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError
from argon2.low_level import Type

from sentinel.errors import InputError

MIN_CHARACTERS = 12
MAX_CHARACTERS = 256
"""A longer one only costs time; NIST SP 800-63B asks for 64 at least."""


class Passwords:
    """Makes and checks hashes; the cost is set once, for all."""

    def __init__(self, *, time_cost: int = 3, memory_kib: int = 65_536, parallelism: int = 4, at_once: int = 2) -> None:
        """Take the cost; the default is the second choice of RFC 9106, section 4.

        At most `at_once` hashes are worked on together, so that a burst of sign-ins cannot eat the memory.
        """
        self._hasher = PasswordHasher(
            time_cost=time_cost, memory_cost=memory_kib, parallelism=parallelism, type=Type.ID
        )
        self._slots = threading.BoundedSemaphore(at_once)
        self._nobody: str | None = None

    def hash(self, password: str) -> str:
        """Return the hash of `password`; raise `InputError` where it is too short or too long."""
        if not MIN_CHARACTERS <= len(password) <= MAX_CHARACTERS:
            raise InputError(
                f"a password needs {MIN_CHARACTERS} to {MAX_CHARACTERS} characters, this one has {len(password)}; "
                "a sentence of four words is a good one"
            )
        with self._slots:
            return self._hasher.hash(_encoded(password))

    def verify(self, stored: str | None, password: str) -> bool:
        """Return whether `password` is the one behind `stored`; None, for nobody, takes as long and is never right."""
        if stored is None:
            self._nobody = self._nobody or self._hasher.hash(b"nobody has this password")
        with self._slots:
            try:
                self._hasher.verify(stored or self._nobody or "", _encoded(password[: MAX_CHARACTERS + 1]))
            except (VerificationError, InvalidHashError):
                return False
        return stored is not None

    def is_outdated(self, stored: str) -> bool:
        """Return whether `stored` was made at another cost than today's."""
        return self._hasher.check_needs_rehash(stored)


def _encoded(password: str) -> bytes:
    return password.encode("utf-8", "surrogatepass")
