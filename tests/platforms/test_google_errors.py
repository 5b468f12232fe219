"""What the google-ads SDK raises becomes one of Lane's errors."""

from __future__ import annotations

from typing import Any

import pytest
from google.api_core import exceptions as api
from google.auth import exceptions as auth

from campaigns.platforms.errors import (
    Ambiguous,
    AuthError,
    Conflict,
    Invalid,
    NotFound,
    PlatformError,
    RateLimited,
    Transient,
)
from campaigns.platforms.google_ads.errors import classify, from_failure, partial_failures


def failure(family: str, code: str, **extra: Any) -> Any:
    from google.ads.googleads.v26.errors.types import errors

    kind = errors.GoogleAdsFailure.pb()
    made = kind()
    error = made.errors.add()
    values = error.error_code.DESCRIPTOR.fields_by_name[family].enum_type.values_by_name
    setattr(error.error_code, family, values[code].number)
    error.message = extra.get("message", "said Google")
    if "retry_seconds" in extra:
        error.details.quota_error_details.retry_delay.seconds = extra["retry_seconds"]
        error.details.quota_error_details.rate_name = "Basic operations"
    for name, index in extra.get("path", ()):
        error.location.field_path_elements.add(field_name=name, index=index)
    return made


class Trailers(Exception):
    """The gRPC cause an api_core error carries."""

    def __init__(self, *pairs: tuple[str, bytes | str]) -> None:
        self._pairs = pairs

    def trailing_metadata(self) -> tuple[tuple[str, bytes | str], ...]:
        return self._pairs


@pytest.mark.parametrize(
    ("family", "code", "reading", "writing"),
    [
        ("authentication_error", "OAUTH_TOKEN_REVOKED", AuthError, AuthError),
        ("authorization_error", "USER_PERMISSION_DENIED", AuthError, AuthError),
        ("quota_error", "RESOURCE_TEMPORARILY_EXHAUSTED", RateLimited, RateLimited),
        ("internal_error", "INTERNAL_ERROR", Transient, Ambiguous),
        ("database_error", "CONCURRENT_MODIFICATION", Transient, Conflict),
        ("mutate_error", "RESOURCE_NOT_FOUND", NotFound, NotFound),
        ("campaign_budget_error", "MONEY_AMOUNT_TOO_LARGE", Invalid, Invalid),
        ("query_error", "UNRECOGNIZED_FIELD", Invalid, Invalid),
    ],
)
def test_each_family_of_errors_has_its_class(
    family: str, code: str, reading: type[PlatformError], writing: type[PlatformError]
) -> None:
    made = failure(family, code)
    assert type(from_failure(made, writing=False)) is reading
    answer = from_failure(made, writing=True, request_id="r-1")
    assert type(answer) is writing
    assert (answer.code, answer.request_id) == (code, "r-1")


def test_the_wrapped_failure_of_an_sdk_exception_is_understood_too() -> None:
    from google.ads.googleads.errors import GoogleAdsException
    from google.ads.googleads.v26.errors.types import errors

    wrapped = errors.GoogleAdsFailure(failure("query_error", "REQUESTED_METRICS_FOR_MANAGER"))
    seen = classify(GoogleAdsException(None, None, wrapped, "r-2"))
    assert (type(seen), seen.code, seen.request_id) == (Invalid, "REQUESTED_METRICS_FOR_MANAGER", "r-2")


def test_a_refused_account_does_not_ask_the_whole_login_to_reconnect() -> None:
    refused = from_failure(failure("authorization_error", "CUSTOMER_NOT_ENABLED"))
    assert isinstance(refused, AuthError)
    assert not refused.reauth_required


def test_the_retry_delay_comes_out_of_the_trailers() -> None:
    made = failure("quota_error", "RESOURCE_EXHAUSTED", retry_seconds=7)
    error = api.ResourceExhausted("too much")
    error.__cause__ = Trailers(
        ("request-id", "abc"),
        ("google.ads.googleads.v26.errors.googleadsfailure-bin", made.SerializeToString()),
    )
    limited = classify(error)
    assert isinstance(limited, RateLimited)
    assert (limited.retry_after, limited.request_id) == (7, "abc")
    assert "Basic operations" in limited.scope


def test_a_limit_without_trailers_has_an_unknown_delay() -> None:
    limited = classify(api.ResourceExhausted("too much"), writing=True)
    assert isinstance(limited, RateLimited)
    assert limited.retry_after is None


def test_a_revoked_token_seen_as_503_asks_to_connect_again() -> None:
    seen = api.ServiceUnavailable(
        "Getting metadata from plugin failed with error: ('invalid_grant: Token has been revoked.')"
    )
    for writing in (False, True):
        answer = classify(seen, writing=writing)
        assert isinstance(answer, AuthError)
        assert answer.reauth_required


@pytest.mark.parametrize(
    ("error", "reading", "writing"),
    [
        (api.DeadlineExceeded("504"), Transient, Ambiguous),
        (api.InternalServerError("500"), Transient, Ambiguous),
        (api.ServiceUnavailable("Socket closed"), Transient, Ambiguous),
        (api.Unknown("?"), Transient, Ambiguous),
        (api.Cancelled("cancelled"), Transient, Ambiguous),
        (api.Aborted("aborted"), Transient, Ambiguous),
        (RuntimeError("broken"), Transient, Ambiguous),
        (api.ServiceUnavailable("failed to connect to all addresses"), Transient, Transient),
        (api.InvalidArgument("bad"), Invalid, Invalid),
        (api.Unauthenticated("who"), AuthError, AuthError),
        (api.PermissionDenied("no"), AuthError, AuthError),
        (api.NotFound("gone"), NotFound, NotFound),
        (auth.RefreshError("invalid_grant: revoked"), AuthError, AuthError),
        (auth.RefreshError("internal_failure", retryable=True), Transient, Transient),
        (auth.TransportError("no route"), Transient, Transient),
    ],
)
def test_a_write_without_a_clear_answer_is_ambiguous(
    error: Exception, reading: type[PlatformError], writing: type[PlatformError]
) -> None:
    assert type(classify(error)) is reading
    assert type(classify(error, writing=True)) is writing


def test_a_partial_failure_names_the_operation_it_is_about() -> None:
    from google.rpc import status_pb2

    made = failure(
        "campaign_budget_error", "MONEY_AMOUNT_TOO_LARGE", path=[("operations", 3), ("amount_micros", 0)]
    )
    status = status_pb2.Status(code=3)
    status.details.add(
        type_url="type.googleapis.com/google.ads.googleads.v26.errors.GoogleAdsFailure",
        value=made.SerializeToString(),
    )
    decoded = partial_failures(status, "v26")
    assert list(decoded) == [3]
    refused = from_failure(decoded[3], writing=True)
    assert isinstance(refused, Invalid)
    assert refused.field == "operations.amount_micros"


def test_the_minimum_per_day_is_told_in_words() -> None:
    made = failure("campaign_budget_error", "BUDGET_BELOW_PER_DAY_MINIMUM")
    details = made.errors[0].details.budget_per_day_minimum_error_details
    details.budget_per_day_minimum_micros = 1_500_000
    details.currency_code = "EUR"
    assert "minimum per day of 1.50 EUR" in from_failure(made).message
