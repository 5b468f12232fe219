"""Meta's error table in Lane's taxonomy.

Rate limits arrive as HTTP 400, an HTML 502 looks like success to the SDK, and messages may quote the token.
For a write only an answer that clearly says no is a refusal: everything else is ``Ambiguous``.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from campaigns.platforms.errors import (
    Ambiguous,
    AuthError,
    Invalid,
    NotFound,
    PlatformError,
    RateLimited,
    Transient,
)
from campaigns.platforms.meta.usage import regain_seconds
from campaigns.platforms.scrubbing import scrub

RECONNECT = "Meta no longer accepts this connection. Connect Meta again."

_RATE_LIMITS = frozenset({4, 17, 32, 613, *range(80000, 80015)})
_AUTH = frozenset({102, 104, 190, 463, 467})
_TRANSIENT = frozenset({1, 2})
_BUDGET_CHANGES_BLOCKED = 1487225
"""Sub-code of an ad set whose budget was changed more than four times in an hour."""
_HOUR = 3600.0
TOO_MUCH_DATA = "too_much_data"


def classify(
    status: int, body: Any, headers: Mapping[str, str], *, writing: bool, secrets: tuple[str, ...] = ()
) -> PlatformError:
    """The taxonomy error of an answer that is not a success."""
    error = body.get("error") if isinstance(body, Mapping) else None
    if not isinstance(error, Mapping):
        return lost(f"HTTP {status}", writing=writing)
    code, subcode = _int(error.get("code")), _int(error.get("error_subcode"))
    said = scrub(error.get("error_user_msg") or error.get("message") or "no reason given", *secrets)
    label = f"{code}/{subcode}" if subcode else str(code)
    trace = str(error.get("fbtrace_id", ""))
    if code in _RATE_LIMITS or subcode == _BUDGET_CHANGES_BLOCKED:
        return _rate_limited(code, subcode, headers, label, trace)
    if code in _AUTH:
        return AuthError(RECONNECT, code=label, request_id=trace)
    if code == 10 or 200 <= code <= 299:
        return AuthError(f"Meta refused access: {said}", reauth_required=False, code=label, request_id=trace)
    if code == 803 or (code == 100 and subcode == 33):
        return NotFound(f"Meta does not know this: {said}", code=label, request_id=trace)
    if not writing and "reduce the amount of data" in said:
        return Transient("Meta could not answer that much at once.", code=TOO_MUCH_DATA, request_id=trace)
    if code in _TRANSIENT or error.get("is_transient") is True or status >= 500:
        return lost(label, writing=writing, request_id=trace)
    return Invalid(f"Meta refused: {said}", field=_blamed(error), code=label, request_id=trace)


def lost(code: str, *, writing: bool, request_id: str = "") -> PlatformError:
    """No clear answer: a read may be repeated, a write may have landed."""
    if writing:
        return Ambiguous(
            f"Meta did not answer clearly ({code}); the change may or may not have landed.",
            code=code,
            request_id=request_id,
        )
    return Transient(f"Meta failed for a moment ({code}).", code=code, request_id=request_id)


def _rate_limited(code: int, subcode: int, headers: Mapping[str, str], label: str, trace: str) -> RateLimited:
    if subcode == _BUDGET_CHANGES_BLOCKED:
        return RateLimited(
            "Meta allows four budget changes an hour for this ad set; it is blocked for an hour.",
            retry_after=regain_seconds(headers) or _HOUR,
            scope="budget_changes",
            code=label,
            request_id=trace,
        )
    wait = regain_seconds(headers) or _retry_after(headers)
    return RateLimited(
        "Meta's limit on calls is reached." + (f" Meta asks to wait {wait:.0f} s." if wait else ""),
        retry_after=wait,
        scope="app" if code == 4 else "account",
        code=label,
        request_id=trace,
    )


def _retry_after(headers: Mapping[str, str]) -> float | None:
    value = {name.lower(): value for name, value in headers.items()}.get("retry-after", "")
    return float(value) if value.isdigit() else None


def _blamed(error: Mapping[str, Any]) -> str:
    """The field Meta blames: ``[["daily_budget"]]`` or a flat list."""
    data = error.get("error_data")
    specs = data.get("blame_field_specs") if isinstance(data, Mapping) else None
    while isinstance(specs, list) and specs:
        specs = specs[0]
    return specs if isinstance(specs, str) else ""


def _int(value: Any) -> int:
    return value if isinstance(value, int) else 0
