"""Calls stop before Meta blocks them."""

from __future__ import annotations

import json

import pytest

from campaigns.platforms.errors import RateLimited
from campaigns.platforms.meta.usage import INSIGHTS, MANAGEMENT, UsageGate, regain_seconds


class Clock:
    def __init__(self) -> None:
        self.now = 1_000.0

    def __call__(self) -> float:
        return self.now


def business(percent: int, minutes: int = 0, kind: str = MANAGEMENT) -> dict[str, str]:
    use = {"type": kind, "call_count": percent, "total_cputime": 1, "total_time": 1}
    return {
        "X-Business-Use-Case-Usage": json.dumps({"111": [use | {"estimated_time_to_regain_access": minutes}]})
    }


def test_the_gate_closes_above_ninety_percent_for_that_account_and_kind_only() -> None:
    clock = Clock()
    gate = UsageGate(clock)
    gate.record("111", business(90))
    gate.require_open("111", MANAGEMENT)
    gate.record("111", business(91, minutes=3))
    with pytest.raises(RateLimited) as limited:
        gate.require_open("111", MANAGEMENT)
    assert limited.value.retry_after == 180
    gate.require_open("111", INSIGHTS)
    gate.require_open("222", MANAGEMENT)
    clock.now += 181
    gate.require_open("111", MANAGEMENT)


def test_the_use_of_the_whole_app_closes_every_account() -> None:
    gate = UsageGate(Clock())
    gate.record("111", {"x-app-usage": json.dumps({"call_count": 99})})
    with pytest.raises(RateLimited) as limited:
        gate.require_open("222", INSIGHTS)
    assert limited.value.retry_after == 60


@pytest.mark.parametrize("headers", [{}, {"X-App-Usage": "not json"}, {"X-App-Usage": "[]"}])
def test_headers_that_say_nothing_close_nothing(headers: dict[str, str]) -> None:
    gate = UsageGate(Clock())
    gate.record("111", headers)
    gate.require_open("111", MANAGEMENT)
    assert regain_seconds(headers) is None


def test_the_time_to_regain_access_is_in_minutes() -> None:
    assert regain_seconds(business(100, minutes=4)) == 240
