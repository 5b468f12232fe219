"""Rows that set a spend cap, a lifetime total or a bid target: absolute values, checked against what is known."""

from __future__ import annotations

from typing import Any

from django.db.models import Q, Sum

from campaigns.models import AdCampaign, AdGroup, Budget, Change, ChangeSet
from campaigns.platforms import registry
from campaigns.platforms.currencies import spend_cap_headroom_micros
from campaigns.platforms.records import BidKind
from campaigns.selectors import changes as selectors
from campaigns.services.rows import Unusable, new_row, require_amount, require_writable
from campaigns.words import amount_words, ratio_words
from lane.core.money import format_money

LEAST_ROAS_MILLIS, MOST_ROAS_MILLIS = 10, 1_000_000


def cap_row(change_set: ChangeSet, asked: AdCampaign, target_micros: int | None) -> Change:
    """A row that sets or takes away a campaign's spend cap."""
    campaign = _own(change_set, AdCampaign, asked.pk, "campaign")
    account = campaign.ad_account
    require_writable(account, campaign.name, gone=campaign.removed_at is not None)
    if not registry.capabilities_of(account.platform).spend_caps:
        raise Unusable(f"{account.get_platform_display()} campaigns have no spend cap.")
    if target_micros is not None:
        require_amount(target_micros, campaign.name, account, account.currency)
        _require_above_minimum(campaign, target_micros)
    entity_key = f"cap:{campaign.pk}"
    before = selectors.on_the_way(entity_key)
    base = before.target_micros if before else campaign.spend_cap_micros
    if base == target_micros:
        has = "no spend cap" if base is None else f"a spend cap of {amount_words(base, account.currency)}"
        raise Unusable(f"{campaign.name} already has {has}.")
    return new_row(
        change_set,
        account,
        field=Change.Field.SPEND_CAP,
        ad_campaign=campaign,
        entity_key=entity_key,
        base_micros=base,
        target_micros=target_micros,
        proposed_micros=target_micros,
        currency=account.currency,
    )


def bid_row(change_set: ChangeSet, asked: AdCampaign | AdGroup, kind: str, target: int) -> Change:
    """A row that moves the target of a standing bid strategy; it neither adds nor removes one."""
    is_group = isinstance(asked, AdGroup)
    entity: Any = _own(change_set, type(asked), asked.pk, "ad set" if is_group else "campaign")
    account = entity.ad_account
    require_writable(account, entity.name, gone=entity.removed_at is not None)
    if kind not in registry.capabilities_of(account.platform).bid_targets:
        raise Unusable(f"Lane cannot set a {_name(kind)} at {account.get_platform_display()}.")
    if not entity.bid_kind:
        raise Unusable(
            f"{entity.name} bids without a target of its own. Choose such a bid strategy at the platform first."
        )
    if entity.bid_kind != kind:
        raise Unusable(f"{entity.name} bids towards a {_name(entity.bid_kind)}, not a {_name(kind)}.")
    is_ratio = kind == BidKind.TARGET_ROAS
    if is_ratio:
        _require_ratio(target)
    else:
        require_amount(target, entity.name, account, account.currency)
    entity_key = f"bid:{'group' if is_group else 'campaign'}:{entity.pk}"
    before = selectors.on_the_way(entity_key)
    holder, prefix = (before, "target") if before else (entity, "bid")
    base = getattr(holder, f"{prefix}_millis" if is_ratio else f"{prefix}_micros")
    if base == target:
        shown = ratio_words(target) if is_ratio else format_money(target, account.currency)
        raise Unusable(f"{entity.name} already has a {_name(kind)} of {shown}.")
    values = (
        {"base_millis": base, "target_millis": target}
        if is_ratio
        else {
            "base_micros": base,
            "target_micros": target,
            "proposed_micros": target,
            "currency": account.currency,
        }
    )
    return new_row(
        change_set,
        account,
        field=Change.Field.BID_TARGET,
        kind=kind,
        ad_group=entity if is_group else None,
        ad_campaign=None if is_group else entity,
        entity_key=entity_key,
        **values,
    )


def require_above_spent(budget: Budget, total_micros: int) -> None:
    """Refuse a lifetime total below what its spenders are known to have spent already."""
    spent = spent_from(budget)
    if spent is not None and total_micros < spent:
        said = format_money(spent, budget.currency)
        raise Unusable(f"{budget.name} has spent {said} already; its total cannot be lower.")


def spent_from(budget: Budget) -> int | None:
    """What a lifetime budget has spent as far as the platform told; None when any part is unknown."""
    spenders = AdGroup if budget.carrier == Budget.Carrier.GROUP else AdCampaign
    rows = spenders._default_manager.filter(budget=budget)
    if not rows.exists() or rows.filter(lifetime_spend_micros__isnull=True, removed_at__isnull=True).exists():
        return None
    return int(rows.aggregate(spent=Sum("lifetime_spend_micros"))["spent"] or 0)


def _require_above_minimum(campaign: AdCampaign, target_micros: int) -> None:
    if campaign.lifetime_spend_micros is None:
        raise Unusable(f"What {campaign.name} has spent so far is not known yet. Sync its account first.")
    currency = campaign.ad_account.currency
    least = campaign.lifetime_spend_micros + spend_cap_headroom_micros(currency)
    if target_micros < least:
        spent = format_money(campaign.lifetime_spend_micros, currency)
        raise Unusable(
            f"{campaign.name} has spent {spent} so far; the platform takes no cap below "
            f"{format_money(least, currency)}."
        )


def _own(change_set: ChangeSet, model: Any, pk: int, word: str) -> Any:
    owned = Q(client_id=change_set.client_id, organization_id=change_set.organization_id)
    found = model._default_manager.filter(owned, pk=pk).select_related("ad_account").first()
    if found is None:
        raise Unusable(f"This {word} belongs to another client.")
    return found


def _require_ratio(millis: int) -> None:
    if isinstance(millis, bool) or not isinstance(millis, int):
        raise Unusable("Give the return on ad spend in whole thousandths.")
    if not LEAST_ROAS_MILLIS <= millis <= MOST_ROAS_MILLIS:
        raise Unusable("A target ROAS lies between 0.01 and 1,000.")


def _name(kind: str) -> str:
    return {"target_cpa": "target CPA", "target_roas": "target ROAS", "bid_cap": "bid cap"}.get(kind, kind)
