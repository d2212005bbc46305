"""What a request may be answered with when it fails. Every one has a status and says what to do."""

from __future__ import annotations

from wordsight.errors import WordsightError


class ServiceError(WordsightError):
    """A request that cannot be done as it was sent.

    Attributes:
        status: HTTP status code.
        reason: What is wrong, for a program, in one or two words; the message is for a person.
        retry_after: Seconds after which trying again makes sense, or None.
    """

    status = 400
    reason = "bad_request"

    def __init__(self, message: str, reason: str = "", retry_after: float | None = None) -> None:
        super().__init__(message)
        self.reason = reason or self.reason
        self.retry_after = retry_after


class BadRequest(ServiceError):
    """The request itself is wrong."""


class NotSignedIn(ServiceError):
    """There is no key, or nobody has this key."""

    status = 401
    reason = "unauthorized"


class NotAllowed(ServiceError):
    """The key is known but may not do this."""

    status = 403
    reason = "forbidden"


class NotThere(ServiceError):
    """There is no such object, or it belongs to somebody else, which must look the same."""

    status = 404
    reason = "not_found"


class Conflict(ServiceError):
    """The object is in a state in which this cannot be done."""

    status = 409
    reason = "conflict"


class TooLarge(ServiceError):
    """More bytes, pixels or files than the limits allow."""

    status = 413
    reason = "too_large"


class TooBusy(ServiceError):
    """Too many requests; try again later."""

    status = 429
    reason = "too_many_requests"


class OutOfSpace(ServiceError):
    """The workspace's quota, or the disk, is full."""

    status = 507
    reason = "insufficient_storage"


class Unavailable(ServiceError):
    """A part that the service depends on, such as its database, does not answer."""

    status = 503
    reason = "unavailable"
