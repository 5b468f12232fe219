"""One mutate request per change, with its field mask written by hand."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from campaigns.platforms.currencies import require_exact
from campaigns.platforms.errors import Invalid
from campaigns.platforms.google_ads import bidding, queries
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

_SWITCHES = {EntityStatus.ACTIVE: "ENABLED", EntityStatus.PAUSED: "PAUSED"}


@dataclass(frozen=True, slots=True)
class Mutate:
    """A request and the service method that takes it."""

    service: str
    method: str
    request: Any


def mutate(client: Any, account: AccountRecord, change: PlatformChange) -> Mutate:
    """The request for a change; what Google could only store differently is refused here."""
    if isinstance(change, SetBudget):
        return _budget(client, account, change)
    if isinstance(change, SetBid):
        return _bid(client, account, change)
    if isinstance(change, SetSpendCap):
        raise Invalid("A Google campaign has no spend cap; give its budget a total.", code="no_spend_caps")
    return _status(client, account, change)


def _budget(client: Any, account: AccountRecord, change: SetBudget) -> Mutate:
    if change.ref.level is not Level.BUDGET:
        raise Invalid("An amount is set on a budget.", field="ref")
    if change.kind not in {BudgetKind.DAILY, BudgetKind.LIFETIME}:
        raise Invalid("A budget is daily or for its lifetime.", field="kind")
    if change.target.currency != account.currency:
        raise Invalid(f"This account is billed in {account.currency}.", field="target", code="currency")
    require_exact(change.target, Platform.GOOGLE_ADS)
    (budget_id,) = queries.numeric([change.ref.external_id])
    field = "total_amount_micros" if change.kind is BudgetKind.LIFETIME else "amount_micros"
    request = client.get_type("MutateCampaignBudgetsRequest")
    request.customer_id = account.external_id
    operation = request.operations.add()
    operation.update.resource_name = f"customers/{account.external_id}/campaignBudgets/{budget_id}"
    setattr(operation.update, field, change.target.micros)
    operation.update_mask.paths.append(field)
    return Mutate("CampaignBudgetService", "mutate_campaign_budgets", request)


def _status(client: Any, account: AccountRecord, change: SetStatus) -> Mutate:
    if change.ref.level is not Level.CAMPAIGN:
        raise Invalid("Only a campaign can be switched on or off.", field="ref")
    if change.target not in _SWITCHES:
        raise Invalid("A campaign can be switched to active or paused.", field="target")
    (campaign_id,) = queries.numeric([change.ref.external_id])
    request = client.get_type("MutateCampaignsRequest")
    request.customer_id = account.external_id
    operation = request.operations.add()
    operation.update.resource_name = f"customers/{account.external_id}/campaigns/{campaign_id}"
    operation.update.status = getattr(client.enums.CampaignStatusEnum, _SWITCHES[change.target])
    operation.update_mask.paths.append("status")
    return Mutate("CampaignService", "mutate_campaigns", request)


def _bid(client: Any, account: AccountRecord, change: SetBid) -> Mutate:
    """One number of the campaign's standing strategy; a campaign is never moved to another strategy."""
    if change.ref.level is not Level.CAMPAIGN:
        raise Invalid("At Google a target is set on a campaign.", field="ref")
    known = bidding.FIELDS.get(change.strategy)
    if known is None or known[2] is not change.target.kind:
        raise Invalid("The campaign's bid strategy has no such target.", field="kind", code="strategy")
    holder, field, kind = known
    (campaign_id,) = queries.numeric([change.ref.external_id])
    request = client.get_type("MutateCampaignsRequest")
    request.customer_id = account.external_id
    operation = request.operations.add()
    operation.update.resource_name = f"customers/{account.external_id}/campaigns/{campaign_id}"
    if kind is BidKind.TARGET_ROAS:
        millis = change.target.millis or 0
        if not 10 <= millis <= 1_000_000:
            raise Invalid("A target ROAS lies between 0.01 and 1,000.", field="target", code="out_of_range")
        value: float = millis / 1000  # Google's field is a double; thousandths come back exactly
    else:
        target = Money(change.target.micros or 0, change.target.currency)
        if target.currency != account.currency:
            raise Invalid(f"This account is billed in {account.currency}.", field="target", code="currency")
        require_exact(target, Platform.GOOGLE_ADS)
        value = target.micros
    setattr(getattr(operation.update, holder), field, value)
    operation.update_mask.paths.append(f"{holder}.{field}")
    return Mutate("CampaignService", "mutate_campaigns", request)
