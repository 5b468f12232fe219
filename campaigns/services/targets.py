"""What somebody wants an entity to become, checked and turned into rows of a change set."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from django.db.models import Q

from campaigns.models import AdCampaign, AdGroup, Budget, Change, ChangeSet, EntityStatus
from campaigns.selectors import changes as selectors
from campaigns.services import aims, content, guards
from campaigns.services.rows import Unusable, new_row, require_amount, require_writable
from lane.core.errors import InvalidInput
from lane.core.money import format_money

_SWITCHED_ON = {EntityStatus.ACTIVE, EntityStatus.LIMITED, EntityStatus.ENDED}


@dataclass(frozen=True, slots=True)
class BudgetTarget:
    """A budget and the amount it should have, a day or for its lifetime, in micros of its currency."""

    budget: Budget
    target_micros: int


@dataclass(frozen=True, slots=True)
class StatusTarget:
    """An ad campaign and the switch it should have: ``active`` or ``paused``."""

    ad_campaign: AdCampaign
    target_status: str


@dataclass(frozen=True, slots=True)
class SpendCapTarget:
    """An ad campaign and the most it may spend in its life, in micros; None takes the cap away."""

    ad_campaign: AdCampaign
    target_micros: int | None


@dataclass(frozen=True, slots=True)
class BidTarget:
    """What a campaign (Google) or ad set (Meta) should bid towards.

    ``target`` is micros of the account's currency, or thousandths where ``kind`` is ``target_roas``. The bid
    strategy stays what it is.
    """

    entity: AdCampaign | AdGroup
    kind: str
    target: int


Target = BudgetTarget | StatusTarget | SpendCapTarget | BidTarget


def rows_for(change_set: ChangeSet, targets: Sequence[Target], *, is_guard: bool) -> list[Change]:
    """The unsaved rows of a version. Raises ``InvalidInput`` naming each target that cannot be used and why."""
    if not targets:
        raise InvalidInput(fields={"targets": "Choose at least one budget or campaign to change."})
    rows: list[Change] = []
    problems: dict[str, str] = {}
    seen: set[str] = set()
    for number, target in enumerate(targets):
        try:
            row = _row(change_set, target, is_guard=is_guard)
            if row.entity_key in seen:
                raise Unusable("This is in the list twice. Keep one of the two.")
        except Unusable as error:
            problems[f"targets.{number}"] = str(error)
            continue
        seen.add(row.entity_key)
        rows.append(row)
    if problems:
        raise InvalidInput(fields=problems)
    return rows


def pausing(budgets: Iterable[Budget]) -> list[StatusTarget]:
    """Pausing budgets: every running campaign that spends only from them.

    A campaign whose ad sets also spend from other budgets is left out: pausing it would stop those too.
    """
    wanted = {budget.pk for budget in budgets}
    return [
        StatusTarget(campaign, "paused")
        for campaign in _campaigns_of(wanted)
        if campaign.status in _SWITCHED_ON and _budgets_of(campaign) <= wanted
    ]


def resuming(budgets: Iterable[Budget]) -> list[StatusTarget]:
    """Resuming budgets: the campaigns that Lane itself paused, and no others."""
    return [
        StatusTarget(campaign, "active")
        for campaign in _campaigns_of({budget.pk for budget in budgets})
        if campaign.status == EntityStatus.PAUSED and campaign.paused_by_lane_at is not None
    ]


def _row(change_set: ChangeSet, target: Target, *, is_guard: bool) -> Change:
    if is_guard and not (isinstance(target, StatusTarget) and target.target_status == "paused"):
        raise Unusable("A guard may only pause campaigns.")
    if isinstance(target, BudgetTarget):
        row = _budget_row(change_set, target)
    elif isinstance(target, SpendCapTarget):
        row = aims.cap_row(change_set, target.ad_campaign, target.target_micros)
    elif isinstance(target, BidTarget):
        row = aims.bid_row(change_set, target.entity, target.kind, target.target)
    else:
        row = _status_row(change_set, target)
    row.is_guard = is_guard
    row.content_hash = content.change_digest(row)
    row.idem_key = f"{change_set.public_id.hex}:{change_set.version}:{row.entity_key}"
    return row


def _budget_row(change_set: ChangeSet, target: BudgetTarget) -> Change:
    budget = (
        Budget.objects.filter(client_id=change_set.client_id, organization_id=change_set.organization_id)
        .select_related("ad_account")
        .filter(pk=target.budget.pk)
        .first()
    )
    if budget is None:
        raise Unusable("This budget belongs to another client.")
    require_writable(budget.ad_account, budget.name, gone=budget.removed_at is not None)
    if budget.kind == Budget.Kind.NONE:
        raise Unusable(f"{budget.name} has no amount of its own to change.")
    lifetime = budget.kind == Budget.Kind.LIFETIME
    amount = target.target_micros
    require_amount(amount, budget.name, budget.ad_account, budget.currency)
    if lifetime:
        aims.require_above_spent(budget, amount)
    entity_key = f"budget:{budget.pk}"
    before = selectors.on_the_way(entity_key)
    base = before.target_micros if before else budget.amount_micros
    if base is None:
        raise Unusable(f"The amount of {budget.name} is not known yet. Sync its account first.")
    if base == amount:
        each = "in total" if lifetime else "a day"
        raise Unusable(f"{budget.name} already has {format_money(amount, budget.currency)} {each}.")
    broken = "" if lifetime else guards.outside_bounds(budget, amount)
    if broken:
        raise Unusable(broken)
    return new_row(
        change_set,
        budget.ad_account,
        field=Change.Field.BUDGET,
        kind=Change.Kind.LIFETIME if lifetime else "",
        budget=budget,
        entity_key=entity_key,
        base_micros=base,
        target_micros=amount,
        proposed_micros=amount,
        currency=budget.currency,
    )


def _status_row(change_set: ChangeSet, target: StatusTarget) -> Change:
    campaign = (
        AdCampaign.objects.filter(client_id=change_set.client_id, organization_id=change_set.organization_id)
        .select_related("ad_account")
        .filter(pk=target.ad_campaign.pk)
        .first()
    )
    if campaign is None:
        raise Unusable("This campaign belongs to another client.")
    require_writable(campaign.ad_account, campaign.name, gone=campaign.removed_at is not None)
    wanted = target.target_status
    if wanted not in ("active", "paused"):
        raise Unusable("A campaign can be switched to active or paused.")
    entity_key = f"campaign:{campaign.pk}"
    before = selectors.on_the_way(entity_key)
    base = before.target_status if before else _switch_of(campaign)
    if base == wanted:
        raise Unusable(f"{campaign.name} is already {wanted}.")
    if wanted == "active" and not before and campaign.paused_by_lane_at is None:
        raise Unusable(
            f"Lane did not pause {campaign.name}, so it does not resume it. Do it at the platform."
        )
    return new_row(
        change_set,
        campaign.ad_account,
        field=Change.Field.STATUS,
        ad_campaign=campaign,
        entity_key=entity_key,
        base_status=base,
        target_status=wanted,
    )


def _switch_of(campaign: AdCampaign) -> str:
    if campaign.status == EntityStatus.PAUSED:
        return "paused"
    if campaign.status in _SWITCHED_ON:
        return "active"
    raise Unusable(f"Whether {campaign.name} is on is not known. Sync its account first.")


def _campaigns_of(budget_ids: set[int]) -> list[AdCampaign]:
    return list(
        AdCampaign.objects.filter(
            Q(budget_id__in=budget_ids) | Q(ad_groups__budget_id__in=budget_ids), removed_at__isnull=True
        )
        .distinct()
        .order_by("pk")
    )


def _budgets_of(campaign: AdCampaign) -> set[int]:
    own = {campaign.budget_id} if campaign.budget_id else set()
    groups = campaign.ad_groups.filter(removed_at__isnull=True, budget_id__isnull=False)
    return own | set(groups.values_list("budget_id", flat=True))
