"""What is posted for one change: a single absolute value, in Meta's own minor units."""

from __future__ import annotations

from typing import Any

from campaigns.platforms.currencies import require_exact, to_minor
from campaigns.platforms.errors import Invalid
from campaigns.platforms.records import (
    AccountRecord,
    BidKind,
    BudgetKind,
    EntityStatus,
    Level,
    Money,
    Platform,
    PlatformChange,
    SetBid,
    SetBudget,
    SetSpendCap,
    SetStatus,
)

_SWITCHES = {EntityStatus.ACTIVE: "ACTIVE", EntityStatus.PAUSED: "PAUSED"}
NO_SPEND_CAP = 922337203685478
"""What Meta keeps and takes for "no cap": 0 is refused."""
STRATEGIES = {
    "COST_CAP": BidKind.TARGET_CPA,  # the average cost per result Meta aims at
    "LOWEST_COST_WITH_BID_CAP": BidKind.BID_CAP,
}
_BUDGETS = {BudgetKind.DAILY: "daily_budget", BudgetKind.LIFETIME: "lifetime_budget"}


def params(account: AccountRecord, change: PlatformChange) -> dict[str, Any]:
    """The form of a change; what Meta could only store differently is refused here."""
    if isinstance(change, SetBudget):
        return _budget(account, change)
    if isinstance(change, SetSpendCap):
        return _spend_cap(account, change)
    if isinstance(change, SetBid):
        return _bid(account, change)
    return _status(change)


def _budget(account: AccountRecord, change: SetBudget) -> dict[str, Any]:
    if change.ref.level is not Level.BUDGET:
        raise Invalid("An amount is set on a budget.", field="ref")
    if change.kind not in _BUDGETS:
        raise Invalid("A budget is daily or for its lifetime.", field="kind")
    _require_currency(account, change.target)
    require_exact(change.target, Platform.META)
    return {_BUDGETS[change.kind]: to_minor(change.target.micros, change.target.currency)}


def _spend_cap(account: AccountRecord, change: SetSpendCap) -> dict[str, Any]:
    if change.ref.level is not Level.CAMPAIGN:
        raise Invalid("A spend cap is set on a campaign.", field="ref")
    if change.target is None:
        return {"spend_cap": NO_SPEND_CAP}
    _require_currency(account, change.target)
    require_exact(change.target, Platform.META)
    minor = to_minor(change.target.micros, change.target.currency)
    if minor >= NO_SPEND_CAP:
        raise Invalid("The spend cap is too large.", field="target", code="too_large")
    return {"spend_cap": minor}


def _bid(account: AccountRecord, change: SetBid) -> dict[str, Any]:
    """The amount of the ad set's standing strategy; no strategy is ever changed here."""
    if change.ref.level is not Level.GROUP:
        raise Invalid("At Meta a bid is set on an ad set.", field="ref")
    if STRATEGIES.get(change.strategy) is not change.target.kind:
        raise Invalid("The ad set's bid strategy has no such amount.", field="kind", code="strategy")
    target = Money(change.target.micros or 0, change.target.currency)
    _require_currency(account, target)
    require_exact(target, Platform.META)
    return {"bid_amount": to_minor(target.micros, target.currency)}


def _require_currency(account: AccountRecord, target: Money) -> None:
    if target.currency != account.currency:
        raise Invalid(f"This account is billed in {account.currency}.", field="target", code="currency")


def _status(change: SetStatus) -> dict[str, Any]:
    if change.ref.level is not Level.CAMPAIGN:
        raise Invalid("Only a campaign can be switched on or off.", field="ref")
    if change.target not in _SWITCHES:
        raise Invalid("A campaign can be switched to active or paused.", field="target")
    return {"status": _SWITCHES[change.target]}
