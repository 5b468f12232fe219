"""What is posted for one change: a single absolute value, in Meta's own minor units."""

from __future__ import annotations

from typing import Any

from campaigns.platforms.currencies import require_exact, to_minor
from campaigns.platforms.errors import Invalid
from campaigns.platforms.records import (
    AccountRecord,
    BudgetKind,
    EntityStatus,
    Level,
    Platform,
    PlatformChange,
    SetBudget,
    SetStatus,
)

_SWITCHES = {EntityStatus.ACTIVE: "ACTIVE", EntityStatus.PAUSED: "PAUSED"}
_BUDGETS = {BudgetKind.DAILY: "daily_budget", BudgetKind.LIFETIME: "lifetime_budget"}


def params(account: AccountRecord, change: PlatformChange) -> dict[str, Any]:
    """The form of a change; what Meta could only store differently is refused here."""
    return _budget(account, change) if isinstance(change, SetBudget) else _status(change)


def _budget(account: AccountRecord, change: SetBudget) -> dict[str, Any]:
    if change.ref.level is not Level.BUDGET:
        raise Invalid("An amount is set on a budget.", field="ref")
    if change.kind not in _BUDGETS:
        raise Invalid("A budget is daily or for its lifetime.", field="kind")
    if change.target.currency != account.currency:
        raise Invalid(f"This account is billed in {account.currency}.", field="target", code="currency")
    require_exact(change.target, Platform.META)
    return {_BUDGETS[change.kind]: to_minor(change.target.micros, change.target.currency)}


def _status(change: SetStatus) -> dict[str, Any]:
    if change.ref.level is not Level.CAMPAIGN:
        raise Invalid("Only a campaign can be switched on or off.", field="ref")
    if change.target not in _SWITCHES:
        raise Invalid("A campaign can be switched to active or paused.", field="target")
    return {"status": _SWITCHES[change.target]}
