"""One mutate request per change, with its field mask written by hand."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from campaigns.platforms.currencies import require_exact
from campaigns.platforms.errors import Invalid
from campaigns.platforms.google_ads import queries
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
