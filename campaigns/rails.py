"""The figures behind the guard rails, in one place: how far, how often and how soon automation may step."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal

from django.conf import settings

STEP_RATIO = Decimal("0.20")
LAST_DAY_RATIO = Decimal("0.50")
BID_STEP_RATIO = Decimal("0.20")
ACCOUNT_DAY_RATIO = Decimal("0.30")
AUTOMATION_REST = timedelta(hours=4)
AUTOMATION_PER_DAY = 3
LARGE_STEP_RATIO = Decimal("0.20")
"""A change above this share makes a platform learn anew."""
COUNTED_DAYS = 7
"""Disturbances are counted over so many days."""


def learning_days() -> int:
    """Days without an automatic step after a start or a large change; 0 for none."""
    return max(0, int(settings.LANE_LEARNING_DAYS))


def disturbance_limit() -> int:
    """How many conflicts and drifts of an account pause automation there; 0 never does."""
    return max(0, int(settings.LANE_AUTOMATION_DISTURBANCES))


def account_day_ratio() -> Decimal:
    """Which share of an account's daily budgets automation may add in a day."""
    return Decimal(getattr(settings, "LANE_ACCOUNT_DAY_INCREASE_RATIO", ACCOUNT_DAY_RATIO))
