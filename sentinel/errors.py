"""Four kinds of failure; each knows its exit code and its HTTP status."""


class SentinelError(Exception):
    """Base of the errors that a person is meant to read: one sentence with place, fault and remedy."""

    exit_code = 3
    http_status = 500


class InputError(SentinelError):
    """What came in is wrong: a line, a rule, a setting, a request."""

    exit_code = 2
    http_status = 400


class RefusedError(SentinelError):
    """Who asks may not do this, or not see it."""

    exit_code = 3
    http_status = 403


class ConflictError(SentinelError):
    """The request does not fit the present state: a sequence gap, a decision already made."""

    exit_code = 3
    http_status = 409


class UnavailableError(SentinelError):
    """Sentinel cannot do it now: disk full, port in use, a missing extra, a service that is down."""

    exit_code = 3
    http_status = 503
