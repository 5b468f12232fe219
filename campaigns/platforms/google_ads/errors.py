"""What the google-ads SDK really raises, in Lane's error taxonomy.

The traps: RESOURCE_EXHAUSTED and INTERNAL never arrive as ``GoogleAdsException``; the retry delay sits in the
trailers of the cause; a revoked refresh token looks like a 503. For a write only an answer that clearly says
no is a refusal: everything else may have landed and is ``Ambiguous``.
"""

from __future__ import annotations

from typing import Any

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
from campaigns.platforms.scrubbing import scrub

RECONNECT = "Google no longer accepts this connection. Connect Google Ads again."
STALE_TOKEN_CODES = frozenset({"OAUTH_TOKEN_EXPIRED", "OAUTH_TOKEN_INVALID"})

_ADVICE = {
    "NON_MULTIPLE_OF_MINIMUM_CURRENCY_UNIT": "The budget has more decimals than the currency allows.",
    "BUDGET_BELOW_PER_DAY_MINIMUM": "The budget is below Google's minimum per day{minimum}.",
    "MONEY_AMOUNT_TOO_LARGE": "The budget is above Google's maximum.",
    "NEGATIVE_MONEY_AMOUNT": "A budget must be above zero.",
    "MONEY_AMOUNT_LESS_THAN_CURRENCY_MINIMUM_CPC": "The budget is below the smallest cost per click.",
    "TOTAL_BUDGET_AMOUNT_MUST_BE_UNSET_FOR_BUDGET_PERIOD_DAILY": (
        "This is a daily budget; it has no total amount to set."
    ),
    "BUDGET_AMOUNT_MUST_BE_UNSET_FOR_CUSTOM_BUDGET_PERIOD": (
        "This budget has one total for its period; it has no daily amount to set."
    ),
    "CAMPAIGN_BUDGET_REMOVED": "The budget was removed at Google.",
    "CANNOT_USE_ACCELERATED_DELIVERY_MODE": "Google no longer offers accelerated delivery for this budget.",
    "REQUESTED_METRICS_FOR_MANAGER": "A manager account has no figures of its own; choose a client account.",
    "CUSTOMER_NOT_ENABLED": "The Google Ads account is not active (not set up, suspended or closed).",
    "USER_PERMISSION_DENIED": "This login may not use the Google Ads account.",
}

_FAILURE_KEY_END = "googleadsfailure-bin"
_NEVER_SENT = "failed to connect to all addresses"


def classify(error: Exception, *, writing: bool = False, api_version: str = "v26") -> PlatformError:
    """The taxonomy error for whatever the SDK raised."""
    from google.ads.googleads.errors import GoogleAdsException
    from google.api_core import exceptions as api
    from google.auth import exceptions as auth

    if isinstance(error, PlatformError):
        return error
    if isinstance(error, auth.RefreshError):
        return refresh_failure(error)
    if isinstance(error, auth.GoogleAuthError):
        return Transient("Google's sign-in service could not be reached.", code="auth_unreachable")
    if isinstance(error, GoogleAdsException):
        return from_failure(error.failure, request_id=error.request_id or "", writing=writing)
    said = scrub(getattr(error, "message", "") or error)
    if isinstance(error, api.ServiceUnavailable) and "metadata from plugin failed" in said:
        # The RPC was never sent: its credentials could not be made.
        if "invalid_grant" in said or "RefreshError" in said:
            return AuthError(RECONNECT, code="invalid_grant")
        return Transient("Google's sign-in service could not be reached.", code="auth_unreachable")
    if isinstance(error, api.ServiceUnavailable) and _NEVER_SENT in said:
        return Transient("Google Ads could not be reached.", code="UNREACHABLE")
    failure, request_id = trailers(error, api_version)
    if isinstance(error, api.ResourceExhausted) and "larger than max" not in said:
        return _rate_limited(_first(failure), said, request_id)
    if not isinstance(error, api.ServerError) and failure is not None and len(failure.errors):
        return from_failure(failure, request_id=request_id, writing=writing)
    refusals: tuple[tuple[type[Exception], PlatformError], ...] = (
        (api.Unauthenticated, AuthError(RECONNECT, code="UNAUTHENTICATED", request_id=request_id)),
        (
            api.Forbidden,
            AuthError(
                f"Google refused access: {said}",
                reauth_required=False,
                code="PERMISSION_DENIED",
                request_id=request_id,
            ),
        ),
        (api.NotFound, NotFound(f"Google does not know this: {said}", code="NOT_FOUND")),
        (api.BadRequest, Invalid(f"Google refused the request: {said}", code="INVALID_ARGUMENT")),
    )
    for kind, answer in refusals:
        if isinstance(error, kind) and not isinstance(error, api.Aborted):
            answer.request_id = request_id
            return answer
    code = getattr(getattr(error, "grpc_status_code", None), "name", type(error).__name__)
    return lost(code, writing=writing, request_id=request_id)


def lost(code: str, *, writing: bool, request_id: str = "") -> PlatformError:
    """No clear answer: a read may be repeated, a write may have landed."""
    if writing:
        return Ambiguous(
            f"Google did not answer clearly ({code}); the change may or may not have landed.",
            code=code,
            request_id=request_id,
        )
    return Transient(f"Google Ads failed for a moment ({code}).", code=code, request_id=request_id)


def refresh_failure(error: Any) -> PlatformError:
    """A refused refresh token needs a person; a token service that is down passes."""
    said = scrub(error)
    if getattr(error, "retryable", False) or "invalid_grant" not in said:
        if "invalid_client" in said or "unauthorized_client" in said:
            return AuthError(
                "Google does not accept this installation's OAuth client.", code="invalid_client"
            )
        return Transient("Google's sign-in service failed for a moment.", code="refresh_failed")
    return AuthError(RECONNECT, code="invalid_grant")


