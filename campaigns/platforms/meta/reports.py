"""Insights: small reads at once, long or detailed ones as a report that Meta prepares."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from datetime import date
from typing import TYPE_CHECKING, Any

from campaigns.platforms.errors import Invalid, Transient
from campaigns.platforms.meta import fields, pager
from campaigns.platforms.meta.usage import INSIGHTS
from campaigns.platforms.records import Grain, Level

if TYPE_CHECKING:
    from campaigns.platforms.meta.session import GraphLine

SYNCHRONOUS_DAYS = 7
FIRST_WAIT_SECONDS = 0.25
LONGEST_WAIT_SECONDS = 5.0


def parameters(level: Level, grain: Grain, start: date, end: date, page_size: int) -> dict[str, Any]:
    """What to ask for; the attribution of each ad set is Meta's own setting."""
    if level not in fields.INSIGHT_LEVELS:
        raise Invalid("Meta reports no spend per budget; read its campaigns or ad sets.", field="level")
    if grain is Grain.HOUR and level is not Level.CAMPAIGN:
        raise Invalid("Hourly figures are read per campaign only.", field="grain")
    asked: dict[str, Any] = {
        "level": fields.INSIGHT_LEVELS[level],
        "time_increment": 1,
        "time_range": {"since": start.isoformat(), "until": end.isoformat()},
        "fields": f"{fields.INSIGHT_IDS[level]},{fields.INSIGHTS}",
        "action_attribution_windows": fields.ATTRIBUTION_WINDOWS,
        "use_unified_attribution_setting": True,
        "action_report_time": "mixed",
        "limit": page_size,
    }
    if grain is Grain.HOUR:
        asked["breakdowns"] = [fields.HOURLY]
    return asked


def account_parameters(start: date, end: date, page_size: int) -> dict[str, Any]:
    """The account's own total per day."""
    return {
        "level": "account",
        "time_increment": 1,
        "time_range": {"since": start.isoformat(), "until": end.isoformat()},
        "fields": "spend",
        "limit": page_size,
    }


def lifetime_parameters(level: Level, page_size: int) -> dict[str, Any]:
    """All that a campaign or ad set ever spent, in one row each."""
    if level not in (Level.CAMPAIGN, Level.GROUP):
        raise Invalid("Lifetime spend is read per campaign or ad set.", field="level")
    return {
        "level": fields.INSIGHT_LEVELS[level],
        "date_preset": "maximum",
        "fields": f"{fields.INSIGHT_IDS[level]},spend",
        "limit": page_size,
    }


def wants_report(level: Level, start: date, end: date) -> bool:
    """Long ranges and ads time out when asked for at once."""
    return level is Level.AD or (end - start).days + 1 > SYNCHRONOUS_DAYS


def run(
    line: GraphLine,
    path: tuple[str, ...],
    asked: Mapping[str, Any],
    account_id: str,
    *,
    timeout: float,
    sleep: Callable[[float], None] = time.sleep,
    monotonic: Callable[[], float] = time.monotonic,
) -> list[dict[str, Any]]:
    """Submit, wait with a bound, read every page. A failed or late report is ``Transient``."""
    started = line.start_report(path, asked, account_id)
    report_id = str(started.get("report_run_id", ""))
    if not report_id.isdigit():
        raise Transient("Meta did not start the report.", code="report_not_started")
    deadline = monotonic() + timeout
    wait = FIRST_WAIT_SECONDS
    while True:
        report = line.get(
            (report_id,),
            {"fields": "async_status,async_percent_completion"},
            account_id=account_id,
            kind=INSIGHTS,
        )
        status = report.get("async_status")
        if status == "Job Completed":
            break
        if status in {"Job Failed", "Job Skipped"}:
            raise Transient(f"Meta could not make the report ({status}).", code="report_failed")
        if monotonic() + wait > deadline:
            raise Transient(f"Meta's report was not ready after {timeout:.0f} s.", code="report_late")
        sleep(wait)
        wait = min(wait * 2, LONGEST_WAIT_SECONDS)
    return pager.rows(
        line,
        (report_id, "insights"),
        {"limit": asked.get("limit", 200)},
        account_id=account_id,
        kind=INSIGHTS,
    )
