"""Stop before Meta blocks: its usage headers tell how much of the limit is spent.

Above 90 % the calls of that account (and of that kind: insights or management) are refused here, before they
are sent, for as long as Meta says or a minute. Machine time rules, as for every rate limit.
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from campaigns.platforms.errors import RateLimited

STOP_ABOVE_PERCENT = 90.0
PAUSE_SECONDS = 60.0

INSIGHTS = "ads_insights"
MANAGEMENT = "ads_management"
_EVERY_ACCOUNT = "app"


class UsageGate:
    """What Meta last said about the use of its limits, per account and kind of call."""

    def __init__(self, monotonic: Callable[[], float] = time.monotonic) -> None:
        self._monotonic = monotonic
        self._closed_until: dict[tuple[str, str], float] = {}

    def record(self, account_id: str, headers: Mapping[str, str]) -> None:
        """Close the gate for whatever is used above 90 %."""
        for owner, kind, percent, wait in _readings(account_id, headers):
            if percent > STOP_ABOVE_PERCENT:
                self._closed_until[owner, kind] = self._monotonic() + (wait or PAUSE_SECONDS)

    def require_open(self, account_id: str, kind: str) -> None:
        """Refuse a call that would run into the limit."""
        for key in ((account_id, kind), (_EVERY_ACCOUNT, kind)):
            left = self._closed_until.get(key, 0.0) - self._monotonic()
            if left > 0:
                raise RateLimited(
                    f"Meta's limit on calls is nearly used up; Lane waits {left:.0f} s.",
                    retry_after=left,
                    scope=":".join(key),
                    code="usage_above_90",
                )


def regain_seconds(headers: Mapping[str, str]) -> float | None:
    """``estimated_time_to_regain_access`` (minutes) of the worst reading, in seconds; None when absent."""
    waits = [wait for _, _, _, wait in _readings("", headers) if wait]
    return max(waits) if waits else None


def _readings(account_id: str, headers: Mapping[str, str]) -> Iterator[tuple[str, str, float, float]]:
    """Owner, kind, percent used, seconds to wait: out of the four headers Meta may send."""
    lowered = {name.lower(): value for name, value in headers.items()}
    for owner, uses in _object(lowered.get("x-business-use-case-usage")).items():
        for use in uses if isinstance(uses, list) else ():
            wait = 60.0 * _number(use.get("estimated_time_to_regain_access"))
            yield str(owner), str(use.get("type", MANAGEMENT)), _worst(use), wait
    account = _object(lowered.get("x-ad-account-usage"))
    yield (
        account_id,
        MANAGEMENT,
        _number(account.get("acc_id_util_pct")),
        _number(account.get("reset_time_duration")),
    )
    insights = _object(lowered.get("x-fb-ads-insights-throttle"))
    yield account_id, INSIGHTS, _number(insights.get("acc_id_util_pct")), 0.0
    yield _EVERY_ACCOUNT, INSIGHTS, _number(insights.get("app_id_util_pct")), 0.0
    app = _object(lowered.get("x-app-usage"))
    for kind in (INSIGHTS, MANAGEMENT):
        yield _EVERY_ACCOUNT, kind, _worst(app), 0.0


def _worst(use: Mapping[str, Any]) -> float:
    return max(_number(use.get(name)) for name in ("call_count", "total_cputime", "total_time"))


def _object(text: str | None) -> dict[str, Any]:
    """A header's JSON object; a header that cannot be read says nothing."""
    try:
        value = json.loads(text) if text else {}
    except ValueError:
        return {}
    return value if isinstance(value, dict) else {}


def _number(value: Any) -> float:
    return float(value) if isinstance(value, int | float) else 0.0
