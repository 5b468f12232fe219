"""The account's own time zone decides which day it is."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

from campaigns.platforms.errors import Invalid
from campaigns.platforms.records import AccountRecord


def zone_of(account: AccountRecord) -> ZoneInfo:
    """The account's time zone; an unknown one is refused, because every day would be cut wrongly."""
    try:
        return ZoneInfo(account.timezone)
    except (KeyError, ValueError) as unknown:
        raise Invalid(
            f"The time zone “{account.timezone}” of account {account.external_id} is not known here.",
            field="timezone",
            code="unknown_timezone",
        ) from unknown


def last_settled_day(account: AccountRecord, now: datetime, settle_days: int) -> date:
    """The latest account-local day whose spend no longer moves."""
    return now.astimezone(zone_of(account)).date() - timedelta(days=settle_days + 1)