def from_failure(failure: Any, *, request_id: str = "", writing: bool = False) -> PlatformError:
    """The error of a ``GoogleAdsFailure``; the first one decides, all are told."""
    failure = _raw(failure)
    if not len(failure.errors):
        return lost("EMPTY_FAILURE", writing=writing, request_id=request_id)
    first = failure.errors[0]
    family, code = error_code(first)
    said = " ".join(_text(error) for error in failure.errors)
    if family == "quota_error" and code != "ACCESS_PROHIBITED":
        return _rate_limited(first, said, request_id)
    if family == "authentication_error" and code != "CUSTOMER_NOT_FOUND":
        return AuthError(RECONNECT, code=code, request_id=request_id)
    if family in {"authorization_error", "quota_error"}:
        return AuthError(
            f"Google refused access: {said}", reauth_required=False, code=code, request_id=request_id
        )
    if family == "internal_error":
        return lost(code, writing=writing, request_id=request_id)
    if code == "CONCURRENT_MODIFICATION":
        if writing:
            return Conflict(
                "Somebody else is changing this at Google right now.", code=code, request_id=request_id
            )
        return lost(code, writing=False, request_id=request_id)
    if code.endswith("NOT_FOUND"):
        return NotFound(f"Google does not know this: {said}", code=code, request_id=request_id)
    return Invalid(f"Google refused: {said}", field=_field(first), code=code, request_id=request_id)


def error_code(error: Any) -> tuple[str, str]:
    """Family and name of one error, as in ``("campaign_budget_error", "MONEY_AMOUNT_TOO_LARGE")``."""
    family = error.error_code.WhichOneof("error_code") or ""
    if not family:
        return "", "UNKNOWN"
    values = error.error_code.DESCRIPTOR.fields_by_name[family].enum_type.values_by_number
    found = values.get(getattr(error.error_code, family))
    return family, found.name if found is not None else "UNKNOWN"


def partial_failures(status: Any, api_version: str) -> dict[int, Any]:
    """Operation index -> ``GoogleAdsFailure`` with that operation's errors, out of a partial-failure status."""
    kind = _failure_type(api_version)
    found: dict[int, Any] = {}
    for detail in status.details:
        if not detail.type_url.endswith("GoogleAdsFailure"):
            continue
        for error in kind.FromString(detail.value).errors:
            elements = error.location.field_path_elements
            index = elements[0].index if len(elements) else 0
            found.setdefault(index, kind()).errors.append(error)
    return found


def trailers(error: Any, api_version: str) -> tuple[Any | None, str]:
    """The failure and request id a gRPC error carries in its trailers, if any."""
    call = error if hasattr(error, "trailing_metadata") else getattr(error, "__cause__", None)
    if call is None or not hasattr(call, "trailing_metadata"):
        call = next(
            (part for part in getattr(error, "errors", ()) if hasattr(part, "trailing_metadata")), None
        )
    failure, request_id = None, ""
    for key, value in (call.trailing_metadata() or ()) if call is not None else ():
        if key == "request-id":
            request_id = value if isinstance(value, str) else value.decode()
        elif key.endswith(_FAILURE_KEY_END):
            failure = _failure_type(api_version).FromString(value)
    return failure, request_id


def _rate_limited(first: Any | None, said: str, request_id: str) -> RateLimited:
    retry_after: float | None = None
    scope, code = "", "RESOURCE_EXHAUSTED"
    if first is not None:
        code = error_code(first)[1]
        details = first.details.quota_error_details
        if first.details.HasField("quota_error_details"):
            delay = details.retry_delay
            retry_after = (delay.seconds + delay.nanos / 1e9) or None
            rate_scope = details.DESCRIPTOR.fields_by_name["rate_scope"].enum_type.values_by_number
            named = rate_scope.get(details.rate_scope)
            scope = f"{named.name.lower() if named else 'unknown'}:{details.rate_name}"
    wait = f" Google asks to wait {retry_after:.0f} s." if retry_after else ""
    return RateLimited(
        f"Google's limit on calls is reached.{wait}",
        retry_after=retry_after,
        scope=scope,
        code=code,
        request_id=request_id,
    )


def _text(error: Any) -> str:
    """A sentence for a person: Lane's own where the code is known, else Google's."""
    code = error_code(error)[1]
    advice = _ADVICE.get(code)
    if advice is None:
        return scrub(error.message or code)
    minimum = ""
    if error.details.HasField("budget_per_day_minimum_error_details"):
        details = error.details.budget_per_day_minimum_error_details
        # Whole micros divided for show only.
        units, rest = divmod(details.budget_per_day_minimum_micros, 1_000_000)
        minimum = f" of {units}.{rest // 10_000:02d} {details.currency_code}".rstrip()
    return advice.format(minimum=minimum)


def _field(error: Any) -> str:
    return ".".join(part.field_name for part in error.location.field_path_elements if part.field_name)


def _first(failure: Any | None) -> Any | None:
    return failure.errors[0] if failure is not None and len(failure.errors) else None


def _raw(message: Any) -> Any:
    """The protobuf message: the SDK's exceptions hold proto-plus even where everything else is raw."""
    return getattr(message, "_pb", message)


def _failure_type(api_version: str) -> Any:
    """The raw protobuf class behind the SDK's proto-plus ``GoogleAdsFailure``."""
    from importlib import import_module

    module = import_module(f"google.ads.googleads.{api_version}.errors.types.errors")
    return module.GoogleAdsFailure.pb()
