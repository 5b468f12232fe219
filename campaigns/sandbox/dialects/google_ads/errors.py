"""Google's way of saying no: a ``GoogleAdsFailure`` in the trailers and a gRPC status."""

from __future__ import annotations

from typing import Any

import grpc
from google.ads.googleads.v26.errors.types import errors as types

FAILURE_KEY = "google.ads.googleads.v26.errors.googleadsfailure-bin"
REQUEST_ID_KEY = "request-id"

_FAILURE = types.GoogleAdsFailure.pb()
_STATUS = {
    "authentication_error": grpc.StatusCode.UNAUTHENTICATED,
    "authorization_error": grpc.StatusCode.PERMISSION_DENIED,
    "quota_error": grpc.StatusCode.RESOURCE_EXHAUSTED,
    "internal_error": grpc.StatusCode.INTERNAL,
}


class Refusal(Exception):
    """A request that fails as a whole. ``family`` and ``code`` as in ``("query_error", "BAD_VALUE")``."""

    def __init__(
        self,
        family: str,
        code: str,
        message: str,
        *,
        path: str = "",
        index: int | None = None,
        retry_after: float | None = None,
        minimum: tuple[str, int] | None = None,
        status: grpc.StatusCode | None = None,
    ) -> None:
        super().__init__(message)
        self.family, self.code, self.message = family, code, message
        self.path, self.index = path, index
        self.retry_after, self.minimum = retry_after, minimum
        self.status = status or _STATUS.get(family, grpc.StatusCode.INVALID_ARGUMENT)


class Broken(Exception):
    """A failure without Google's own words: a proxy's 502, a lost line."""

    def __init__(self, status: grpc.StatusCode, message: str) -> None:
        super().__init__(message)
        self.status, self.message = status, message


def failure(refusals: list[Refusal], request_id: str) -> Any:
    """The protobuf of one or several refusals."""
    made = _FAILURE(request_id=request_id)
    for refusal in refusals:
        error = made.errors.add()
        error.message = refusal.message
        family = error.error_code.DESCRIPTOR.fields_by_name[refusal.family]
        value = family.enum_type.values_by_name[refusal.code].number
        setattr(error.error_code, refusal.family, value)
        if refusal.index is not None:
            element = error.location.field_path_elements.add()
            element.field_name, element.index = "operations", refusal.index
        for name in filter(None, refusal.path.split(".")):
            error.location.field_path_elements.add().field_name = name
        if refusal.retry_after is not None:
            details = error.details.quota_error_details
            details.rate_scope, details.rate_name = 2, "Requests per account"
            details.retry_delay.seconds = int(refusal.retry_after)
            details.retry_delay.nanos = int(refusal.retry_after % 1 * 1e9)
        if refusal.minimum is not None:
            floor = error.details.budget_per_day_minimum_error_details
            floor.currency_code, floor.budget_per_day_minimum_micros = refusal.minimum
    return made


def trailers(refusals: list[Refusal], request_id: str) -> tuple[tuple[str, str | bytes], ...]:
    """What travels beside a failed call."""
    return (
        (FAILURE_KEY, failure(refusals, request_id).SerializeToString()),
        (REQUEST_ID_KEY, request_id),
    )
