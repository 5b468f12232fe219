"""The one taxonomy of what can go wrong at a platform.

Only ``RateLimited`` and ``Transient`` are worth a retry, and only of a read. ``Ambiguous`` means a write was
sent and its answer lost: the ledger settles it by reading back, never by sending again.
"""

from __future__ import annotations


class PlatformError(Exception):
    """A platform refused, failed or could not be understood. ``message`` is fit to show to a person."""

    def __init__(self, message: str, *, code: str = "", request_id: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.code = code
        self.request_id = request_id


class AuthError(PlatformError):
    """Credentials no longer work; a person must connect again when ``reauth_required``."""

    def __init__(
        self, message: str, *, reauth_required: bool = True, code: str = "", request_id: str = ""
    ) -> None:
        super().__init__(message, code=code, request_id=request_id)
        self.reauth_required = reauth_required


class RateLimited(PlatformError):
    """Too many calls; try again after ``retry_after`` seconds (None: the platform did not say)."""

    def __init__(
        self,
        message: str,
        *,
        retry_after: float | None = None,
        scope: str = "",
        code: str = "",
        request_id: str = "",
    ) -> None:
        super().__init__(message, code=code, request_id=request_id)
        self.retry_after = retry_after
        self.scope = scope


class Transient(PlatformError):
    """The platform failed in a way that usually passes (5xx, timeout of a read, HTML instead of JSON)."""


class Invalid(PlatformError):
    """The platform understood and said no; sending the same again is useless."""

    def __init__(self, message: str, *, field: str = "", code: str = "", request_id: str = "") -> None:
        super().__init__(message, code=code, request_id=request_id)
        self.field = field


class NotFound(PlatformError):
    """The entity does not exist or is not visible to these credentials."""


class Conflict(PlatformError):
    """Somebody else is changing the same entity at the same time."""


class Ambiguous(PlatformError):
    """A write was sent and its answer lost: it may or may not have landed."""
