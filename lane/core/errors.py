"""What services raise. Every door turns these into its own clear refusal."""

from __future__ import annotations

from collections.abc import Mapping


class LaneError(Exception):
    """Something a person can understand and act on. ``message`` says what happened and what to do."""

    status = 400
    code = "error"

    def __init__(self, message: str, *, code: str = "") -> None:
        super().__init__(message)
        self.message = message
        if code:
            self.code = code


class NotAllowed(LaneError):
    """The actor sees the thing but may not do this to it."""

    status = 403
    code = "not_allowed"


class NotVisible(LaneError):
    """The thing does not exist for this actor; nothing about it leaks."""

    status = 404
    code = "not_found"

    def __init__(self, message: str = "Not found.", *, code: str = "") -> None:
        super().__init__(message, code=code)


class InvalidInput(LaneError):
    """Input that cannot be used: ``fields`` names each field, what is wrong and the fix."""

    status = 422
    code = "invalid"

    def __init__(self, message: str = "", *, fields: Mapping[str, str] | None = None, code: str = "") -> None:
        self.fields = dict(fields or {})
        super().__init__(message or " ".join(self.fields.values()), code=code)


class OutOfDate(LaneError):
    """Somebody changed the thing first; read it again and decide again."""

    status = 409
    code = "out_of_date"


class Gone(LaneError):
    """A link or request that can no longer be used."""

    status = 410
    code = "gone"
